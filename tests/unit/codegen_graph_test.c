/*
 * A decoder block through the real plan: weights packed, cache written in
 * place, threads that meet at barriers. Three calls in a row (a prompt, its
 * continuation, one token) against the reference evaluator on the same states.
 */
#include "codegen_harness.h"

#include <pthread.h>

enum { MAX_TOKENS = 64, VOCABULARY = 50, THREADS = 3 };

static const char BLOCK[] = "state keys: f32[1, 4, 64, 8] {append_axis = 2}\n"
                            "state values: f32[1, 4, 64, 8] {append_axis = 2}\n"
                            "graph run(ids: i64[1, S], past: f32[P]) {\n"
                            "  table = const \"table\" : f32[50, 32]\n"
                            "  x = gather table, ids {axis = 0} : f32[1, S, 32]\n"
                            "  g = const \"g\" : f32[32]\n"
                            "  b = const \"b\" : f32[32]\n"
                            "  n = layer_norm x, g, b {epsilon = 1e-5} : f32[1, S, 32]\n"
                            "  wqkv = const \"wqkv\" : f32[32, 96]\n"
                            "  bqkv = const \"bqkv\" : f32[96]\n"
                            "  y = linear n, wqkv, bqkv : f32[1, S, 96]\n"
                            "  qs = slice y {shape = [1, S, 32]} : f32[1, S, 32]\n"
                            "  ks = slice y {start = [0, 0, 32], shape = [1, S, 32]} : f32[1, S, 32]\n"
                            "  vs = slice y {start = [0, 0, 64], shape = [1, S, 32]} : f32[1, S, 32]\n"
                            "  qh = reshape qs {shape = [1, S, 4, 8]} : f32[1, S, 4, 8]\n"
                            "  kh = reshape ks {shape = [1, S, 4, 8]} : f32[1, S, 4, 8]\n"
                            "  vh = reshape vs {shape = [1, S, 4, 8]} : f32[1, S, 4, 8]\n"
                            "  q = transpose qh {perm = [0, 2, 1, 3]} : f32[1, 4, S, 8]\n"
                            "  kn = transpose kh {perm = [0, 2, 1, 3]} : f32[1, 4, S, 8]\n"
                            "  vn = transpose vh {perm = [0, 2, 1, 3]} : f32[1, 4, S, 8]\n"
                            "  kp = load {state = keys, shape = [1, 4, P, 8]} : f32[1, 4, P, 8]\n"
                            "  vp = load {state = values, shape = [1, 4, P, 8]} : f32[1, 4, P, 8]\n"
                            "  k = append kp, kn {axis = 2, state = keys} : f32[1, 4, P + S, 8]\n"
                            "  v = append vp, vn {axis = 2, state = values} : f32[1, 4, P + S, 8]\n"
                            "  a = attention q, k, v {scale = 0.35, causal = true} : f32[1, 4, S, 8]\n"
                            "  at = transpose a {perm = [0, 2, 1, 3]} : f32[1, S, 4, 8]\n"
                            "  ar = reshape at {shape = [1, S, 32]} : f32[1, S, 32]\n"
                            "  wo = const \"wo\" : f32[32, 32]\n"
                            "  o = linear ar, wo, _, x : f32[1, S, 32]\n"
                            "  m = rms_norm o, g {epsilon = 1e-5} : f32[1, S, 32]\n"
                            "  w1 = const \"w1\" : f32[32, 1000]\n"
                            "  h = linear m, w1 {activation = silu, gated = true} : f32[1, S, 500]\n"
                            "  w2 = const \"w2\" : f32[500, 32]\n"
                            "  r = linear h, w2, b, o : f32[1, S, 32]\n"
                            "  head = const \"head\" : f32[32, 50]\n"
                            "  logits = linear r, head : f32[1, S, 50]\n"
                            "  best = arg_max logits {axis = 2} : i64[1, S, 1]\n"
                            "  return logits = logits, best = best\n"
                            "}\n";

typedef struct {
  smelt_frame frame;
  pthread_barrier_t meeting;
  smelt_entry_code *code;
} team;

typedef struct {
  team *team;
  int32_t number;
} member;

static void meet(smelt_frame *frame) {
  pthread_barrier_wait(frame->team);
}

static void *run_member(void *user) {
  member *m = user;
  m->team->code(&m->team->frame, m->number, THREADS);
  return NULL;
}

