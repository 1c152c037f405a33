/* The plan of small graphs: what becomes a step, what a view, where values lie, where threads meet. */
#include "plan/plan.h" /* before cmocka.h, which makes `fail` a macro */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static plan_module *plan_of(arena *a, const char *source) {
  ir_module *m;
  plan_module *plan;
  status s = ir_parse(a, "case", source, strlen(source), &m);
  if (s) fail_msg("%s", s->cause);
  for (size_t i = 0; i < ir_dim_symbol_count(m); i++) ir_dim_set_maximum(m, ir_dim_symbol_at(m, i), 16);
  s = plan_make(m, &plan);
  if (s) fail_msg("%s", s->cause);
  return plan;
}

static size_t count_kernel(const plan_module *plan, plan_kernel kernel) {
  size_t count = 0;
  for (size_t i = 0; i < plan->entries[0].step_count; i++)
    count += plan->entries[0].steps[i].kernel == kernel;
  return count;
}

/* A chain of elementwise nodes is one loop nest; a value that two nodes read is kept. */
static void chains_share_a_nest(void **state) {
  (void)state;
  arena a = {0};
  plan_module *plan = plan_of(&a, "graph run(x: f32[s, 8], y: f32[s, 8]) {\n"
                                  "  b = add x, y : f32[s, 8]\n"
                                  "  c = tanh b : f32[s, 8]\n"
                                  "  d = mul c, x : f32[s, 8]\n"
                                  "  return d = d\n"
                                  "}\n");
  assert_int_equal(plan->entries[0].step_count, 1);
  assert_int_equal(plan->entries[0].steps[0].node_count, 3);
  assert_int_equal(plan->arena_bytes, 16 * 8 * 4);
  plan = plan_of(&a, "graph run(x: f32[s, 8], y: f32[s, 8]) {\n"
                     "  b = add x, y : f32[s, 8]\n"
                     "  c = tanh b : f32[s, 8]\n"
                     "  d = mul c, b : f32[s, 8]\n"
                     "  return d = d\n"
                     "}\n");
  assert_int_equal(plan->entries[0].step_count, 2);
  assert_true(plan->entries[0].steps[0].barrier);
  assert_false(plan->entries[0].steps[1].barrier);
  arena_free(&a);
}

/* Slices, reshapes and transposes of a linear's result cost nothing before an attention. */
static const char attention_graph[] =
    "graph run(x: f32[1, s, 32]) {\n"
    "  w = const \"w\" : f32[32, 96]\n"
    "  y = linear x, w {activation = identity} : f32[1, s, 96]\n"
    "  qs = slice y {shape = [1, s, 32]} : f32[1, s, 32]\n"
    "  ks = slice y {start = [0, 0, 32], shape = [1, s, 32]} : f32[1, s, 32]\n"
    "  vs = slice y {start = [0, 0, 64], shape = [1, s, 32]} : f32[1, s, 32]\n"
    "  qh = reshape qs {shape = [1, s, 4, 8]} : f32[1, s, 4, 8]\n"
    "  kh = reshape ks {shape = [1, s, 4, 8]} : f32[1, s, 4, 8]\n"
    "  vh = reshape vs {shape = [1, s, 4, 8]} : f32[1, s, 4, 8]\n"
    "  q = transpose qh {perm = [0, 2, 1, 3]} : f32[1, 4, s, 8]\n"
    "  k = transpose kh {perm = [0, 2, 1, 3]} : f32[1, 4, s, 8]\n"
    "  v = transpose vh {perm = [0, 2, 1, 3]} : f32[1, 4, s, 8]\n"
    "  o = attention q, k, v {scale = 0.5, causal = true} : f32[1, 4, s, 8]\n"
    "  t = transpose o {perm = [0, 2, 1, 3]} : f32[1, s, 4, 8]\n"
    "  r = reshape t {shape = [1, s, 32]} : f32[1, s, 32]\n"
    "  w2 = const \"w2\" : f32[32, 32]\n"
    "  z = linear r, w2 {activation = identity} : f32[1, s, 32]\n"
    "  return z = z\n"
    "}\n";

