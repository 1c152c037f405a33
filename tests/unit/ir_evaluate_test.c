/*
 * ir_evaluate_test.c: the reference evaluator. Operators are tested in text,
 * tests/graphs/evaluate/FAMILY.graph: each value V there that has a V.want
 * beside it must equal it. Symbols, states and lazy constants are tested here.
 */
#include "ir/ir.h" /* before cmocka.h, which makes `fail` a macro */

#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ir/element.h"

static arena memory;

static int tear_down(void **state) {
  (void)state;
  arena_free(&memory);
  return 0;
}

static const char *or_empty(const char *s) {
  return s ? s : "";
}

static void must(status s) {
  if (!s) return;
  fail_msg("%s: %s: %s: expected %s, found %s", or_empty(s->file), or_empty(s->node), s->cause,
           or_empty(s->expected), or_empty(s->found));
}

static ir_module *must_parse(const char *name, const char *source, size_t bytes) {
  ir_module *m = NULL;
  must(ir_parse(&memory, name, source, bytes, &m));
  for (size_t i = 0; i < m->graph_count; i++) must(ir_verify(m->graphs[i]));
  return m;
}

/* ---- operators in text ---- */

/* One rounding of f32 more or less, relative to the larger; equal infinities, NaN for NaN. */
static bool is_close(double found, double expected) {
  if (isnan(expected) || isnan(found)) return isnan(expected) && isnan(found);
  if (isinf(expected) || isinf(found)) return expected == found;
  return fabs(found - expected) <= 2e-7 * (1 + fabs(expected));
}

static void check_tensor(const ir_graph *g, const char *name, const ir_tensor *found,
                         const ir_tensor *expected) {
  assert_int_equal(found->dtype, expected->dtype);
  assert_int_equal(found->rank, expected->rank);
  assert_memory_equal(found->dims, expected->dims, (size_t)found->rank * sizeof found->dims[0]);
  for (int64_t i = 0; i < ir_tensor_count(found); i++) {
    double x = element_double(found->dtype, found->data, i),
           y = element_double(expected->dtype, expected->data, i);
    bool same = ir_dtype_is_float(found->dtype) ? is_close(x, y)
                                                : element_integer(found->dtype, found->data, i) ==
                                                      element_integer(expected->dtype, expected->data, i);
    if (!same) fail_msg("graph %s: %s[%d] is %.9g, not %.9g", g->name, name, (int)i, x, y);
  }
}

static ir_value *value_named(ir_graph *g, const char *name, size_t length) {
  for (ir_node *n = g->first; n; n = n->next) {
    if (strlen(n->result->name) == length && memcmp(n->result->name, name, length) == 0) return n->result;
  }
  return NULL;
}

static void check_graph(ir_graph *g) {
  for (ir_node *n = g->first; n; n = n->next) {
    const char *name = n->result->name, *want = strstr(name, ".want");
    if (!want || want[5]) continue;
    ir_value *found = value_named(g, name, (size_t)(want - name));
    assert_non_null(found);
    ir_graph_add_output(g, found->name, found);
    ir_graph_add_output(g, name, n->result);
  }
  assert_true(g->output_count > 0);
  ir_tensor *outputs = calloc(g->output_count, sizeof *outputs);
  must(ir_evaluate(&memory, g, NULL, NULL, outputs));
  for (size_t i = 0; i < g->output_count; i += 2)
    check_tensor(g, g->outputs[i].name, &outputs[i], &outputs[i + 1]);
  free(outputs);
}

static void check_family(void **state) {
  const char *root = getenv("SMELT_SOURCE");
  char *folder = file_join(&memory, root ? root : ".", "tests/graphs/evaluate");
  file_view file;
  must(file_map(&memory, file_join(&memory, folder, *state), &file));
  ir_module *m = must_parse(*state, (const char *)file.bytes, file.count);
  assert_true(m->graph_count > 0);
  for (size_t i = 0; i < m->graph_count; i++) check_graph(m->graphs[i]);
  file_unmap(&file);
}

/* Texts with bytes replaced that still parse must evaluate or fail, never crash (run under the sanitizers).
 */
static void damage_family(void **state) {
  const char *root = getenv("SMELT_SOURCE");
  file_view file;
  arena names = {0};
  char *folder = file_join(&names, root ? root : ".", "tests/graphs/evaluate");
  must(file_map(&memory, file_join(&names, folder, *state), &file));
  char *copy = malloc(file.count);
  uint64_t seed = 11;
  static const char bytes[] = "0123456789,-[]";
  for (int round = 0; round < 400; round++) {
    memcpy(copy, file.bytes, file.count);
    for (int k = 0; k < 2; k++) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      copy[(seed >> 33) % file.count] = bytes[(seed >> 20) % (sizeof bytes - 1)];
    }
    ir_module *m = NULL;
    if (ir_parse(&memory, "damaged", copy, file.count, &m)) m = NULL;
    for (size_t i = 0; m && i < m->graph_count; i++)
      (void)ir_evaluate(&memory, m->graphs[i], NULL, NULL, NULL);
    arena_free(&memory);
  }
  free(copy);
  file_unmap(&file);
  arena_free(&names);
}

