/*
 * codegen_steady_test.c: modules with rounded weights or caches give the same
 * bits on every level of this machine, from the one without fused
 * multiply-adds on.
 */
#include "codegen_harness.h"

/* A cache of bf16 makes the module one of those (docs/codegen.md). */
#define STEADY "state cache: bf16[1, 4]\n"

static void fill(float *x, size_t count, int exponents, uint64_t *random) {
  for (size_t i = 0; i < count; i++) {
    double unit = (double)(harness_random(random) >> 11) * 0x1p-53 - 0.5;
    int exponent = exponents ? (int)(harness_random(random) % (unsigned)exponents) - exponents / 2 : 2;
    x[i] = (float)ldexp(unit, exponent);
  }
}

static int64_t elements(const ir_type *type) {
  int64_t count = 0;
  ir_type_is_static(type, &count);
  return count;
}

/* Sizes that inputs have: numbers of powers of two over which they spread, 0: about 1. */
typedef struct {
  const char *source;
  int exponents[4], exponents_count;
} steady_case;

enum { ROOM = 1 << 20 }; /* elements */

/* Graph i's result from inputs of so many exponents into `result`. */
static void run(arena *a, const ir_module *m, const smelt_image *image, size_t i, int exponents,
                float *result) {
  enum { MOST_INPUTS = 5 };
  const ir_graph *g = m->graphs[i];
  const void *inputs[MOST_INPUTS];
  uint64_t random = 88172645463325252u + i;
  for (size_t j = 0; j < g->input_count; j++) {
    size_t size = (size_t)elements(&g->inputs[j]->type);
    float *x = arena_alloc(a, size * sizeof *x);
    fill(x, size, exponents, &random);
    inputs[j] = x;
  }
  uint32_t claims[SMELT_CLAIMS] = {0};
  smelt_frame frame = {
      .arena = (void *)result, .inputs = inputs, .claims = claims, .barrier = harness_barrier};
  image->levels[0].entries[i](&frame, 0, 1);
}

/* Every graph's results at a level, one behind the other; NULL: the machine has not the level. */
static float *results(arena *a, const steady_case *c, int level, size_t *count) {
  ir_module *m;
  harness_check(ir_parse(a, "steady", c->source, strlen(c->source), &m));
  const smelt_image *image = harness_compile(a, harness_plan(a, m), codegen_target_host(), level);
  if (!image) return NULL;
  float *all = arena_alloc(a, ROOM * sizeof *all);
  *count = 0;
  for (size_t i = 0; i < m->graph_count; i++) {
    size_t size = ((size_t)elements(&m->graphs[i]->outputs[0].value->type) + 15) / 16 * 16;
    for (int e = 0; e < c->exponents_count; e++) {
      assert_true(*count + size <= ROOM);
      run(a, m, image, i, c->exponents[e], all + *count);
      *count += size;
    }
  }
  return all;
}

static void same_bits(const steady_case *c) {
  arena a = {0};
  size_t count, other_count;
  const float *first = results(&a, c, 0, &count);
  assert_non_null(first);
  for (int level = 1; level <= codegen_host_level(); level++) {
    const float *other = results(&a, c, level, &other_count);
    for (size_t i = 0; other && i < count; i++)
      if (memcmp(&first[i], &other[i], sizeof *first) != 0)
        fail_msg("element %zu: %a on the first level, %a on %s", i, (double)first[i], (double)other[i],
                 codegen_level_name(&codegen_target_host()->levels[level]));
  }
  arena_free(&a);
}

static void elementwise(void **state) {
  (void)state;
  static const char *const OPS[] = {"exp",  "log",     "tanh", "erf",       "sin",
                                    "atan", "sigmoid", "gelu", "gelu_tanh", "silu"};
  text source = {0};
  text_print(&source, STEADY);
  for (size_t i = 0; i < sizeof OPS / sizeof *OPS; i++)
    text_print(&source, "graph f%d(x: f32[10007]) {\n  y = %s x : f32[10007]\n  return y = y\n}\n", (int)i,
               OPS[i]);
  same_bits(&(steady_case){source.bytes, {0, 40}, 2});
  text_free(&source);
}