static void movement_around_attention_is_views(void **state) {
  (void)state;
  arena a = {0};
  plan_module *plan = plan_of(&a, attention_graph);
  assert_int_equal(plan->entries[0].step_count, 3);
  assert_int_equal(count_kernel(plan, PLAN_LOOPS), 0);
  const plan_step *attention = &plan->entries[0].steps[1];
  assert_true(ir_dim_is(attention->reads[1].view.offset, 32));
  assert_true(ir_dim_is(attention->reads[1].view.stride[2], 96));
  assert_true(ir_dim_is(attention->result.view.stride[2], 32)); /* written in the order its reader wants */
  arena_free(&a);
}

/* Buffers that never live together share memory; outputs are not overwritten. */
static void buffers_are_reused(void **state) {
  (void)state;
  arena a = {0};
  plan_module *plan = plan_of(&a, "graph run(x: f32[s, 16]) {\n"
                                  "  b = softmax x : f32[s, 16]\n"
                                  "  c = softmax b : f32[s, 16]\n"
                                  "  d = softmax c : f32[s, 16]\n"
                                  "  e = softmax d : f32[s, 16]\n"
                                  "  return b = b, e = e\n"
                                  "}\n");
  assert_int_equal(plan->entries[0].step_count, 4);
  assert_int_equal(plan->arena_bytes, 3 * 16 * 16 * 4);
  assert_int_not_equal(plan->entries[0].outputs[0].arena_bytes_offset,
                       plan->entries[0].outputs[1].arena_bytes_offset);
  arena_free(&a);
}

/* Equal layers have equal keys and so share their kernels. */
static void equal_steps_share_keys(void **state) {
  (void)state;
  arena a = {0};
  plan_module *plan = plan_of(&a, "graph run(x: f32[s, 16]) {\n"
                                  "  b = softmax x : f32[s, 16]\n"
                                  "  c = softmax b : f32[s, 16]\n"
                                  "  d = relu c : f32[s, 16]\n"
                                  "  return d = d\n"
                                  "}\n");
  const plan_step *steps = plan->entries[0].steps;
  assert_string_equal(steps[0].key, steps[1].key);
  assert_string_not_equal(steps[1].key, steps[2].key);
  arena_free(&a);
}

/* The new keys and values go straight into the cache; the attention reads it there. */
static void appends_write_in_place(void **state) {
  (void)state;
  arena a = {0};
  plan_module *plan = plan_of(&a, "state past: f32[1, 2, 16, 8] {append_axis = 2}\n"
                                  "graph run(q: f32[1, 2, s, 8], x: f32[1, 2, s, 8], p: i64[p]) {\n"
                                  "  old = load {state = past, shape = [1, 2, p, 8]} : f32[1, 2, p, 8]\n"
                                  "  n = tanh x : f32[1, 2, s, 8]\n"
                                  "  k = append old, n {state = past, axis = 2} : f32[1, 2, p + s, 8]\n"
                                  "  o = attention q, k, k {scale = 1} : f32[1, 2, s, 8]\n"
                                  "  return o = o\n"
                                  "}\n");
  assert_int_equal(plan->entries[0].step_count, 2);
  const plan_step *made = &plan->entries[0].steps[0];
  assert_int_equal(made->result.view.space, PLAN_STATE);
  assert_true(made->barrier);
  assert_int_equal(plan->state_bytes, 2 * 16 * 8 * 4);
  assert_int_equal(plan->entries[0].steps[1].reads[1].view.space, PLAN_STATE);
  arena_free(&a);
}

/* A joined product, of which keys go to the cache; `reader` is one more node. */
static plan_module *joined_product(arena *a, const char *reader) {
  return plan_of(a, arena_format(a,
                                 "state past: f32[1, 2, 16, 32] {append_axis = 2}\n"
                                 "graph run(x: f32[1, s, 32], p: i64[p]) {\n"
                                 "  w = const \"w\" : f32[32, 128]\n"
                                 "  y = linear x, w : f32[1, s, 128]\n"
                                 "  qs = slice y {shape = [1, s, 64]} : f32[1, s, 64]\n"
                                 "  ks = slice y {start = [0, 0, 64], shape = [1, s, 64]} : f32[1, s, 64]\n"
                                 "  qh = reshape qs {shape = [1, s, 2, 32]} : f32[1, s, 2, 32]\n"
                                 "  kh = reshape ks {shape = [1, s, 2, 32]} : f32[1, s, 2, 32]\n"
                                 "  q = transpose qh {perm = [0, 2, 1, 3]} : f32[1, 2, s, 32]\n"
                                 "  n = transpose kh {perm = [0, 2, 1, 3]} : f32[1, 2, s, 32]\n"
                                 "  old = load {state = past, shape = [1, 2, p, 32]} : f32[1, 2, p, 32]\n"
                                 "  k = append old, n {state = past, axis = 2} : f32[1, 2, p + s, 32]\n"
                                 "  o = attention q, k, k {scale = 1} : f32[1, 2, s, 32]\n"
                                 "%s"
                                 "}\n",
                                 reader));
}

