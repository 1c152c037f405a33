/*
 * control_test.c: loops, branches and measured sizes: text round trip, the
 * reference evaluator's results against numbers worked out by hand, and
 * machine code against the evaluator, in memory that ends where the plan says.
 */
#include "codegen/codegen.h" /* before cmocka.h, which makes `fail` a macro */
#include "driver/check.h"
#include "pass/pass.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { MOST_INPUTS = 4, MOST_OUTPUTS = 4, LIMIT = 12 };

/* Integer inputs, each with at most 6 elements; what the first output must be. */
typedef struct {
  int64_t dims[MOST_INPUTS]; /* elements of each; -1: a scalar */
  int64_t values[MOST_INPUTS][6];
  int64_t expected_count, expected[16];
} run_case;

static void check(status s) {
  if (s) fail_msg("%s: %s", s->node ? s->node : "", s->cause);
}

static ir_module *parse(arena *a, const char *source) {
  ir_module *m;
  check(ir_parse(a, "case", source, strlen(source), &m));
  text printed = {0}, again = {0};
  ir_module *reread;
  ir_print_module(&printed, m);
  check(ir_parse(a, "printed", printed.bytes, printed.count, &reread));
  ir_print_module(&again, reread);
  assert_string_equal(printed.bytes, again.bytes);
  text_free(&printed);
  text_free(&again);
  check(ir_verify(m->graphs[0]));
  return m;
}

static size_t read_inputs(arena *a, const ir_graph *g, const run_case *c, ir_tensor *inputs) {
  for (size_t i = 0; i < g->input_count; i++) {
    const ir_type *type = &g->inputs[i]->type;
    inputs[i] = (ir_tensor){.dtype = type->dtype, .rank = type->rank, .dims = {c->dims[i]}};
    int64_t count = type->rank ? c->dims[i] : 1;
    size_t bytes = ir_dtype_bytes(type->dtype);
    inputs[i].data = arena_array(a, (size_t)count + 1, bytes);
    for (int64_t k = 0; k < count; k++)
      memcpy((char *)inputs[i].data + (size_t)k * bytes, &c->values[i][k], bytes);
  }
  return g->input_count;
}

static void expect(const ir_tensor *t, const run_case *c, const char *who) {
  assert_int_equal(t->dtype, SMELT_I64);
  if (ir_tensor_count(t) != c->expected_count)
    fail_msg("%s gives %d elements, not %d", who, (int)ir_tensor_count(t), (int)c->expected_count);
  for (int64_t i = 0; i < c->expected_count; i++) {
    int64_t found = ((const int64_t *)t->data)[i];
    if (found != c->expected[i])
      fail_msg("%s: element %d is %d, not %d", who, (int)i, (int)found, (int)c->expected[i]);
  }
}

/* `tight`: sizes may become what they are in this case and no more; else LIMIT. */
static status run_code(arena *a, ir_module *m, const run_case *c, bool tight, ir_tensor *outputs) {
  ir_graph *g = m->graphs[0];
  ir_tensor inputs[MOST_INPUTS], evaluated[MOST_OUTPUTS];
  int64_t *symbols = ARENA_ARRAY(a, int64_t, ir_dim_symbol_count(m) + 1);
  plan_module *plan;
  codegen_loaded *code;
  read_inputs(a, g, c, inputs);
  check(ir_evaluate_sizes(a, g, inputs, NULL, evaluated, symbols));
  expect(&evaluated[0], c, "the evaluator");
  for (size_t i = 0; i < ir_dim_symbol_count(m); i++) {
    ir_dim symbol = ir_dim_symbol_at(m, i);
    ir_dim_set_maximum(m, symbol, tight ? symbols[i] : LIMIT);
  }
  check(pass_run_all(g, NULL, NULL));
  check(plan_make(m, &plan));
  check(codegen_load(a, plan, codegen_host_level(), &code));
  status s = check_execute(a, plan, codegen_loaded_entry(code, 0), inputs, symbols, outputs);
  codegen_unload(code);
  return s;
}

