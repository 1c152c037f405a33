/* Loop nests against the reference evaluator: every class of node, odd sizes, every level of this machine. */
#include "codegen_harness.h"

static void broadcasting(void **state) {
  (void)state;
  harness_run("graph add(x: f32[S, 24], y: f32[24]) {\n"
              "  y2 = reshape y {shape = [1, 24]} : f32[1, 24]\n"
              "  z = add x, y2 : f32[S, 24]\n"
              "  return z = z\n"
              "}\n"
              "graph chain(x: f32[3, S, 7], c: f32[3, 1, 7]) {\n"
              "  a = mul x, c : f32[3, S, 7]\n"
              "  b = sub a, x : f32[3, S, 7]\n"
              "  t = tanh b : f32[3, S, 7]\n"
              "  return z = t\n"
              "}\n"
              "graph whole(x: f32[S, 33, 5], y: f32[S, 33, 5], k: f32[1, 1, 1]) {\n"
              "  a = mul x, y : f32[S, 33, 5]\n"
              "  b = add a, k : f32[S, 33, 5]\n"
              "  return z = b\n"
              "}\n"
              "graph scalar(x: f32[], y: f32[]) {\n"
              "  a = div x, y : f32[]\n"
              "  return z = a\n"
              "}\n"
              "graph columns(x: f32[S, 40], y: f32[S, 1]) {\n"
              "  a = mul x, y : f32[S, 40]\n"
              "  return z = a\n"
              "}\n");
}

/* One graph per operator, the operand a vector with a tail. */
static void add_unary(text *t, const char *op, const char *dtype, const char *result) {
  text_print(t, "graph %s_%s(x: %s[S, 11]) {\n  y = %s x : %s[S, 11]\n  return y = y\n}\n", op, dtype, dtype,
             op, result);
}

static void unary_operators(void **state) {
  (void)state;
  static const char *const FLOAT_OPS[] = {"identity", "neg",       "abs",  "sign",  "floor",      "ceil",
                                          "round",    "exp",       "sqrt", "rsqrt", "reciprocal", "log",
                                          "sin",      "cos",       "tanh", "erf",   "sigmoid",    "relu",
                                          "gelu",     "gelu_tanh", "silu", "atan"};
  static const char *const INT_OPS[] = {"identity", "neg", "abs", "sign", "relu"};
  text t = {0};
  for (size_t i = 0; i < sizeof FLOAT_OPS / sizeof *FLOAT_OPS; i++) {
    add_unary(&t, FLOAT_OPS[i], "f32", "f32");
    add_unary(&t, FLOAT_OPS[i], "f64", "f64");
  }
  for (size_t i = 0; i < sizeof INT_OPS / sizeof *INT_OPS; i++) {
    add_unary(&t, INT_OPS[i], "i64", "i64");
    add_unary(&t, INT_OPS[i], "i8", "i8");
  }
  add_unary(&t, "not", "bool", "bool");
  add_unary(&t, "is_nan", "f32", "bool");
  harness_run(t.bytes);
  text_free(&t);
}

static void add_binary(text *t, const char *op, const char *dtype, const char *result) {
  text_print(t, "graph %s_%s(x: %s[S, 11], y: %s[S, 11]) {\n  z = %s x, y : %s[S, 11]\n  return z = z\n}\n",
             op, dtype, dtype, dtype, op, result);
}

