/*
 * Graphs through the real plan, with threads that meet at barriers. A decoder
 * block: weights packed, the cache written by the product (outlets) in two blocks of K; calls in a row (a
 * prompt, its continuation, one token) against the reference evaluator on the same states. One query over a
 * context that is split into chunks: every size around theirs.
 */
#include "codegen_harness.h"

#include <float.h>
#include <pthread.h>

enum { MAX_TOKENS = 64, VOCABULARY = 50, MAX_CONTEXT = 5 * PLAN_CHUNK_KEYS, MAX_THREADS = 5 };

static const char BLOCK[] = "state keys: f32[1, 2, 64, 32] {append_axis = 2}\n"
                            "state values: f32[1, 2, 64, 32] {append_axis = 2}\n"
                            "graph run(ids: i64[1, S], past: f32[P]) {\n"
                            "  table = const \"table\" : f32[50, 832]\n"
                            "  x = gather table, ids {axis = 0} : f32[1, S, 832]\n"
                            "  g = const \"g\" : f32[832]\n"
                            "  b = const \"b\" : f32[832]\n"
                            "  n = layer_norm x, g, b {epsilon = 1e-5} : f32[1, S, 832]\n"
                            "  wqkv = const \"wqkv\" : f32[832, 192]\n"
                            "  bqkv = const \"bqkv\" : f32[192]\n"
                            "  y = linear n, wqkv, bqkv : f32[1, S, 192]\n"
                            "  qs = slice y {shape = [1, S, 64]} : f32[1, S, 64]\n"
                            "  ks = slice y {start = [0, 0, 64], shape = [1, S, 64]} : f32[1, S, 64]\n"
                            "  vs = slice y {start = [0, 0, 128], shape = [1, S, 64]} : f32[1, S, 64]\n"
                            "  qh = reshape qs {shape = [1, S, 2, 32]} : f32[1, S, 2, 32]\n"
                            "  kh = reshape ks {shape = [1, S, 2, 32]} : f32[1, S, 2, 32]\n"
                            "  vh = reshape vs {shape = [1, S, 2, 32]} : f32[1, S, 2, 32]\n"
                            "  q = transpose qh {perm = [0, 2, 1, 3]} : f32[1, 2, S, 32]\n"
                            "  kn = transpose kh {perm = [0, 2, 1, 3]} : f32[1, 2, S, 32]\n"
                            "  vn = transpose vh {perm = [0, 2, 1, 3]} : f32[1, 2, S, 32]\n"
                            "  kp = load {state = keys, shape = [1, 2, P, 32]} : f32[1, 2, P, 32]\n"
                            "  vp = load {state = values, shape = [1, 2, P, 32]} : f32[1, 2, P, 32]\n"
                            "  k = append kp, kn {axis = 2, state = keys} : f32[1, 2, P + S, 32]\n"
                            "  v = append vp, vn {axis = 2, state = values} : f32[1, 2, P + S, 32]\n"
                            "  a = attention q, k, v {scale = 0.01, causal = true} : f32[1, 2, S, 32]\n"
                            "  at = transpose a {perm = [0, 2, 1, 3]} : f32[1, S, 2, 32]\n"
                            "  ar = reshape at {shape = [1, S, 64]} : f32[1, S, 64]\n"
                            "  wo = const \"wo\" : f32[64, 832]\n"
                            "  o = linear ar, wo, _, x : f32[1, S, 832]\n"
                            "  m = rms_norm o, g {epsilon = 1e-5} : f32[1, S, 832]\n"
                            "  w1 = const \"w1\" : f32[832, 1000]\n"
                            "  h = linear m, w1 {activation = silu, gated = true} : f32[1, S, 500]\n"
                            "  w2 = const \"w2\" : f32[500, 832]\n"
                            "  r = linear h, w2, b, o : f32[1, S, 832]\n"
                            "  head = const \"head\" : f32[832, 50]\n"
                            "  logits = linear r, head : f32[1, S, 50]\n"
                            "  best = arg_max logits {axis = 2} : i64[1, S, 1]\n"
                            "  return logits = logits, best = best\n"
                            "}\n";