static void run_cases(const char *source, const run_case *cases, size_t count) {
  for (size_t i = 0; i < count; i++) {
    for (int tight = 0; tight < 2; tight++) {
      arena a = {0};
      ir_tensor outputs[MOST_OUTPUTS];
      check(run_code(&a, parse(&a, source), &cases[i], tight, outputs));
      expect(&outputs[0], &cases[i], tight ? "the code, without room to spare" : "the code");
      arena_free(&a);
    }
  }
}
#define RUN(source, ...)                                                                                     \
  do {                                                                                                       \
    static const run_case cases[] = {__VA_ARGS__};                                                           \
    run_cases(source, cases, sizeof cases / sizeof *cases);                                                  \
  } while (0)

/* Carried values that trade places, and one value of each turn. */
static const char fibonacci[] =
    "graph run(trip: i64[]) {\n"
    "  yes = const {1} : bool[]\n"
    "  zero = const {0} : i64[]\n"
    "  one = const {1} : i64[]\n"
    "  l = loop trip, yes, zero, one {list = [turn], body = step, carried = 2} : i64[]\n"
    "  n = measure l {list = [turns]} : i64[]\n"
    "  all = part l {dtype = i64, index = 2} : i64[turns]\n"
    "  return all = all\n"
    "}\n"
    "body step(a: i64[], b: i64[]) {\n"
    "  yes = const {1} : bool[]\n"
    "  c = add a, b : i64[]\n"
    "  return go = yes, a = b, b = c, kept = a\n"
    "}\n";

static void loops_carry_and_gather(void **state) {
  (void)state;
  RUN(fibonacci, {{-1}, {{7}}, 7, {0, 1, 1, 2, 3, 5, 8}}, {{-1}, {{1}}, 1, {0}}, {{-1}, {{0}}, 0, {0}},
      {{-1}, {{-3}}, 0, {0}});
}

/* A value that grows: its size is carried beside it. It ends when its sum passes the limit. */
static void carried_shapes_may_change(void **state) {
  (void)state;
  RUN("graph run(x: i64[s], most: i64[]) {\n"
      "  yes = const {1} : bool[]\n"
      "  trip = const {100} : i64[]\n"
      "  size = dims {list = [s]} : i64[1]\n"
      "  n = reshape size {shape = []} : i64[]\n"
      "  l = loop trip, yes, n, x, most {list = [turn], body = grow, carried = 2} : i64[]\n"
      "  m = part l {dtype = i64, index = 0} : i64[]\n"
      "  k = measure m {list = [after]} : i64[]\n"
      "  y = part l {dtype = i64, index = 1} : i64[after]\n"
      "  return y = y\n"
      "}\n"
      "body grow(n: i64[], x: i64[now], most: i64[]) {\n"
      "  k = measure n {list = [now]} : i64[]\n"
      "  one = const {1} : i64[]\n"
      "  sum = reduce_sum x {axes = [0]} : i64[1]\n"
      "  y = concat x, sum {axis = 0} : i64[now + 1]\n"
      "  next = add n, one : i64[]\n"
      "  flat = reshape sum : i64[]\n"
      "  go = lt flat, most : bool[]\n"
      "  return go = go, n = next, y = y\n"
      "}\n",
      {{2, -1}, {{1, 2}, {10}}, 5, {1, 2, 3, 6, 12}}, {{1, -1}, {{5}, {1}}, 2, {5, 5}},
      {{0, -1}, {{0}, {0}}, 1, {0}});
}