/* ---- symbols ---- */

#define PARSE(source) must_parse("test", source, strlen(source))

static const char chain[] = "graph f(x: f32[b, s], y: f32[b, total], past: f32[p, 1]) {\n"
                            "  n = dims {list = [b, p + s]} : i64[2]\n"
                            "  i = iota {axis = 0, start = [p]} : i64[s]\n"
                            "  xx = concat x, x {axis = 1} : f32[b, 2*s]\n"
                            "  same = add xx, y : f32[b, total]\n" /* binds total to 2*s */
                            "  return n = n, i = i, same = same\n"
                            "}\n";

static void symbols_come_from_input_shapes(void **state) {
  (void)state;
  ir_module *m = PARSE(chain);
  float x[6] = {1, 2, 3, 4, 5, 6}, y[12] = {0}, past[5] = {0};
  ir_tensor inputs[3] = {{SMELT_F32, 2, {2, 3}, x}, {SMELT_F32, 2, {2, 6}, y}, {SMELT_F32, 2, {5, 1}, past}};
  ir_tensor outputs[3];
  must(ir_evaluate(&memory, m->graphs[0], inputs, NULL, outputs));
  assert_memory_equal(outputs[0].data, ((int64_t[]){2, 8}), 16);
  assert_memory_equal(outputs[1].data, ((int64_t[]){5, 6, 7}), 24);
  assert_memory_equal(outputs[2].data, ((float[]){1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6}), 48);
}

static void wrong_inputs_are_refused(void **state) {
  (void)state;
  ir_module *m = PARSE(chain);
  float data[64] = {0};
  ir_tensor good[3] = {
      {SMELT_F32, 2, {2, 3}, data}, {SMELT_F32, 2, {2, 6}, data}, {SMELT_F32, 2, {5, 1}, data}};
  ir_tensor bad[3], outputs[3];
  status s;
#define REFUSED(change, text)                                                                                \
  memcpy(bad, good, sizeof bad);                                                                             \
  change;                                                                                                    \
  s = ir_evaluate(&memory, m->graphs[0], bad, NULL, outputs);                                                \
  assert_non_null(s);                                                                                        \
  assert_string_equal(s->cause, text)
  REFUSED(bad[1].dims[0] = 3, "axis 0 of input y has the wrong size");
  REFUSED(bad[1].dims[1] = 7, "axis 1 of input y has the wrong size"); /* total = 2*s */
  REFUSED(bad[2].dims[1] = 2, "axis 1 of input past has the wrong size");
  REFUSED(bad[0].rank = 1, "input x has the wrong dtype or rank");
  REFUSED(bad[0].dims[0] = -1, "size -1 of axis 0 is negative");
  REFUSED(bad[0].dims[0] = (int64_t)1 << 60, "a tensor is too large to evaluate");
}

static void unknown_sizes_and_bad_indices_are_refused(void **state) {
  (void)state;
  ir_tensor outputs[1];
  ir_module *m = PARSE("graph f() { n = dims {list = [b + 1]} : i64[1] return n = n }");
  status s = ir_evaluate(&memory, m->graphs[0], NULL, NULL, outputs);
  assert_non_null(s);
  assert_string_equal(s->cause, "size b + 1 is not determined by the inputs");
  m = PARSE("graph f() { t = const {1, 2} : f32[2] i = const {-3} : i64[1]\n"
            "  g = gather t, i {axis = 0} : f32[1] return g = g }");
  s = ir_evaluate(&memory, m->graphs[0], NULL, NULL, outputs);
  assert_non_null(s);
  assert_string_equal(s->cause, "an index is out of range");
  assert_string_equal(s->expected, "-2 to 1");
  assert_string_equal(s->found, "-3");
  m = PARSE("graph f() { w = const \"w\" : f32[2] return w = w }");
  s = ir_evaluate(&memory, m->graphs[0], NULL, NULL, outputs);
  assert_non_null(s);
  assert_string_equal(s->cause, "constant w has no data");
}

