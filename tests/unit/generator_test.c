/* generator_test.c: exported decoders as text, made into prefill and decode, and what those compute. */
#include "pass/pass.h" /* before cmocka.h, which makes `fail` a macro */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void check(status s) {
  if (s) fail_msg("%s: %s", s->node ? s->node : "", s->cause);
}

/* A token's logits are its row of the table, negated; `y` is the lines that make them of x: [b, s, 2]. */
static ir_graph *parse_decoder(arena *a, const char *y) {
  text t = {0};
  text_print(&t,
             "graph run(input_ids: i64[b, s], past_key_values.0.key: f32[b, 1, p, 2], "
             "past_key_values.0.value: f32[b, 1, p, 2]) {\n"
             "  table = const {1, 2, 3, 4, 5, 6, 7, 8} : f32[4, 2]\n"
             "  x = gather table, input_ids {axis = 0} : f32[b, s, 2]\n"
             "  new = reshape x : f32[b, 1, s, 2]\n"
             "  key = concat past_key_values.0.key, new {axis = 2} : f32[b, 1, p + s, 2]\n"
             "  value = concat past_key_values.0.value, new {axis = 2} : f32[b, 1, p + s, 2]\n"
             "%s"
             "  return logits = y, present.0.key = key, present.0.value = value\n"
             "}\n",
             y);
  ir_module *m;
  check(ir_parse(a, "case", t.bytes, t.count, &m));
  text_free(&t);
  return m->graphs[0];
}

static void check_last_logits(const char *y) {
  enum { ROOM = 8, TOKENS = 3 };
  arena a = {0};
  ir_graph *g = parse_decoder(&a, y);
  generator made;
  generator_limits limits = {.max_tokens = ROOM, .prefill_tokens = ROOM};
  check(pass_make_generator(g->module, &(generator_source){.decoder = g}, &limits, NULL, NULL, &made));
  assert_non_null(made.prefill);
  assert_int_equal(made.prefill->output_count, 1);
  assert_int_equal(g->module->state_count, 2);
  int64_t ids[TOKENS] = {0, 3, 2};
  float caches[2][2 * ROOM] = {{0}};
  ir_tensor states[2], input = {SMELT_I64, 2, {1, TOKENS}, ids}, output;
  for (int i = 0; i < 2; i++) states[i] = (ir_tensor){SMELT_F32, 4, {1, 1, ROOM, 2}, caches[i]};
  ir_graph *first = ir_graph_clone(made.prefill, "first", made.past, ir_dim_const(g->module, 0));
  assert_int_equal(first->input_count, 1);
  check(ir_evaluate(&a, first, &input, states, &output));
  assert_int_equal(ir_tensor_count(&output), 2);
  assert_memory_equal(output.data, ((float[]){-5, -6}), 8);
  arena_free(&a);
}

static void logits_of_all_positions_are_cut(void **state) {
  (void)state;
  check_last_logits("  y = neg x : f32[b, s, 2]\n");
}

/* As x[:, -1:] is exported: the start counts from the end, but not beyond the beginning. */
static void logits_that_are_cut_stay(void **state) {
  (void)state;
  check_last_logits("  last = slice x {start = [0, max(s - 1, 0), 0]} : f32[b, s - max(s - 1, 0), 2]\n"
                    "  y = neg last : f32[b, s - max(s - 1, 0), 2]\n");
}

/* Makes a decoder that verifies two tokens. */
static status make_verifier(arena *a, const char *y, generator *made) {
  ir_graph *g = parse_decoder(a, y);
  generator_limits limits = {.max_tokens = 8, .prefill_tokens = 8, .verify_tokens = 2};
  return pass_make_generator(g->module, &(generator_source){.decoder = g}, &limits, NULL, NULL, made);
}

static const char *const A_LINEAR = "  w = const {1, 2, 3, 4} : f32[2, 2]\n"
                                    "  y = linear x, w : f32[b, s, 2]\n";