/* A sum that is fused, of numbers of all sizes, those of results that are subnormal among them. */
static void fused(void **state) {
  (void)state;
  const char *source = STEADY "graph f(x: f32[4, 5, 48], w: f32[4, 48, 37]) {\n"
                              "  y = matmul x, w : f32[4, 5, 37]\n"
                              "  return y = y\n"
                              "}\n";
  same_bits(&(steady_case){source, {0, 40, 90, 140}, 4});
}

static void rows(void **state) {
  (void)state;
  const char *source = STEADY "graph norm(x: f32[5, 77], g: f32[77], b: f32[77]) {\n"
                              "  y = layer_norm x, g, b {epsilon = 1e-5} : f32[5, 77]\n"
                              "  return y = y\n"
                              "}\n"
                              "graph root(x: f32[5, 200], g: f32[200]) {\n"
                              "  y = rms_norm x, g {epsilon = 1e-5} : f32[5, 200]\n"
                              "  return y = y\n"
                              "}\n"
                              "graph soft(x: f32[5, 93]) {\n"
                              "  y = softmax x : f32[5, 93]\n"
                              "  return y = y\n"
                              "}\n"
                              "graph sum(x: f32[5, 93]) {\n"
                              "  y = reduce_sum x {axes = [1]} : f32[5, 1]\n"
                              "  return y = y\n"
                              "}\n"
                              "graph alone(x: f32[1, 900], w: f32[900, 50]) {\n"
                              "  y = matmul x, w : f32[1, 50]\n"
                              "  return y = y\n"
                              "}\n"
                              "graph several(x: f32[6, 900], w: f32[900, 50]) {\n"
                              "  y = matmul x, w : f32[6, 50]\n"
                              "  return y = y\n"
                              "}\n"
                              "graph many(x: f32[29, 900], w: f32[900, 50]) {\n"
                              "  y = matmul x, w : f32[29, 50]\n"
                              "  return y = y\n"
                              "}\n";
  same_bits(&(steady_case){source, {0}, 1});
}

static void attentions(void **state) {
  (void)state;
  const char *source = STEADY
      "graph causal(q: f32[1, 4, 75, 24], k: f32[1, 2, 90, 24], v: f32[1, 2, 90, 21]) {\n"
      "  y = attention q, k, v {scale = 0.25, causal = true} : f32[1, 4, 75, 21]\n"
      "  return y = y\n"
      "}\n"
      "graph capped(q: f32[1, 2, 7, 9], k: f32[1, 2, 29, 9], v: f32[1, 2, 29, 7], b: f32[1, 1, 7, 29]) {\n"
      "  y = attention q, k, v, b {scale = 0.7, softcap = 1.5} : f32[1, 2, 7, 7]\n"
      "  return y = y\n"
      "}\n"
      "graph alone(q: f32[1, 4, 1, 64], k: f32[1, 4, 150, 64], v: f32[1, 4, 150, 64]) {\n"
      "  y = attention q, k, v {scale = 0.125, causal = true} : f32[1, 4, 1, 64]\n"
      "  return y = y\n"
      "}\n"
      "graph small(q: f32[1, 4, 1, 7], k: f32[1, 4, 150, 7], v: f32[1, 4, 150, 9]) {\n"
      "  y = attention q, k, v {scale = 0.5} : f32[1, 4, 1, 9]\n"
      "  return y = y\n"
      "}\n"
      "graph grouped(q: f32[1, 15, 1, 40], k: f32[1, 3, 70, 40], v: f32[1, 3, 70, 40]) {\n"
      "  y = attention q, k, v {scale = 0.2, causal = true} : f32[1, 15, 1, 40]\n"
      "  return y = y\n"
      "}\n";
  same_bits(&(steady_case){source, {0}, 1});
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(elementwise), cmocka_unit_test(fused),
                                     cmocka_unit_test(rows), cmocka_unit_test(attentions)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