/* Results that only sizes at run time show to be wrong. */
static void misfits_at_run_time_are_refused(void **state) {
  (void)state;
  float data[64] = {0};
  ir_tensor inputs[1] = {{SMELT_F32, 2, {3, 4}, data}}, outputs[1];
  static const char *const bodies[] = {
      "y = slice x {start = [a - 1, 0]} : f32[2, b]", /* 2 .. 4 of 3 */
      "y = slice x {start = [a - 5, 0]} : f32[1, b]", /* from -2 on */
      "y = pad x {start = [1, 0], value = 0} : f32[a, b]",
      "y = reshape x : f32[div(a, 2), 2*b]",
  };
  for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
    ir_module *m = PARSE(arena_format(&memory, "graph f(x: f32[a, b]) { %s return y = y }", bodies[i]));
    status s = ir_evaluate(&memory, m->graphs[0], inputs, NULL, outputs);
    assert_non_null(s);
    assert_int_equal(s->code, STATUS_INPUT);
    assert_non_null(s->node);
  }
}

/* ---- states ---- */

static void states_keep_what_is_appended(void **state) {
  (void)state;
  ir_module *m = PARSE("state kv: f32[1, 2, 4, 1] {append_axis = 2}\n"
                       "state cross: f32[3]\n"
                       "graph step(new: f32[1, 2, s, 1], past: f32[p], x: f32[3]) {\n"
                       "  old = load {state = kv} : f32[1, 2, p, 1]\n"
                       "  all = append old, new {axis = 2, state = kv} : f32[1, 2, p + s, 1]\n"
                       "  kept = store x {state = cross} : f32[3]\n"
                       "  return all = all\n"
                       "}\n"
                       "graph look() { c = load {state = cross} : f32[2] return c = c }\n");
  float kv[8] = {0}, cross[3] = {0}, x[3] = {7, 8, 9};
  ir_tensor states[2] = {{SMELT_F32, 4, {1, 2, 4, 1}, kv}, {SMELT_F32, 1, {3}, cross}};
  float first[4] = {1, 2, 3, 4}, second[2] = {5, 6}, past[4] = {0};
  ir_tensor inputs[3] = {
      {SMELT_F32, 4, {1, 2, 2, 1}, first}, {SMELT_F32, 1, {0}, past}, {SMELT_F32, 1, {3}, x}};
  ir_tensor outputs[1];
  must(ir_evaluate(&memory, m->graphs[0], inputs, states, outputs));
  assert_memory_equal(outputs[0].data, ((float[]){1, 2, 3, 4}), 16);
  inputs[0] = (ir_tensor){SMELT_F32, 4, {1, 2, 1, 1}, second};
  inputs[1].dims[0] = 2;
  must(ir_evaluate(&memory, m->graphs[0], inputs, states, outputs));
  assert_memory_equal(outputs[0].data, ((float[]){1, 2, 5, 3, 4, 6}), 24);
  assert_memory_equal(kv, ((float[]){1, 2, 5, 0, 3, 4, 6, 0}), 32);
  must(ir_evaluate(&memory, m->graphs[1], NULL, states, outputs));
  assert_memory_equal(outputs[0].data, x, 8);

  inputs[1].dims[0] = 4; /* no room for a fifth */
  status s = ir_evaluate(&memory, m->graphs[0], inputs, states, outputs);
  assert_non_null(s);
  assert_string_equal(s->cause, "the state has no room, or is not of this type");
  assert_non_null(ir_evaluate(&memory, m->graphs[0], inputs, NULL, outputs)); /* no states at all */
}

/* ---- lazy constants ---- */

/* A const node of a constant that `maker`, over const nodes, makes. */
static ir_node *new_lazy(ir_node *maker, const ir_type *type) {
  ir_node *holder = ARENA_NEW(&memory, ir_node);
  ir_constant *c = ARENA_NEW(&memory, ir_constant);
  *c = (ir_constant){.type = *type, .made_by = maker};
  *holder = (ir_node){.op = IR_CONST, .attrs.constant = c, .result = ARENA_NEW(&memory, ir_value)};
  *holder->result = (ir_value){.type = *type, .def = holder};
  return holder;
}

static void lazy_constants_are_made_when_asked_for(void **state) {
  (void)state;
  ir_module *m = PARSE("graph f() { a = const {1, 2, 3, 4} : f32[2, 2] return a = a }");
  ir_value *v = m->graphs[0]->first->result;
  enum { LINKS = 50000 }; /* longer than the C stack would be deep */
  for (int i = 0; i < LINKS; i++) {
    ir_node *maker = ARENA_NEW(&memory, ir_node);
    *maker = (ir_node){.op = IR_ADD, .operand_count = 2, .operands = ARENA_ARRAY(&memory, ir_value *, 2)};
    maker->operands[0] = v;
    maker->operands[1] = m->graphs[0]->first->result;
    maker->result = ARENA_NEW(&memory, ir_value);
    *maker->result = (ir_value){.type = v->type, .def = maker};
    v = new_lazy(maker, &v->type)->result;
  }
  const void *bytes;
  must(ir_constant_bytes(&memory, v->def->attrs.constant, &bytes));
  assert_memory_equal(bytes, ((float[]){LINKS + 1, 2 * (LINKS + 1), 3 * (LINKS + 1), 4 * (LINKS + 1)}), 16);
}