/* sum over i < n of sum over j < i of j, and the number of a turn as a size. */
static void loops_nest(void **state) {
  (void)state;
  RUN("graph run(n: i64[]) {\n"
      "  yes = const {1} : bool[]\n"
      "  zero = const {0} : i64[]\n"
      "  l = loop n, yes, zero {list = [i], body = outer, carried = 1} : i64[]\n"
      "  s = part l {dtype = i64, index = 0} : i64[]\n"
      "  return s = s\n"
      "}\n"
      "body outer(sum: i64[]) {\n"
      "  yes = const {1} : bool[]\n"
      "  list = dims {list = [i]} : i64[1]\n"
      "  trip = reshape list {shape = []} : i64[]\n"
      "  l = loop trip, yes, sum {list = [j], body = inner, carried = 1} : i64[]\n"
      "  s = part l {dtype = i64, index = 0} : i64[]\n"
      "  return go = yes, sum = s\n"
      "}\n"
      "body inner(sum: i64[]) {\n"
      "  yes = const {1} : bool[]\n"
      "  list = dims {list = [j]} : i64[1]\n"
      "  number = reshape list {shape = []} : i64[]\n"
      "  s = add sum, number : i64[]\n"
      "  return go = yes, sum = s\n"
      "}\n",
      {{-1}, {{5}}, 1, {10}}, {{-1}, {{2}}, 1, {0}}, {{-1}, {{0}}, 1, {0}});
}

/* The ways give different sizes, one of them a view of an input. */
static void branches_choose(void **state) {
  (void)state;
  RUN("graph run(which: bool[], x: i64[s]) {\n"
      "  b = branch which, x {body = then, otherwise = other} : i64[]\n"
      "  n = part b {dtype = i64, index = 0} : i64[]\n"
      "  k = measure n {list = [size]} : i64[]\n"
      "  y = part b {dtype = i64, index = 1} : i64[size]\n"
      "  z = neg y : i64[size]\n"
      "  return z = z\n"
      "}\n"
      "body then(x: i64[s]) {\n"
      "  y = concat x, x {axis = 0} : i64[2*s]\n"
      "  list = dims {list = [2*s]} : i64[1]\n"
      "  n = reshape list {shape = []} : i64[]\n"
      "  return n = n, y = y\n"
      "}\n"
      "body other(x: i64[s]) {\n"
      "  y = slice x {step = [-1], start = [s - 1]} : i64[s]\n"
      "  list = dims {list = [s]} : i64[1]\n"
      "  n = reshape list {shape = []} : i64[]\n"
      "  return n = n, y = y\n"
      "}\n",
      {{-1, 3}, {{1}, {1, 2, 3}}, 6, {-1, -2, -3, -1, -2, -3}}, {{-1, 3}, {{0}, {1, 2, 3}}, 3, {-3, -2, -1}});
}

static void sizes_beyond_the_limit_are_faults(void **state) {
  (void)state;
  static const run_case many = {
      {-1}, {{LIMIT + 1}}, LIMIT + 1, {0, 1, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89, 144}};
  arena a = {0};
  ir_tensor outputs[MOST_OUTPUTS];
  status s = run_code(&a, parse(&a, fibonacci), &many, false, outputs);
  assert_non_null(s);
  assert_string_equal(s->cause, "the code met a size of 12");
  arena_free(&a);
}

/* Bodies that do not fit are refused when the graph is verified. */
static void misfits_are_refused(void **state) {
  (void)state;
  static const char *const sources[] = {
      "graph run(n: i64[], c: bool[]) { l = loop n, c {list = [i], body = b} : i64[]\n return l = l }\n"
      "body b(x: i64[]) { return c = x }\n",
      "graph run(n: i64[], c: bool[]) { l = loop n, c {list = [i], body = b} : i64[]\n return l = l }\n"
      "body b() { x = const {1} : i64[]\n return c = x }\n",
      "graph run(c: bool[]) { l = branch c {body = a, otherwise = b} : i64[]\n"
      " p = part l {dtype = i64, index = 1} : i64[]\n return p = p }\n"
      "body a() { x = const {1} : i64[]\n return x = x }\nbody b() { x = const {1} : i64[]\n return x = x "
      "}\n",
  };
  for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) {
    arena a = {0};
    ir_module *m;
    check(ir_parse(&a, "case", sources[i], strlen(sources[i]), &m));
    assert_non_null(ir_verify(m->graphs[0]));
    arena_free(&a);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(loops_carry_and_gather),
      cmocka_unit_test(carried_shapes_may_change),
      cmocka_unit_test(loops_nest),
      cmocka_unit_test(branches_choose),
      cmocka_unit_test(sizes_beyond_the_limit_are_faults),
      cmocka_unit_test(misfits_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
