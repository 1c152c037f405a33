/* The work of small graphs against numbers worked out by hand, and of GPT-2 against 2 N per token. */
#include "plan/cost.h" /* before cmocka.h, which makes `fail` a macro */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { LIMIT = 16 };

/* The work of one call of the graph with all its symbols at `size`. */
typedef struct {
  int64_t flops, weight_bytes, state_bytes, activation_bytes;
} work;

static const plan_module *plan_of(arena *a, const char *source) {
  ir_module *m;
  plan_module *plan;
  status s = ir_parse(a, "case", source, strlen(source), &m);
  if (s) fail_msg("%s", s->cause);
  for (size_t i = 0; i < ir_dim_symbol_count(m); i++) ir_dim_set_maximum(m, ir_dim_symbol_at(m, i), LIMIT);
  s = plan_make(m, &plan);
  if (s) fail_msg("%s", s->cause);
  return plan;
}

static work work_of(const char *source, int64_t size) {
  arena a = {0};
  const plan_module *plan = plan_of(&a, source);
  ir_module *m = plan->module;
  int64_t at[8];
  assert_true(ir_dim_symbol_count(m) <= 8);
  for (size_t i = 0; i < 8; i++) at[i] = size;
  ir_dim zero = ir_dim_const(m, 0);
  plan_cost sum = {zero, zero, zero, zero};
  for (size_t i = 0; i < plan->entries[0].step_count; i++) {
    plan_cost step = plan_step_cost(m, &plan->entries[0].steps[i]);
    sum = plan_cost_sum(m, &sum, &step);
  }
  work w = {ir_dim_evaluate(sum.flops, at), ir_dim_evaluate(sum.weight_bytes, at),
            ir_dim_evaluate(sum.state_bytes, at), ir_dim_evaluate(sum.activation_bytes, at)};
  arena_free(&a);
  return w;
}

static void linear_is_two_per_weight_and_row(void **state) {
  (void)state;
  work w = work_of("graph run(x: f32[1, s, 8]) {\n"
                   "  w = const \"w\" : f32[8, 24]\n"
                   "  b = const \"b\" : f32[24]\n"
                   "  y = linear x, w, b {activation = relu} : f32[1, s, 24]\n"
                   "  return y = y\n"
                   "}\n",
                   3);
  assert_int_equal(w.flops, 3 * (2 * 8 * 24 + 24 + 24));
  assert_int_equal(w.weight_bytes, 8 * 32 * 4 + 24 * 4); /* 24 columns lie in two panels of 16 */
  assert_int_equal(w.activation_bytes, 3 * 8 * 4 + 3 * 24 * 4);
  assert_int_equal(w.state_bytes, 0);
}

/* Half of the columns are the gate: bias on all 24, silu (23), gate and residual on the 12 that are left. */
static void gated_linear_counts_both_halves(void **state) {
  (void)state;
  work w = work_of("graph run(x: f32[s, 8], r: f32[s, 12]) {\n"
                   "  w = const \"w\" : f32[8, 24]\n"
                   "  b = const \"b\" : f32[24]\n"
                   "  y = linear x, w, b, r {activation = silu, gated = true} : f32[s, 12]\n"
                   "  return y = y\n"
                   "}\n",
                   5);
  assert_int_equal(w.flops, 5 * (2 * 8 * 24 + 24 + 12 * (23 + 1 + 1)));
}

#define ATTENTION(causal)                                                                                    \
  "graph run(q: f32[1, 4, s, 8], k: f32[1, 2, s, 8], v: f32[1, 2, s, 8]) {\n"                                \
  "  y = attention q, k, v {scale = 0.5, causal = " causal "} : f32[1, 4, s, 8]\n"                           \
  "  return y = y\n"                                                                                         \
  "}\n"

/* Per head and pair of query and key: 2 * 8 for the score, 2 * 8 for the value, 1 to scale, 24 of softmax. */
static void attention_counts_the_pairs_it_sees(void **state) {
  (void)state;
  work all = work_of(ATTENTION("false"), 7), seen = work_of(ATTENTION("true"), 7);
  assert_int_equal(all.flops, 4 * (7 * 7) * (2 * 8 + 2 * 8 + 25));
  assert_int_equal(seen.flops, 4 * (7 * 8 / 2) * (2 * 8 + 2 * 8 + 25));
  assert_int_equal(all.activation_bytes, (4 + 2 + 2 + 4) * 7 * 8 * 4);
}

static void gather_reads_only_its_rows(void **state) {
  (void)state;
  work w = work_of("graph run(ids: i64[s]) {\n"
                   "  table = const \"table\" : f32[1000, 8]\n"
                   "  y = gather table, ids {axis = 0} : f32[s, 8]\n"
                   "  return y = y\n"
                   "}\n",
                   3);
  assert_int_equal(w.flops, 0);
  assert_int_equal(w.weight_bytes, 3 * 8 * 4);
  assert_int_equal(w.activation_bytes, 3 * 8 /* ids */ + 3 * 8 * 4);
}