static bool has_linears(const ir_graph *g, bool apart) {
  bool any = false;
  for (const ir_node *n = g->first; n; n = n->next) {
    if (n->op != IR_LINEAR) continue;
    if (n->attrs.apart != apart) return false;
    any = true;
  }
  return any;
}

static void only_rows_that_are_verified_are_apart(void **state) {
  (void)state;
  arena a = {0};
  generator made;
  check(make_verifier(&a, A_LINEAR, &made));
  assert_true(has_linears(made.verify, true));
  assert_true(has_linears(made.prefill, false));
  assert_true(has_linears(made.decode, false));
  arena_free(&a);
}

static void check_is_not_verified(const char *y, const char *cause) {
  arena a = {0};
  generator made;
  status s = make_verifier(&a, y, &made);
  assert_non_null(s);
  assert_non_null(strstr(s->cause, cause));
  arena_free(&a);
}

/* One scale for all tokens of a call, as dynamic quantisation has. */
static void rows_that_mix_are_not_verified(void **state) {
  (void)state;
  check_is_not_verified("  most = reduce_max x {axes = [1, 2]} : f32[b, 1, 1]\n"
                        "  y = div x, most : f32[b, s, 2]\n",
                        "do not depend on those beside them");
}

static void cut_logits_are_not_verified(void **state) {
  (void)state;
  check_is_not_verified("  last = slice x {start = [0, max(s - 1, 0), 0]} : f32[b, s - max(s - 1, 0), 2]\n"
                        "  y = neg last : f32[b, s - max(s - 1, 0), 2]\n",
                        "the model gives the last one's");
}

/* Whether attention hides what comes later, over keys of bytes with scales, whose tokens are the last axis.
 */
static bool hides_future(const char *attributes) {
  arena a = {0};
  ir_module *m;
  text t = {0};
  text_print(&t,
             "limit p <= 8\n"
             "state keys: i8[1, 1, 2, 8] {append_axis = 3}\n"
             "state scales: f32[1, 1, 1, 8] {append_axis = 3}\n"
             "graph run(q: f32[1, 1, s, 2], more: i8[1, 1, 2, s], scale: f32[1, 1, 1, s], "
             "v: f32[1, 1, p + s, 2]) {\n"
             "  old = load {state = keys} : i8[1, 1, 2, p]\n"
             "  old_scales = load {state = scales} : f32[1, 1, 1, p]\n"
             "  grown = append old, more {axis = 3, state = keys} : i8[1, 1, 2, p + s]\n"
             "  grown_scales = append old_scales, scale {axis = 3, state = scales} : f32[1, 1, 1, p + s]\n"
             "  wide = cast grown {dtype = f32} : f32[1, 1, 2, p + s]\n"
             "  scaled = mul grown_scales, wide : f32[1, 1, 2, p + s]\n"
             "  k = transpose scaled {perm = [0, 1, 3, 2]} : f32[1, 1, p + s, 2]\n"
             "  y = attention q, k, v {%s} : f32[1, 1, s, 2]\n"
             "  return y = y\n"
             "}\n",
             attributes);
  check(ir_parse(&a, "case", t.bytes, t.count, &m));
  text_free(&t);
  bool hides = pass_hides_future(m->graphs[0]);
  arena_free(&a);
  return hides;
}

static void scaled_caches_are_seen(void **state) {
  (void)state;
  assert_false(hides_future("scale = 0.5"));
  assert_true(hides_future("scale = 0.5, causal = true"));
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(logits_of_all_positions_are_cut),
                                     cmocka_unit_test(logits_that_are_cut_stay),
                                     cmocka_unit_test(only_rows_that_are_verified_are_apart),
                                     cmocka_unit_test(rows_that_mix_are_not_verified),
                                     cmocka_unit_test(cut_logits_are_not_verified),
                                     cmocka_unit_test(scaled_caches_are_seen)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
