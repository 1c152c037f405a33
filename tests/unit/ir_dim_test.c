/* ir_dim_test.c: symbolic dims: canonical form, division, bounds, bindings, text. */
#include "ir/ir.h" /* before cmocka.h, which makes `fail` a macro */

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static arena memory;
static ir_module module;

static int set_up(void **state) {
  (void)state;
  module = (ir_module){.arena = &memory};
  return 0;
}

static int tear_down(void **state) {
  (void)state;
  arena_free(&memory);
  return 0;
}

static ir_dim parse(const char *source) {
  size_t consumed;
  ir_dim d = ir_dim_parse(&module, source, strlen(source), &consumed);
  if (!d || consumed != strlen(source)) fail_msg("\"%s\" stops at %zu", source, consumed);
  return d;
}

static const char *print(ir_dim d) {
  text t = {0};
  ir_dim_print(&t, d);
  const char *copy = arena_text(&memory, t.bytes);
  text_free(&t);
  return copy;
}

/* Pairs of a source and its canonical form. */
static void check_forms(const char *const (*forms)[2], size_t count) {
  for (size_t i = 0; i < count; i++) {
    ir_dim d = parse(forms[i][0]);
    assert_string_equal(print(d), forms[i][1]);
    assert_ptr_equal(parse(print(d)), d);
  }
}
#define CHECK_FORMS(...)                                                                                     \
  do {                                                                                                       \
    static const char *const forms[][2] = {__VA_ARGS__};                                                     \
    check_forms(forms, sizeof forms / sizeof forms[0]);                                                      \
  } while (0)

static void sums_and_products_have_one_form(void **state) {
  (void)state;
  CHECK_FORMS({"0", "0"}, {"7 - 9", "-2"}, {"sequence + past", "past + sequence"}, {"a - a", "0"},
              {"1 + 4 * s * batch", "4*batch*s + 1"}, {"(a + b) * (a - b)", "a*a - b*b"},
              {"-s + 3", "-s + 3"}, {"2*(s+1) - 2", "2*s"}, {"`a b` + `x+y`", "`a b` + `x+y`"},
              {"`back\\`tick`", "`back\\`tick`"}, {"div", "div"});
  assert_true(ir_dim_is_symbol(parse("past")));
  assert_false(ir_dim_is_symbol(parse("past + 1")));
  assert_true(ir_dim_is(parse("p - p + 5"), 5));
}

static void division_is_exact_where_it_can_be(void **state) {
  (void)state;
  CHECK_FORMS({"(12*b*p + 12*b*s) / (b*p + b*s)", "12"}, {"(64*b*s) / (b*s)", "64"},
              {"(a*a - b*b) / (a + b)", "a - b"}, {"(4*s + 3) / 4", "s"}, {"(4*s + 5) / 4", "s + 1"},
              {"(6*s + 5) / 4", "s + div(2*s + 1, 4) + 1"}, {"(3*s) / (2*s)", "1"},
              {"(2*s*b) / (4*b)", "div(s, 2)"}, {"div(div(s, 2), 3)", "div(s, 6)"}, {"-7 / 2", "-3"},
              {"(0 - 7) / 2", "-4"}, {"s / 0", "0"}, {"(s + 1) / t", "div(s + 1, t)"},
              {"(b*s*768) / (b*s*12)", "64"}, {"floor(s / 2)", "div(s, 2)"},
              {"(s - 1) // 2 + 1", "div(s + 1, 2)"});
}

static void modulo_is_what_division_leaves(void **state) {
  (void)state;
  CHECK_FORMS({"(4*s + 7) % 4", "3"}, {"(5*s) % 4", "mod(s, 4)"}, {"s % 1", "0"}, {"(0 - 7) % 4", "1"},
              {"(b*s) % b", "0"}, {"mod(s, t)", "mod(s, t)"});
}