static void binary_operators(void **state) {
  (void)state;
  static const char *const ARITHMETIC[] = {"add", "sub", "mul", "div", "fmod", "min", "max"};
  static const char *const COMPARE[] = {"eq", "ne", "lt", "le", "gt", "ge"};
  static const char *const BITS[] = {"bit_and", "bit_or", "bit_xor", "shift_left", "shift_right"};
  static const char *const LOGIC[] = {"and", "or", "xor"};
  static const char *const DTYPES[] = {"f32", "f64", "i64", "i32", "u8"};
  text t = {0};
  for (size_t d = 0; d < sizeof DTYPES / sizeof *DTYPES; d++) {
    for (size_t i = 0; i < sizeof ARITHMETIC / sizeof *ARITHMETIC; i++)
      add_binary(&t, ARITHMETIC[i], DTYPES[d], DTYPES[d]);
    for (size_t i = 0; i < sizeof COMPARE / sizeof *COMPARE; i++)
      add_binary(&t, COMPARE[i], DTYPES[d], "bool");
  }
  for (size_t i = 0; i < sizeof LOGIC / sizeof *LOGIC; i++) add_binary(&t, LOGIC[i], "bool", "bool");
  for (size_t i = 0; i < sizeof BITS / sizeof *BITS; i++) {
    add_binary(&t, BITS[i], "i32", "i32");
    add_binary(&t, BITS[i], "i8", "i8");
    add_binary(&t, BITS[i], "u64", "u64");
  }
  add_binary(&t, "mod", "i64", "i64");
  add_binary(&t, "mod", "i16", "i16");
  add_binary(&t, "pow", "f32", "f32");
  add_binary(&t, "pow", "f64", "f64");
  harness_run(t.bytes);
  text_free(&t);
}

static void casts(void **state) {
  (void)state;
  static const char *const DTYPES[] = {"f32", "f64", "f16", "bf16", "i64", "i32", "i8", "bool"};
  enum { COUNT = sizeof DTYPES / sizeof *DTYPES };
  text t = {0};
  for (size_t i = 0; i < COUNT; i++)
    for (size_t j = 0; j < COUNT; j++)
      text_print(
          &t, "graph cast_%s_%s(x: %s[S, 11]) {\n  y = cast x {dtype = %s} : %s[S, 11]\n  return y = y\n}\n",
          DTYPES[i], DTYPES[j], DTYPES[i], DTYPES[j], DTYPES[j]);
  static const char *const PAIRS[][2] = {{"f32", "i32"},  {"u32", "f32"}, {"f16", "u16"},
                                         {"i16", "bf16"}, {"f64", "i64"}, {"u8", "i8"}};
  for (size_t i = 0; i < sizeof PAIRS / sizeof *PAIRS; i++)
    text_print(&t,
               "graph bits_%s(x: %s[S, 11]) {\n  y = bitcast x {dtype = %s} : %s[S, 11]\n  return y = y\n}\n",
               PAIRS[i][0], PAIRS[i][0], PAIRS[i][1], PAIRS[i][1]);
  text_print(&t,
             "graph half(x: f16[S, 20], y: f16[S, 20]) {\n  z = mul x, y : f16[S, 20]\n  return z = z\n}\n");
  text_print(
      &t, "graph brain(x: bf16[S, 20], y: bf16[S, 20]) {\n  z = add x, y : bf16[S, 20]\n  return z = z\n}\n");
  harness_run(t.bytes);
  text_free(&t);
}

/* Beyond the narrow type's limits, and NaN where x is negative. */
static void narrowing_saturates(void **state) {
  (void)state;
  static const char *const DTYPES[] = {"i8", "u8", "i16", "u16"};
  text t = {0};
  for (size_t i = 0; i < sizeof DTYPES / sizeof *DTYPES; i++) {
    text_print(
        &t,
        "graph beyond_%s(x: f32[S, 11]) {\n  k = const {50000} : f32[1, 1]\n  a = mul x, k : f32[S, 11]\n"
        "  y = cast a {dtype = %s} : %s[S, 11]\n  return y = y\n}\n",
        DTYPES[i], DTYPES[i], DTYPES[i]);
    text_print(&t,
               "graph nan_%s(x: f32[S, 11]) {\n  a = sqrt x : f32[S, 11]\n"
               "  y = cast a {dtype = %s} : %s[S, 11]\n  return y = y\n}\n",
               DTYPES[i], DTYPES[i], DTYPES[i]);
  }
  harness_run(t.bytes);
  text_free(&t);
}