static void run_team(team *t) {
  pthread_t threads[THREADS];
  member members[THREADS];
  pthread_barrier_init(&t->meeting, NULL, THREADS);
  t->frame.team = &t->meeting;
  t->frame.barrier = meet;
  for (int32_t i = 0; i < THREADS; i++) {
    members[i] = (member){t, i};
    assert_int_equal(pthread_create(&threads[i], NULL, run_member, &members[i]), 0);
  }
  for (int i = 0; i < THREADS; i++) pthread_join(threads[i], NULL);
  pthread_barrier_destroy(&t->meeting);
}

/* Gives the constants that the text only declares random elements of a trained model's size. */
static void fill_constants(arena *a, ir_module *m) {
  uint64_t seed = 3141592653589793238u;
  for (ir_node *n = m->graphs[0]->first; n; n = n->next) {
    if (n->op != IR_CONST || n->attrs.constant->data) continue;
    ir_constant *c = (ir_constant *)(uintptr_t)n->attrs.constant;
    ir_tensor t = harness_tensor(a, &c->type, NULL);
    harness_fill(&t, &seed);
    for (int64_t i = 0; i < ir_tensor_count(&t); i++) ((float *)t.data)[i] *= 0.2f;
    c->data = t.data;
  }
}

static uint8_t *aligned_memory(arena *a, uint64_t bytes) {
  uint8_t *raw = arena_alloc(a, bytes + PLAN_ALIGN_BYTES);
  return raw + (PLAN_ALIGN_BYTES - (uintptr_t)raw % PLAN_ALIGN_BYTES) % PLAN_ALIGN_BYTES;
}

static uint8_t *packed_weights(arena *a, const plan_module *plan) {
  FILE *f = tmpfile();
  assert_non_null(f);
  harness_check(plan_write_weights(plan, f));
  uint8_t *weights = aligned_memory(a, plan->weights_bytes);
  rewind(f);
  assert_int_equal(fread(weights, 1, plan->weights_bytes, f), plan->weights_bytes);
  fclose(f);
  return weights;
}

static void run_block(const plan_module *plan, const smelt_image *image, const uint8_t *weights,
                      const char *level) {
  static const int64_t CALLS[][2] = {{19, 0}, {7, 19}, {1, 26}, {1, 27}}; /* S, P */
  arena scratch = {0};
  ir_module *m = plan->module;
  uint64_t seed = 271828182845904523u;
  int64_t symbols[8] = {0};
  ir_tensor states[2] = {harness_tensor(&scratch, &m->states[0].type, symbols),
                         harness_tensor(&scratch, &m->states[1].type, symbols)};
  team t = {.code = image->levels[0].entries[0]};
  t.frame = (smelt_frame){.arena = aligned_memory(&scratch, plan->arena_bytes),
                          .weights = weights,
                          .state = aligned_memory(&scratch, plan->state_bytes),
                          .dims = symbols};
  for (size_t call = 0; call < sizeof CALLS / sizeof *CALLS; call++) {
    harness_bind(m, CALLS[call], symbols);
    ir_tensor inputs[2], outputs[2];
    for (int i = 0; i < 2; i++) inputs[i] = harness_tensor(&scratch, &m->graphs[0]->inputs[i]->type, symbols);
    for (int64_t i = 0; i < CALLS[call][0]; i++)
      ((int64_t *)inputs[0].data)[i] = (int64_t)(harness_random(&seed) >> 33) % VOCABULARY;
    const void *pointers[] = {inputs[0].data, inputs[1].data};
    t.frame.inputs = pointers;
    harness_check(ir_evaluate(&scratch, m->graphs[0], inputs, states, outputs));
    run_team(&t);
    for (int i = 0; i < 2; i++) {
      ir_tensor got = outputs[i];
      got.data = t.frame.arena + plan->entries[0].outputs[i].arena_bytes_offset;
      harness_compare(arena_format(&scratch, "call %zu output %d %s", call, i, level), &outputs[i], &got);
    }
  }
  arena_free(&scratch);
}

static void decoder_block(void **state) {
  (void)state;
  arena a = {0};
  ir_module *m;
  plan_module *plan;
  harness_check(ir_parse(&a, "block", BLOCK, sizeof BLOCK - 1, &m));
  for (size_t i = 0; i < ir_dim_symbol_count(m); i++)
    ir_dim_set_maximum(m, ir_dim_symbol_at(m, i), MAX_TOKENS);
  fill_constants(&a, m);
  harness_check(plan_make(m, &plan));
  uint8_t *weights = packed_weights(&a, plan);
  const codegen_target *target = codegen_target_host();
  for (int level = 0; level < CODEGEN_MAX_LEVELS && target->levels[level].cpu; level++) {
    const smelt_image *image = harness_compile(&a, plan, target, level);
    if (image) run_block(plan, image, weights, target->levels[level].cpu);
  }
  arena_free(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(decoder_block)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