static void bounds_decide_minimum_and_maximum(void **state) {
  (void)state;
  ir_dim_set_maximum(&module, parse("n"), 2048);
  CHECK_FORMS({"max(p + s, s)", "p + s"}, {"max(1, s)", "max(s, 1)"}, {"min(s + 1, 1)", "1"},
              {"max(max(s, 1), 1)", "max(s, 1)"}, {"max(a, max(a, b))", "max(a, b)"}, {"min(n, 4096)", "n"},
              {"Max(n, 2048)", "2048"}, {"min(s, t) - min(t, s)", "0"}, {"n / 4096", "0"}, {"n % 4096", "n"});
  CHECK_FORMS({"s - max(s - 1, 0)", "min(s, 1)"}, {"s - min(s, 4)", "max(s - 4, 0)"},
              {"min(s - 5, 9223372036854775807)", "s - 5"},
              {"max(s - 5, 9223372036854775807)", "9223372036854775807"});
  ir_dim_set_minimum(&module, parse("w"), 1);
  CHECK_FORMS({"max(w - 1, 0)", "w - 1"}, {"min(w, 1)", "1"});
  int64_t lowest, highest;
  ir_dim_bounds(&module, parse("4*n - mod(s, 8) + 1"), &lowest, &highest);
  assert_int_equal(lowest, -6);
  assert_int_equal(highest, 8193);
  ir_dim_bounds(&module, parse("s*n"), &lowest, &highest);
  assert_int_equal(lowest, 0);
  assert_int_equal(highest, INT64_MAX);
  ir_dim_bounds(&module, parse("div(n, 2) - max(s, 3)"), &lowest, &highest);
  assert_int_equal(lowest, INT64_MIN);
  assert_int_equal(highest, 1021);
}

static void unify_reads_a_cut_backwards(void **state) {
  (void)state;
  assert_true(ir_dim_unify(&module, parse("s"), parse("max(total - past, 0)")));
  assert_true(ir_dim_equal(&module, parse("total"), parse("past + s")));
  assert_true(ir_dim_unify(&module, parse("max(a + b - c, 0)"), parse("n"))); /* no one whole: n is bound */
  assert_string_equal(print(ir_dim_resolve(&module, parse("a + b"))), "a + b");
}

static void unify_solves_for_the_only_symbol(void **state) {
  (void)state;
  static const struct {
    const char *equation, *constant, *symbol, *value; /* value NULL: no size fits */
  } cases[] = {
      {"2*twice + 3", "11", "twice", "4"},
      {"2*odd", "5", "odd", NULL},
      {"10 - less", "3", "less", "7"},
      {"div(frames - 1, 2) + 1", "1500", "frames", "3000"}, /* and 2999 */
      {"div(pixels - 16, 16) + 1", "14", "pixels", "224"},  /* up to 239 */
      {"div(none + 9, 3)", "2", "none", NULL},
      {"div(ragged + 2, 3)", "2", "ragged", "6"},
      {"8*max(div(nested - 3, 4), 0)", "40", "nested", "24"}, /* 23 to 26 */
      {"max(low, 1)", "1", "low", NULL},                      /* 0 or 1 */
      {"min(high, 512)", "77", "high", "77"},
      {"two*sizes", "12", "two", NULL},
      {"square*square", "9", "square", NULL},
      {"mod(rest, 4)", "1", "rest", NULL},
      {"4611686018427387904*huge - 9223372036854775806", "7", "huge", NULL},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    bool is_bound = ir_dim_unify(&module, parse(cases[i].equation), parse(cases[i].constant));
    assert_int_equal(is_bound, cases[i].value != NULL);
    assert_string_equal(print(ir_dim_resolve(&module, parse(cases[i].symbol))),
                        cases[i].value ? cases[i].value : cases[i].symbol);
  }
}