/* The product writes them where the cache has them, unless somebody else reads them too. */
static void products_write_into_caches(void **state) {
  (void)state;
  arena a = {0};
  const plan_entry *entry = &joined_product(&a, "  return o = o\n")->entries[0];
  assert_int_equal(entry->step_count, 2);
  const plan_step *product = &entry->steps[0];
  assert_int_equal(product->read_count, 3);
  assert_true(product->reads[2].is_outlet);
  assert_int_equal(product->reads[2].first_column, 64);
  assert_int_equal(product->reads[2].view.space, PLAN_STATE);
  assert_true(product->barrier);
  entry = &joined_product(&a, "  t = slice y {start = [0, 0, 96], shape = [1, s, 32]} : f32[1, s, 32]\n"
                              "  u = tanh t : f32[1, s, 32]\n"
                              "  return o = o, u = u\n")
               ->entries[0];
  assert_int_equal(entry->steps[0].read_count, 2);
  assert_int_equal(entry->steps[1].kernel, PLAN_LOOPS);
  assert_int_equal(entry->steps[1].result.view.space, PLAN_STATE);
  entry = &joined_product(&a, "  return o = o, y = y\n")->entries[0];
  assert_int_equal(entry->steps[0].read_count, 2);
  arena_free(&a);
}

/* A size without a limit cannot be planned, and says which. */
static ir_dim row_stride_between_linears(arena *a, const char *source) {
  const plan_entry *entry = &plan_of(a, source)->entries[0];
  assert_int_equal(entry->step_count, 2);
  assert_ptr_equal(entry->steps[0].result.value, entry->steps[1].reads[0].value);
  return entry->steps[0].result.view.stride[0];
}

/* 1024 columns of f32 are 4 KiB: a line of the cache keeps the next row out of the same sets. */
static void rows_of_a_product_lie_apart(void **state) {
  (void)state;
  arena a = {0};
  ir_dim far = row_stride_between_linears(&a, "graph run(x: f32[s, 8]) {\n"
                                              "  w = const \"w\" : f32[8, 1024]\n"
                                              "  y = linear x, w {activation = relu} : f32[s, 1024]\n"
                                              "  w2 = const \"w2\" : f32[1024, 8]\n"
                                              "  z = linear y, w2 {activation = identity} : f32[s, 8]\n"
                                              "  return z = z\n"
                                              "}\n");
  assert_true(ir_dim_is(far, 1024 + 16));
  ir_dim dense = row_stride_between_linears(&a, "graph run(x: f32[s, 8]) {\n"
                                                "  w = const \"w\" : f32[8, 1008]\n"
                                                "  y = linear x, w {activation = relu} : f32[s, 1008]\n"
                                                "  w2 = const \"w2\" : f32[1008, 8]\n"
                                                "  z = linear y, w2 {activation = identity} : f32[s, 8]\n"
                                                "  return z = z\n"
                                                "}\n");
  assert_true(ir_dim_is(dense, 1008));
  arena_free(&a);
}

static void unlimited_sizes_fail(void **state) {
  (void)state;
  arena a = {0};
  const char source[] = "graph run(x: f32[huge]) {\n  y = tanh x : f32[huge]\n  return y = y\n}\n";
  ir_module *m;
  plan_module *plan;
  assert_null(ir_parse(&a, "case", source, strlen(source), &m));
  status s = plan_make(m, &plan);
  assert_non_null(s);
  assert_non_null(strstr(s->cause, "huge"));
  arena_free(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(chains_share_a_nest),        cmocka_unit_test(movement_around_attention_is_views),
      cmocka_unit_test(buffers_are_reused),         cmocka_unit_test(equal_steps_share_keys),
      cmocka_unit_test(appends_write_in_place),     cmocka_unit_test(rows_of_a_product_lie_apart),
      cmocka_unit_test(products_write_into_caches), cmocka_unit_test(unlimited_sizes_fail),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