/* What is repeated by a stride of 0 is read once. */
static void nests_count_their_nodes(void **state) {
  (void)state;
  work w = work_of("graph run(x: f32[s, 8], y: f32[1, 8]) {\n"
                   "  wide = expand y {shape = [s, 8]} : f32[s, 8]\n"
                   "  sum = add x, wide : f32[s, 8]\n"
                   "  e = exp sum : f32[s, 8]\n"
                   "  m = reduce_sum e {axes = [1]} : f32[s, 1]\n"
                   "  return m = m\n"
                   "}\n",
                   4);
  assert_int_equal(w.flops, 4 * 8 * (1 + 20 + 1));
  assert_int_equal(w.activation_bytes, 4 * 8 * 4 + 8 * 4 + 4 * 4);
}

static void print_gpt2_layer(text *t, int i) {
  text_print(t,
             "  ln1_%d = layer_norm x%d, g, g {epsilon = 0.00001} : f32[1, s, 768]\n"
             "  qkv%d = linear ln1_%d, wqkv, bqkv : f32[1, s, 2304]\n",
             i, i, i, i);
  static const char *const parts[] = {"q", "k", "v"};
  for (int k = 0; k < 3; k++) {
    text_print(t,
               "  %ss%d = slice qkv%d {start = [0, 0, %d], shape = [1, s, 768]} : f32[1, s, 768]\n"
               "  %sh%d = reshape %ss%d {shape = [1, s, 12, 64]} : f32[1, s, 12, 64]\n"
               "  %s%d = transpose %sh%d {perm = [0, 2, 1, 3]} : f32[1, 12, s, 64]\n",
               parts[k], i, i, 768 * k, parts[k], i, parts[k], i, parts[k], i, parts[k], i);
  }
  text_print(t,
             "  o%d = attention q%d, k%d, v%d {scale = 0.125, causal = true} : f32[1, 12, s, 64]\n"
             "  ot%d = transpose o%d {perm = [0, 2, 1, 3]} : f32[1, s, 12, 64]\n"
             "  or%d = reshape ot%d {shape = [1, s, 768]} : f32[1, s, 768]\n"
             "  a%d = linear or%d, wo, g, x%d : f32[1, s, 768]\n"
             "  ln2_%d = layer_norm a%d, g, g {epsilon = 0.00001} : f32[1, s, 768]\n"
             "  f%d = linear ln2_%d, wfc, bfc {activation = gelu_tanh} : f32[1, s, 3072]\n"
             "  x%d = linear f%d, wproj, g, a%d : f32[1, s, 768]\n",
             i, i, i, i, i, i, i, i, i, i, i, i, i, i, i, i + 1, i, i);
}

/* Kaplan et al. (2020), table 1: a forward pass takes 2 N FLOPs per token besides attention over the context.
 */
static void gpt2_takes_two_flops_per_parameter(void **state) {
  (void)state;
  text t = {0};
  text_print(&t, "graph run(ids: i64[1, s]) {\n"
                 "  wte = const \"wte\" : f32[50257, 768]\n"
                 "  wlm = const \"wlm\" : f32[768, 50257]\n"
                 "  g = const \"g\" : f32[768]\n"
                 "  wqkv = const \"wqkv\" : f32[768, 2304]\n"
                 "  bqkv = const \"bqkv\" : f32[2304]\n"
                 "  wo = const \"wo\" : f32[768, 768]\n"
                 "  wfc = const \"wfc\" : f32[768, 3072]\n"
                 "  bfc = const \"bfc\" : f32[3072]\n"
                 "  wproj = const \"wproj\" : f32[3072, 768]\n"
                 "  x0 = gather wte, ids {axis = 0} : f32[1, s, 768]\n");
  for (int i = 0; i < 12; i++) print_gpt2_layer(&t, i);
  text_print(&t, "  last = layer_norm x12, g, g {epsilon = 0.00001} : f32[1, s, 768]\n"
                 "  logits = linear last, wlm : f32[1, s, 50257]\n"
                 "  return logits = logits\n"
                 "}\n");
  work w = work_of(t.bytes, 1);
  text_free(&t);
  int64_t per_layer = 12 * 768 * 768 + 13 * 768, N = 12 * per_layer + 2 * 768 + INT64_C(50257) * 768;
  assert_int_equal(N, 124439808 - 1024 * 768); /* GPT-2 less its table of positions */
  assert_true((double)w.flops > 0.98 * 2 * (double)N && (double)w.flops < 1.02 * 2 * (double)N);
}

static void dedicated_operators_have_rows(void **state) {
  (void)state;
  static const bool has_row[IR_OP_COUNT] = {
#define COST(NAME, rule, weight) [IR_##NAME] = true,
#include "plan/cost.def"
#undef COST
  };
  for (int op = 0; op < IR_OP_COUNT; op++) {
    const ir_op_info *info = ir_op_describe((ir_op)op);
    if (info->op_class == IR_CLASS_DEDICATED && !has_row[op]) fail_msg("%s has no cost", info->name);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(linear_is_two_per_weight_and_row),
      cmocka_unit_test(gated_linear_counts_both_halves),
      cmocka_unit_test(attention_counts_the_pairs_it_sees),
      cmocka_unit_test(gather_reads_only_its_rows),
      cmocka_unit_test(nests_count_their_nodes),
      cmocka_unit_test(gpt2_takes_two_flops_per_parameter),
      cmocka_unit_test(dedicated_operators_have_rows),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