static void unify_binds_free_symbols_without_cycles(void **state) {
  (void)state;
  assert_true(ir_dim_unify(&module, parse("total"), parse("past + s")));
  assert_true(ir_dim_equal(&module, parse("total - past"), parse("s")));
  assert_false(ir_dim_unify(&module, parse("past"), parse("total + 1"))); /* past = past + s + 1 */
  assert_false(ir_dim_unify(&module, parse("s"), parse("s + 1")));
  assert_false(ir_dim_unify(&module, parse("3"), parse("4")));
  assert_false(ir_dim_unify(&module, parse("s*2"), parse("5")));
  assert_true(ir_dim_unify(&module, parse("s"), parse("other")));
  assert_true(ir_dim_bind(&module, parse("past"), parse("5")));
  assert_string_equal(print(ir_dim_resolve(&module, parse("2*total + other"))), "3*s + 10");
  assert_false(ir_dim_bind(&module, parse("past"), parse("6")));
  assert_false(ir_dim_bind(&module, parse("fresh"), parse("0 - 1")));
  assert_string_equal(print(ir_dim_resolve(&module, parse("div(total*b, b)"))), "s + 5");
}

static void substitution_simplifies(void **state) {
  (void)state;
  ir_dim d = parse("max(s, 1)*b + div(s + 3, t)");
  assert_string_equal(print(ir_dim_substitute(&module, d, parse("s"), parse("1"))), "b + div(4, t)");
  assert_string_equal(print(ir_dim_substitute(&module, parse("s + t"), parse("s"), parse("t + 1"))),
                      "2*t + 1");
}

typedef struct {
  int64_t stack[64];
  int height;
  const int64_t *values;
} machine;

static void step(void *user, ir_dim_op op, int64_t operand) {
  machine *vm = user;
  int64_t a, b;
  if (op == IR_DIM_CONST) {
    vm->stack[vm->height++] = operand;
    return;
  }
  if (op == IR_DIM_SYMBOL) {
    vm->stack[vm->height++] = vm->values[operand];
    return;
  }
  b = vm->stack[--vm->height];
  a = vm->stack[--vm->height];
  int64_t quotient = b ? a / b - (a % b != 0 && (a < 0) != (b < 0)) : 0;
  int64_t results[] = {[IR_DIM_ADD] = a + b,         [IR_DIM_MUL] = a * b,
                       [IR_DIM_DIV] = quotient,      [IR_DIM_MOD] = a - quotient * b,
                       [IR_DIM_MIN] = a < b ? a : b, [IR_DIM_MAX] = a > b ? a : b};
  vm->stack[vm->height++] = results[op];
}

/* Simplification must not change values: evaluates random expressions both ways. */
static void canonical_form_keeps_values(void **state) {
  (void)state;
  const char *names[] = {"a", "b", "c"};
  ir_dim_op ops[] = {IR_DIM_ADD, IR_DIM_MUL, IR_DIM_DIV, IR_DIM_MOD, IR_DIM_MIN, IR_DIM_MAX};
  ir_dim (*make[])(ir_module *, ir_dim, ir_dim) = {ir_dim_add, ir_dim_mul, ir_dim_div,
                                                   ir_dim_mod, ir_dim_min, ir_dim_max};
  uint64_t seed = 1;
  for (int round = 0; round < 5000; round++) {
    ir_dim dims[8];
    int64_t plain[8], values[3];
    for (int i = 0; i < 3; i++) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      dims[i] = ir_dim_symbol(&module, names[i]);
      plain[i] = values[ir_dim_symbol_index(dims[i])] = 1 + (int64_t)(seed >> 40) % 6;
      dims[3 + i] = ir_dim_const(&module, plain[3 + i] = (int64_t)(seed >> 33) % 7 - 2);
    }
    int count = 6;
    for (int i = 0; i < 7; i++) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      int op = (int)(seed >> 33) % 6, x = (int)(seed >> 40) % count, y = (int)(seed >> 50) % count,
          to = (int)(seed >> 58) % 7;
      machine vm = {.stack = {plain[x], plain[y]}, .height = 2};
      if ((ops[op] == IR_DIM_DIV || ops[op] == IR_DIM_MOD) && plain[y] == 0) continue; /* (a*b)/(a*b) is 1 */
      step(&vm, ops[op], 0);
      if (vm.stack[0] > 1000000 || vm.stack[0] < -1000000) continue;
      if (to >= count) to = count++;
      dims[to] = make[op](&module, dims[x], dims[y]);
      plain[to] = vm.stack[0];
      assert_int_equal(ir_dim_symbol_count(&module), 3); /* no unknowns: the limits are far off */
      assert_int_equal(ir_dim_evaluate(dims[to], values), plain[to]);
    }
  }
}