static void movement(void **state) {
  (void)state;
  harness_run("graph heads(x: f32[1, S, 24]) {\n"
              "  a = reshape x {shape = [1, S, 3, 8]} : f32[1, S, 3, 8]\n"
              "  b = transpose a {perm = [0, 2, 1, 3]} : f32[1, 3, S, 8]\n"
              "  return z = b\n"
              "}\n"
              "graph unheads(x: f32[2, 3, S, 8]) {\n"
              "  a = transpose x {perm = [0, 2, 1, 3]} : f32[2, S, 3, 8]\n"
              "  b = reshape a {shape = [2, S, 24]} : f32[2, S, 24]\n"
              "  return z = b\n"
              "}\n"
              "graph odd_split(x: f32[S, 15]) {\n"
              "  a = reshape x {shape = [S, 5, 3]} : f32[S, 5, 3]\n"
              "  b = transpose a {perm = [2, 1, 0]} : f32[3, 5, S]\n"
              "  return z = b\n"
              "}\n"
              "graph flat(x: f32[S, 6]) {\n"
              "  a = reshape x {shape = [6 * S]} : f32[6*S]\n"
              "  b = neg a : f32[6*S]\n"
              "  return z = b\n"
              "}\n"
              "graph slices(x: f32[S, 40]) {\n"
              "  a = slice x {start = [0, 1], step = [1, 1], shape = [S, 16]} : f32[S, 16]\n"
              "  b = slice x {start = [0, 39], step = [1, -2], shape = [S, 16]} : f32[S, 16]\n"
              "  c = add a, b : f32[S, 16]\n"
              "  return z = c\n"
              "}\n"
              "graph expand(x: f32[S, 1, 9]) {\n"
              "  a = expand x {shape = [S, 4, 9]} : f32[S, 4, 9]\n"
              "  return z = a\n"
              "}\n"
              "graph rotate_half(x: f32[S, 64]) {\n"
              "  a = slice x {start = [0, 0], step = [1, 1], shape = [S, 32]} : f32[S, 32]\n"
              "  b = slice x {start = [0, 32], step = [1, 1], shape = [S, 32]} : f32[S, 32]\n"
              "  n = neg b : f32[S, 32]\n"
              "  c = concat n, a {axis = 1} : f32[S, 64]\n"
              "  return z = c\n"
              "}\n"
              "graph concat_odd(x: f32[S, 5], y: f32[S, 6], w: f32[S, 7]) {\n"
              "  a = concat x, y, w {axis = 1} : f32[S, 18]\n"
              "  b = neg a : f32[S, 18]\n"
              "  return z = b\n"
              "}\n"
              "graph concat_rows(x: f32[P, 20], y: f32[S, 20]) {\n"
              "  a = concat x, y {axis = 0} : f32[P + S, 20]\n"
              "  return z = a\n"
              "}\n"
              "graph concat_last(x: f32[3, P], y: f32[3, S]) {\n"
              "  a = concat x, y {axis = 1} : f32[3, P + S]\n"
              "  return z = a\n"
              "}\n"
              "graph pad_odd(x: f32[S, 9]) {\n"
              "  a = pad x {start = [1, 2], shape = [S + 3, 14], value = 0.5} : f32[S + 3, 14]\n"
              "  return z = a\n"
              "}\n"
              "graph pad_rows(x: f32[S, 16], p: f32[P]) {\n"
              "  a = pad x {start = [P, 0], shape = [P + S, 16], value = -1} : f32[P + S, 16]\n"
              "  return z = a\n"
              "}\n"
              "graph embed(x: f32[16, 24], i: i64[1, S]) {\n"
              "  a = gather x, i {axis = 0} : f32[1, S, 24]\n"
              "  return z = a\n"
              "}\n"
              "graph gather_last(x: f32[S, 16], i: i32[5]) {\n"
              "  a = gather x, i {axis = 1} : f32[S, 5]\n"
              "  return z = a\n"
              "}\n"
              "graph gather_wide(x: f32[3, 16], i: i64[S, 17]) {\n"
              "  a = gather x, i {axis = 1} : f32[3, S, 17]\n"
              "  return z = a\n"
              "}\n");
}