typedef struct {
  smelt_frame frame;
  uint32_t claims[SMELT_CLAIMS];
  pthread_barrier_t meeting;
  smelt_entry_code *code;
  int32_t thread_count;
} team;

typedef struct {
  team *team;
  int32_t number;
} member;

static void meet(smelt_frame *frame) {
  pthread_barrier_wait(frame->team);
  memset(frame->claims, 0, SMELT_CLAIMS * sizeof *frame->claims); /* by each thread, before any goes on */
  pthread_barrier_wait(frame->team);
}

static void *run_member(void *user) {
  member *m = user;
  m->team->code(&m->team->frame, m->number, m->team->thread_count);
  return NULL;
}

static void run_team(team *t) {
  pthread_t threads[MAX_THREADS];
  member members[MAX_THREADS];
  pthread_barrier_init(&t->meeting, NULL, (unsigned)t->thread_count);
  t->frame.team = &t->meeting;
  t->frame.barrier = meet;
  memset(t->claims, 0, sizeof t->claims);
  t->frame.claims = t->claims;
  for (int32_t i = 0; i < t->thread_count; i++) {
    members[i] = (member){t, i};
    assert_int_equal(pthread_create(&threads[i], NULL, run_member, &members[i]), 0);
  }
  for (int i = 0; i < t->thread_count; i++) pthread_join(threads[i], NULL);
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
  team t = {.code = image->levels[0].entries[0], .thread_count = 3};
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

static plan_module *plan_of(arena *a, const char *source, int64_t maximum) {
  ir_module *m;
  plan_module *plan;
  harness_check(ir_parse(a, "case", source, strlen(source), &m));
  for (size_t i = 0; i < ir_dim_symbol_count(m); i++) ir_dim_set_maximum(m, ir_dim_symbol_at(m, i), maximum);
  fill_constants(a, m);
  harness_check(plan_make(m, &plan));
  return plan;
}

static void decoder_block(void **state) {
  (void)state;
  arena a = {0};
  plan_module *plan = plan_of(&a, BLOCK, MAX_TOKENS);
  uint8_t *weights = packed_weights(&a, plan);
  const codegen_target *target = codegen_target_host();
  for (int level = 0; level < CODEGEN_MAX_LEVELS && target->levels[level].cpu; level++) {
    const smelt_image *image = harness_compile(&a, plan, target, level);
    if (image) run_block(plan, image, weights, target->levels[level].cpu);
  }
  arena_free(&a);
}

/* ---- one query over a long context ---------------------------------------------------- */

static const char *const LONG_CONTEXTS[] = {
    "graph grouped(q: f32[2, 6, 1, 8], k: f32[2, 2, P, 8], v: f32[2, 2, P, 8]) {\n"
    "  y = attention q, k, v {scale = 0.3, causal = true} : f32[2, 6, 1, 8]\n"
    "  return y = y\n"
    "}\n",
    "graph biased(q: f32[1, 3, 1, 19], k: f32[1, 3, P, 19], v: f32[1, 3, P, 21], b: f32[1, 3, 1, P]) {\n"
    "  y = attention q, k, v, b {scale = 0.3, softcap = 3} : f32[1, 3, 1, 21]\n"
    "  return y = y\n"
    "}\n",
    "graph kept(q: f32[1, 4, 1, 19], k: bf16[1, 2, P, 19], v: bf16[1, 2, P, 21]) {\n"
    "  y = attention q, k, v {scale = 0.3} : f32[1, 4, 1, 21]\n"
    "  return y = y\n"
    "}\n",
    "graph half(q: f16[1, 3, 1, 16], k: f16[1, 1, P, 16], v: f16[1, 1, P, 16]) {\n"
    "  y = attention q, k, v {scale = 0.3} : f16[1, 3, 1, 16]\n"
    "  return y = y\n"
    "}\n",
};

/*
 * Of a bias, what hides the keys of the first chunk, the last key, and for head 0 all keys. Head 2 is masked
 * by the lowest number in place of minus infinity: then all keys weigh the same.
 */
static void hide_keys(ir_tensor *bias) {
  int64_t keys = bias->dims[3];
  float *first = bias->data;
  for (int64_t t = 0; t < keys; t++) {
    first[t] = -INFINITY;
    first[2 * keys + t] = -FLT_MAX;
    if (t < PLAN_CHUNK_KEYS || t == keys - 1) first[keys + t] = -INFINITY;
  }
}

/* Against the evaluator, and with any number of threads the same bits. */
static void run_context(const plan_module *plan, const smelt_image *image, int64_t keys, const char *level) {
  arena scratch = {0};
  ir_graph *g = plan->module->graphs[0];
  int64_t symbols[1] = {keys};
  uint64_t seed = 1618033988749894848u;
  ir_tensor inputs[HARNESS_MAX_INPUTS], wanted;
  const void *pointers[HARNESS_MAX_INPUTS];
  for (size_t i = 0; i < g->input_count; i++) {
    inputs[i] = harness_tensor(&scratch, &g->inputs[i]->type, symbols);
    harness_fill(&inputs[i], &seed);
    if (i == 3) hide_keys(&inputs[i]);
    pointers[i] = inputs[i].data;
  }
  harness_check(ir_evaluate(&scratch, g, inputs, NULL, &wanted));
  char *first = NULL;
  for (int32_t threads = 1; threads <= MAX_THREADS; threads++) {
    team t = {.code = image->levels[0].entries[0], .thread_count = threads};
    t.frame = (smelt_frame){
        .arena = aligned_memory(&scratch, plan->arena_bytes), .inputs = pointers, .dims = symbols};
    memset(t.frame.arena, 0xff, plan->arena_bytes); /* NaN */
    run_team(&t);
    ir_tensor got = wanted;
    got.data = t.frame.arena + plan->entries[0].outputs[0].arena_bytes_offset;
    const char *what =
        arena_format(&scratch, "%s of %d keys, %d threads, %s", g->name, (int)keys, threads, level);
    harness_compare(what, &wanted, &got);
    if (first && memcmp(first, got.data, harness_bytes(&got)) != 0)
      fail_msg("%s: other bits than with one thread", what);
    first = got.data;
  }
  arena_free(&scratch);
}

static void long_contexts(void **state) {
  (void)state;
  static const int64_t KEYS[] = {
      0, 1, PLAN_CHUNK_KEYS - 1, PLAN_CHUNK_KEYS, PLAN_CHUNK_KEYS + 1, 3 * PLAN_CHUNK_KEYS + 70, MAX_CONTEXT};
  const codegen_target *target = codegen_target_host();
  for (size_t i = 0; i < sizeof LONG_CONTEXTS / sizeof *LONG_CONTEXTS; i++) {
    arena a = {0};
    plan_module *plan = plan_of(&a, LONG_CONTEXTS[i], MAX_CONTEXT);
    assert_int_equal(plan->entries[0].step_count, 2);
    assert_int_equal(plan->entries[0].steps[0].kernel, PLAN_ATTENTION_CHUNKS);
    for (int level = 0; level < CODEGEN_MAX_LEVELS && target->levels[level].cpu; level++) {
      const smelt_image *image = harness_compile(&a, plan, target, level);
      for (size_t k = 0; image && k < sizeof KEYS / sizeof *KEYS; k++)
        run_context(plan, image, KEYS[k], target->levels[level].cpu);
    }
    arena_free(&a);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(decoder_block), cmocka_unit_test(long_contexts)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