static void visiting_computes_the_value(void **state) {
  (void)state;
  ir_dim d = parse("3*a*a - b + div(a + 7, b) * max(a, b) - mod(a, 3) + min(a*b, 9) + 0");
  int64_t values[2] = {4, 3};
  machine vm = {.values = values};
  ir_dim_visit_postfix(d, step, &vm);
  assert_int_equal(vm.height, 1);
  assert_int_equal(vm.stack[0], ir_dim_evaluate(d, values));
  assert_int_equal(vm.stack[0], 3 * 16 - 3 + 3 * 4 - 1 + 9);
}

static void absurd_sizes_neither_overflow_nor_explode(void **state) {
  (void)state;
  ir_dim huge = parse("9223372036854775807");
  assert_true(ir_dim_is(ir_dim_mul(&module, huge, huge), INT64_MAX));
  assert_true(ir_dim_is(ir_dim_mul(&module, huge, parse("-2")), INT64_MIN));
  assert_true(ir_dim_is(parse("99999999999999999999999"), INT64_MAX));
  ir_dim_bounds(&module, parse("s*9223372036854775807 + s*9223372036854775807"), &(int64_t){0},
                &(int64_t){0});
  ir_dim_div(&module, ir_dim_const(&module, INT64_MIN), ir_dim_const(&module, -1));
  ir_dim_mod(&module, ir_dim_const(&module, INT64_MIN), ir_dim_const(&module, -1));

  ir_dim d = parse("a + b + c + d + e + f");
  for (int i = 0; i < 20; i++) d = ir_dim_mul(&module, d, d);
  d = parse("a");
  for (int i = 0; i < 10000; i++) d = ir_dim_div(&module, ir_dim_add(&module, d, parse("b")), parse("c"));
  d = parse("a");
  for (int i = 0; i < 200; i++)
    d = ir_dim_min(&module, ir_dim_mul(&module, d, d), ir_dim_add(&module, d, parse("b")));
  ir_dim first = parse("z0"), last = first;
  for (int i = 1; i < 100000; i++) {
    char name[16];
    snprintf(name, sizeof name, "z%d", i);
    ir_dim next = ir_dim_symbol(&module, name);
    ir_dim_unify(&module, last, ir_dim_add(&module, next, parse("1"))); /* a chain, bound from its end */
    last = next;
  }
  assert_non_null(ir_dim_resolve(&module, first));
}

static void mistakes_are_placed(void **state) {
  (void)state;
  static const struct {
    const char *source;
    size_t at;
  } cases[] = {{"", 0}, {"a + ", 4}, {"a + ]", 4}, {"(a", 2}, {"min(a)", 5}, {"`open", 0}, {"``", 2}};
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    size_t consumed;
    assert_null(ir_dim_parse(&module, cases[i].source, strlen(cases[i].source), &consumed));
    assert_int_equal(consumed, cases[i].at);
  }
  char deep[4000];
  memset(deep, '(', sizeof deep);
  size_t consumed;
  assert_null(ir_dim_parse(&module, deep, sizeof deep, &consumed));
  assert_ptr_equal(ir_dim_parse(&module, "a, b", 4, &consumed), parse("a"));
  assert_int_equal(consumed, 1);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(sums_and_products_have_one_form),
      TEST(division_is_exact_where_it_can_be),
      TEST(modulo_is_what_division_leaves),
      TEST(bounds_decide_minimum_and_maximum),
      TEST(unify_binds_free_symbols_without_cycles),
      TEST(unify_reads_a_cut_backwards),
      TEST(unify_solves_for_the_only_symbol),
      TEST(substitution_simplifies),
      TEST(canonical_form_keeps_values),
      TEST(visiting_computes_the_value),
      TEST(absurd_sizes_neither_overflow_nor_explode),
      TEST(mistakes_are_placed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