static void sources(void **state) {
  (void)state;
  harness_run("graph positions() {\n"
              "  a = iota {shape = [1, 40], axis = 1, start = [3], step = [2]} : i64[1, 40]\n"
              "  return z = a\n"
              "}\n"
              "graph mask(x: f32[S, P + S], p: f32[P]) {\n"
              "  q = iota {shape = [S, 1], axis = 0, start = [P], step = [1]} : i64[S, 1]\n"
              "  k = iota {shape = [1, P + S], axis = 1, start = [0], step = [1]} : i64[1, P + S]\n"
              "  c = le k, q : bool[S, P + S]\n"
              "  low = const {-3.4e38} : f32[]\n"
              "  l2 = reshape low {shape = [1, 1]} : f32[1, 1]\n"
              "  m = select c, x, l2 : f32[S, P + S]\n"
              "  return z = m\n"
              "}\n"
              "graph table(x: f32[S, 5]) {\n"
              "  t = const {1, 2, 3, 4, 5} : f32[1, 5]\n"
              "  y = mul x, t : f32[S, 5]\n"
              "  return z = y\n"
              "}\n"
              "graph sizes(x: i64[3], s: f32[S], p: f32[P]) {\n"
              "  d = dims {list = [S, P + 2, 7]} : i64[3]\n"
              "  y = add x, d : i64[3]\n"
              "  return z = y\n"
              "}\n");
}

static void reductions(void **state) {
  (void)state;
  harness_run("graph sum_last(x: f32[S, 77]) {\n"
              "  a = reduce_sum x {axes = [1]} : f32[S, 1]\n"
              "  return z = a\n"
              "}\n"
              "graph mean_square(x: f32[S, 3, 40]) {\n"
              "  q = mul x, x : f32[S, 3, 40]\n"
              "  a = reduce_mean q {axes = [2]} : f32[S, 3, 1]\n"
              "  r = rsqrt a : f32[S, 3, 1]\n"
              "  return z = r\n"
              "}\n"
              "graph centred(x: f32[S, 40]) {\n"
              "  a = reduce_mean x {axes = [1]} : f32[S, 1]\n"
              "  c = sub x, a : f32[S, 40]\n"
              "  return z = c\n"
              "}\n"
              "graph sum_first(x: f32[S, 29]) {\n"
              "  a = reduce_sum x {axes = [0]} : f32[1, 29]\n"
              "  return z = a\n"
              "}\n"
              "graph sum_all(x: f32[S, 5, 13]) {\n"
              "  a = reduce_sum x {axes = [0, 1, 2]} : f32[1, 1, 1]\n"
              "  return z = a\n"
              "}\n"
              "graph sum_middle(x: f32[2, S, 3, 9]) {\n"
              "  a = reduce_sum x {axes = [1, 2]} : f32[2, 1, 1, 9]\n"
              "  return z = a\n"
              "}\n"
              "graph product(x: f64[3, 6]) {\n"
              "  a = reduce_prod x {axes = [1]} : f64[3, 1]\n"
              "  return z = a\n"
              "}\n"
              "graph largest(x: f32[4, 50]) {\n"
              "  a = reduce_max x {axes = [1]} : f32[4, 1]\n"
              "  return z = a\n"
              "}\n"
              "graph smallest_int(x: i32[4, 50]) {\n"
              "  a = reduce_min x {axes = [1]} : i32[4, 1]\n"
              "  return z = a\n"
              "}\n"
              "graph best(x: f32[S, 61]) {\n"
              "  a = arg_max x {axis = 1} : i64[S, 1]\n"
              "  return z = a\n"
              "}\n"
              "graph best_ties(x: i32[S, 61]) {\n"
              "  a = arg_max x {axis = 1} : i64[S, 1]\n"
              "  return z = a\n"
              "}\n"
              "graph worst_first(x: i32[9, 21]) {\n"
              "  a = arg_min x {axis = 0} : i64[1, 21]\n"
              "  return z = a\n"
              "}\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(broadcasting),
      cmocka_unit_test(unary_operators),
      cmocka_unit_test(binary_operators),
      cmocka_unit_test(casts),
      cmocka_unit_test(narrowing_saturates),
      cmocka_unit_test(movement),
      cmocka_unit_test(sources),
      cmocka_unit_test(reductions),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