/* Every node of a graph over constants as the maker of a lazy constant: the last one is what the graph gives.
 */
static void lazy_constants_are_what_graphs_compute(void **state) {
  (void)state;
  ir_module *m = PARSE("graph f() {\n"
                       "  w = const {5, -3, 0.5, 7, 1e9, -2, 3.25, 300, -1, 0, 2, -8} : f32[4, 3]\n"
                       "  g = reshape w : f32[2, 2, 3]\n"
                       "  low = reduce_min g {axes = [1]} : f32[2, 1, 3]\n"
                       "  high = reduce_max g {axes = [1]} : f32[2, 1, 3]\n"
                       "  span = sub high, low : f32[2, 1, 3]\n" /* read twice */
                       "  wide = mul g, span : f32[2, 2, 3]\n"   /* a link, but of a reshape */
                       "  flat = reshape wide : f32[4, 3]\n"
                       "  half = const {0.5} : f32[1, 1]\n"
                       "  a = mul flat, half : f32[4, 3]\n" /* links up to `h`, more than fit */
                       "  b = sub a, half : f32[4, 3]\n"
                       "  c = neg b : f32[4, 3]\n"
                       "  d = mul c, w : f32[4, 3]\n"
                       "  is_less = lt d, w : bool[4, 3]\n"
                       "  e = select is_less, d, w : f32[4, 3]\n" /* d is read twice */
                       "  f = mul e, half : f32[4, 3]\n"
                       "  g2 = add f, half : f32[4, 3]\n"
                       "  h = sub g2, w : f32[4, 3]\n"
                       "  i = mul h, half : f32[4, 3]\n"
                       "  j = add i, half : f32[4, 3]\n"
                       "  k = mul j, half : f32[4, 3]\n"
                       "  l = add k, half : f32[4, 3]\n"
                       "  n = mul l, half : f32[4, 3]\n"
                       "  o = round n : f32[4, 3]\n"
                       "  p = reshape o : f32[2, 2, 3]\n"
                       "  q = add p, span : f32[2, 2, 3]\n"
                       "  bytes = cast q {dtype = i8} : i8[2, 2, 3]\n"
                       "  t = transpose bytes {perm = [2, 0, 1]} : i8[3, 2, 2]\n"
                       "  last = add t, t : i8[3, 2, 2]\n"
                       "  return last = last\n"
                       "}\n");
  ir_tensor expected;
  must(ir_evaluate(&memory, m->graphs[0], NULL, NULL, &expected));
  pointer_map lazy = {0}; /* ir_value to the const node that stands for it */
  ir_node *last = NULL;
  for (ir_node *n = m->graphs[0]->first; n; n = n->next) {
    for (int i = 0; i < n->operand_count; i++)
      n->operands[i] = ((ir_node *)pointer_map_get(&lazy, n->operands[i]))->result;
    last = n->op == IR_CONST ? n : new_lazy(n, &n->result->type);
    pointer_map_set(&memory, &lazy, n->result, last);
  }
  arena scratch = {0}; /* of its own: what was freed too early is found there */
  const void *bytes;
  must(ir_constant_bytes(&scratch, last->attrs.constant, &bytes));
  assert_memory_equal(bytes, expected.data, 12);
  arena_free(&scratch);
}

int main(void) {
#define FAMILY(name)  {name, check_family, NULL, tear_down, (void *)(uintptr_t)name ".graph"}
#define DAMAGED(name) {"damaged " name, damage_family, NULL, tear_down, (void *)(uintptr_t)name ".graph"}
#define TEST(name)    cmocka_unit_test_teardown(name, tear_down)
  const struct CMUnitTest tests[] = {
      FAMILY("elementwise"),
      FAMILY("movement"),
      FAMILY("reduction"),
      FAMILY("dedicated"),
      DAMAGED("elementwise"),
      DAMAGED("movement"),
      DAMAGED("reduction"),
      DAMAGED("dedicated"),
      TEST(symbols_come_from_input_shapes),
      TEST(wrong_inputs_are_refused),
      TEST(unknown_sizes_and_bad_indices_are_refused),
      TEST(misfits_at_run_time_are_refused),
      TEST(states_keep_what_is_appended),
      TEST(lazy_constants_are_made_when_asked_for),
      TEST(lazy_constants_are_what_graphs_compute),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
