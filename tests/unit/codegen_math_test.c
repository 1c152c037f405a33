/* The accuracy of generated exp, log, tanh, erf, sin, cos and pow over their whole range, and at the edges.
 */
#include "codegen_harness.h"

typedef struct {
  const char *op;
  double (*exact)(double);
  double low, high;       /* range of x */
  double ulps, ulps_wide; /* allowed error, f32 and f64, in units in the last place of the result ... */
  double floor;           /* ... or of this, where the result is smaller */
} function;

static const function FUNCTIONS[] = {
    {"exp", exp, -87, 88, 1.5, 2, 0},     {"log", log, 1e-30, 1e30, 2, 2, 0},
    {"log", log, 0.4, 2.5, 2, 2, 1e-3},   {"tanh", tanh, -12, 12, 4, 4, 0},
    {"tanh", tanh, -1e-3, 1e-3, 4, 4, 0}, {"erf", erf, -5, 5, 5, 8, 0},
    {"erf", erf, -1e-3, 1e-3, 5, 8, 0},   {"sin", sin, -1e4, 1e4, 2, 2, 1},
    {"atan", atan, -20, 20, 4, 4, 0},     {"atan", atan, -1e-3, 1e-3, 4, 4, 0},
    {"atan", atan, 1e-10, 1e10, 4, 4, 0}, {"cos", cos, -1e4, 1e4, 2, 2, 1},
    {"sin", sin, -1e-2, 1e-2, 2, 2, 0},
};
enum { FUNCTION_COUNT = sizeof FUNCTIONS / sizeof *FUNCTIONS, POINTS = 20011 };

static double ulp(double x, bool wide, double floor) {
  double size = fmax(fabs(x), floor);
  int exponent;
  frexp(size, &exponent);
  return ldexp(1, exponent - (wide ? 53 : 24));
}

static void check_function(const function *f, const smelt_image *image, int entry, bool wide) {
  static float x32[POINTS], y32[POINTS];
  static double x64[POINTS], y64[POINTS];
  for (int i = 0; i < POINTS; i++) {
    double t = (double)i / (POINTS - 1);
    bool spread = f->low > 0 && f->high / f->low > 1e6; /* evenly over the powers of two */
    x64[i] = spread ? f->low * pow(f->high / f->low, t) : f->low + (f->high - f->low) * t;
    x32[i] = (float)x64[i];
  }
  const void *inputs[] = {wide ? (const void *)x64 : (const void *)x32};
  smelt_frame frame = {
      .arena = wide ? (void *)y64 : (void *)y32, .inputs = inputs, .barrier = harness_barrier};
  image->levels[0].entries[entry](&frame, 0, 1);
  for (int i = 0; i < POINTS; i++) {
    double x = wide ? x64[i] : (double)x32[i], y = wide ? y64[i] : (double)y32[i], exact = f->exact(x);
    double error = fabs(y - exact) / ulp(exact, wide, f->floor);
    if (!(error <= (wide ? f->ulps_wide : f->ulps)))
      fail_msg("%s(%.17g) is %.17g, not %.17g: %.1f ulp", f->op, x, y, exact, error);
  }
}

static const smelt_image *compile(arena *a, const char *source, int level) {
  ir_module *m;
  harness_check(ir_parse(a, "math", source, strlen(source), &m));
  return harness_compile(a, harness_plan(a, m), codegen_target_host(), level);
}

static void whole_range(void **state) {
  (void)state;
  arena a = {0};
  text source = {0};
  for (int i = 0; i < FUNCTION_COUNT * 2; i++) {
    const char *dtype = i % 2 ? "f64" : "f32";
    text_print(&source, "graph f%d(x: %s[%d]) {\n  y = %s x : %s[%d]\n  return y = y\n}\n", i, dtype, POINTS,
               FUNCTIONS[i / 2].op, dtype, POINTS);
  }
  for (int level = 0; level < CODEGEN_MAX_LEVELS && codegen_target_host()->levels[level].cpu; level++) {
    const smelt_image *image = compile(&a, source.bytes, level);
    for (int i = 0; image && i < FUNCTION_COUNT * 2; i++) check_function(&FUNCTIONS[i / 2], image, i, i % 2);
  }
  text_free(&source);
  arena_free(&a);
}

/* op(x) (or pow(x, y)) = result, all f32. */
static const struct {
  const char *op;
  float x, y, result;
} EDGES[] = {
    {"exp", -INFINITY, 0, 0},
    {"exp", INFINITY, 0, INFINITY},
    {"exp", NAN, 0, NAN},
    {"exp", 1000, 0, INFINITY},
    {"exp", -1e30f, 0, 0},
    {"exp", 0, 0, 1},
    {"log", 0, 0, -INFINITY},
    {"log", -1, 0, NAN},
    {"log", INFINITY, 0, INFINITY},
    {"log", NAN, 0, NAN},
    {"log", 1, 0, 0},
    {"tanh", INFINITY, 0, 1},
    {"tanh", -INFINITY, 0, -1},
    {"tanh", NAN, 0, NAN},
    {"atan", INFINITY, 0, 1.57079637f},
    {"atan", NAN, 0, NAN},
    {"erf", INFINITY, 0, 1},
    {"erf", NAN, 0, NAN},
    {"sin", INFINITY, 0, NAN},
    {"cos", 0, 0, 1},
    {"sigmoid", -INFINITY, 0, 0},
    {"sigmoid", INFINITY, 0, 1},
    {"silu", INFINITY, 0, INFINITY},
    {"pow", -2, 3, -8},
    {"pow", -2, 2, 4},
    {"pow", -2, 0.5f, NAN},
    {"pow", 0, 0, 1},
    {"pow", 0, 2, 0},
    {"pow", 0, -1, INFINITY},
    {"pow", NAN, 0, 1},
    {"pow", 1, INFINITY, 1},
    {"pow", 9, 0.5f, 3},
};
enum { EDGE_COUNT = sizeof EDGES / sizeof *EDGES };

static void edges(void **state) {
  (void)state;
  arena a = {0};
  text source = {0};
  for (int i = 0; i < EDGE_COUNT; i++) {
    bool two = strcmp(EDGES[i].op, "pow") == 0;
    text_print(&source, "graph f%d(x: f32[9]%s) {\n  y = %s x%s : f32[9]\n  return y = y\n}\n", i,
               two ? ", p: f32[9]" : "", EDGES[i].op, two ? ", p" : "");
  }
  for (int level = 0; level < CODEGEN_MAX_LEVELS && codegen_target_host()->levels[level].cpu; level++) {
    const smelt_image *image = compile(&a, source.bytes, level);
    for (int i = 0; image && i < EDGE_COUNT; i++) {
      float x[9], p[9], y[9];
      for (int j = 0; j < 9; j++) x[j] = EDGES[i].x, p[j] = EDGES[i].y;
      const void *inputs[] = {x, p};
      smelt_frame frame = {.arena = (uint8_t *)y, .inputs = inputs, .barrier = harness_barrier};
      image->levels[0].entries[i](&frame, 0, 1);
      float want = EDGES[i].result;
      for (int j = 0; j < 9; j++)
        if (y[j] != want && !(isnan(y[j]) && isnan(want)) && !(fabsf(y[j] - want) <= 1e-6f * fabsf(want)))
          fail_msg("%s(%g, %g) is %g, not %g", EDGES[i].op, (double)x[j], (double)p[j], (double)y[j],
                   (double)want);
    }
  }
  text_free(&source);
  arena_free(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(whole_range), cmocka_unit_test(edges)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
