/*
 * pass_test.c: passes, text in and text out. Each file tests/passes/PASS/NAME.graph holds
 *
 *   # passes: masks attention        run in this order
 *   # precision: int8                of the module, if not f32
 *   # sizes: s = 2, past = 3         of the symbols, to evaluate with
 *   graph before(...) { ... }
 *   graph after(...) { ... }
 *
 * After the passes `before` must print as `after`, and both must compute the
 * same from random inputs.
 */
#include "pass/pass.h" /* before cmocka.h, which makes `fail` a macro */

#include <dirent.h>
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

static void must(const char *path, status s) {
  if (!s) return;
  fail_msg("%s: %s: %s: expected %s, found %s", path, or_empty(s->node), s->cause, or_empty(s->expected),
           or_empty(s->found));
}

/* ---- headers ---- */

/* What follows "# KEY:" on its line. */
static const char *header(const char *source, const char *key) {
  const char *at = strstr(source, arena_format(&memory, "# %s:", key));
  if (!at) return "";
  at += strlen(key) + 3;
  char *value = arena_text(&memory, at);
  value[strcspn(value, "\n")] = 0;
  return value;
}

static void run_passes(const char *path, ir_graph *g, const char *names) {
  char *rest = arena_text(&memory, names);
  int count = 0;
  for (char *name = strtok(rest, " "); name; name = strtok(NULL, " "), count++) {
    const pass_info *pass = pass_named(name);
    pass_report report = {0};
    if (!pass) fail_msg("%s: there is no pass '%s'", path, name);
    pass->run(g, &report);
    must(path, report.failed);
    must(path, ir_verify(g));
  }
  if (!count) fail_msg("%s: names no passes", path);
}

static ir_precision precision_named(const char *name) {
  name += strspn(name, " ");
  for (int p = 0; p < IR_PRECISION_COUNT; p++)
    if (strcmp(name, ir_precision_name((ir_precision)p)) == 0) return (ir_precision)p;
  return IR_PRECISION_F32;
}

static void bind_sizes(const char *path, ir_module *m, const char *sizes, int64_t *values) {
  char *rest = arena_text(&memory, sizes);
  for (char *item = strtok(rest, ","); item; item = strtok(NULL, ",")) {
    char name[64];
    long long value;
    if (sscanf(item, " %63s = %lld", name, &value) != 2) fail_msg("%s: cannot read size '%s'", path, item);
    values[ir_dim_symbol_index(ir_dim_symbol(m, name))] = value;
  }
}

/* ---- text ---- */

/* The first line that differs: cmocka cuts long texts. */
static void compare_text(const char *path, ir_graph *found, ir_graph *expected) {
  text x = {0}, y = {0};
  found->name = expected->name;
  ir_print(&x, found);
  ir_print(&y, expected);
  if (strcmp(x.bytes, y.bytes) != 0) print_message("%s: found\n%s\n", path, x.bytes);
  bool same = strcmp(x.bytes, y.bytes) == 0;
  text_free(&x);
  text_free(&y);
  if (!same) fail_msg("%s: the passes made another graph", path);
}

/* ---- numbers ---- */

static uint64_t random_state; /* every case starts from the same */

static double random_number(void) {
  random_state = random_state * 6364136223846793005u + 1442695040888963407u; /* Knuth, MMIX */
  return (double)(random_state >> 40) / (1 << 24) * 4 - 2;
}

static ir_tensor random_input(const ir_type *type, const int64_t *symbols) {
  ir_tensor t = {.dtype = type->dtype, .rank = type->rank};
  for (int i = 0; i < type->rank; i++) t.dims[i] = ir_dim_evaluate(type->dims[i], symbols);
  int64_t count = ir_tensor_count(&t);
  t.data = arena_alloc(&memory, (size_t)count * ir_dtype_bytes(t.dtype) + 1);
  for (int64_t i = 0; i < count; i++) {
    double x = random_number();
    /* masks hide little: an additive mask and a selecting one differ where all is hidden */
    element_set_double(t.dtype, t.data, i, ir_dtype_is_float(t.dtype) ? x : x > -1);
  }
  return t;
}

static void compare_values(const char *path, ir_graph *before, ir_graph *after, const int64_t *symbols) {
  ir_tensor inputs[8], found[8], expected[8];
  assert_true(before->input_count <= 8 && before->output_count <= 8 && before->output_count > 0);
  assert_int_equal(before->output_count, after->output_count);
  random_state = 1;
  for (size_t i = 0; i < before->input_count; i++)
    inputs[i] = random_input(&before->inputs[i]->type, symbols);
  must(path, ir_evaluate(&memory, before, inputs, NULL, expected));
  must(path, ir_evaluate(&memory, after, inputs, NULL, found));
  for (size_t k = 0; k < before->output_count; k++) {
    assert_int_equal(ir_tensor_count(&found[k]), ir_tensor_count(&expected[k]));
    for (int64_t i = 0; i < ir_tensor_count(&found[k]); i++) {
      double x = element_double(found[k].dtype, found[k].data, i);
      double y = element_double(expected[k].dtype, expected[k].data, i);
      bool same = x == y || fabs(x - y) <= 1e-5 * (1 + fabs(y)); /* NaN is not */
      if (!same) fail_msg("%s: output %d[%d] is %g, not %g", path, (int)k, (int)i, x, y);
    }
  }
}

static void check_case(const char *path) {
  file_view file;
  ir_module *m;
  must(path, file_map(&memory, path, &file));
  char *source = arena_copy(&memory, file.bytes, file.count + 1);
  source[file.count] = 0;
  must(path, ir_parse(&memory, path, source, file.count, &m));
  ir_graph *before = ir_module_find(m, "before"), *after = ir_module_find(m, "after");
  if (!before || !after) fail_msg("%s: holds no graphs before and after", path);
  must(path, ir_verify(before));
  must(path, ir_verify(after));
  ir_graph *work = ir_graph_clone(before, "work", NULL, NULL);
  m->precision = precision_named(header(source, "precision"));
  run_passes(path, work, header(source, "passes"));
  compare_text(path, work, after);
  int64_t symbols[16] = {0};
  bind_sizes(path, m, header(source, "sizes"), symbols);
  assert_true(ir_dim_symbol_count(m) <= 16);
  compare_values(path, before, work, symbols);
  file_unmap(&file);
}

/* ---- all cases ---- */

static int check_folder(const char *folder) {
  int count = 0;
  DIR *listing = opendir(folder);
  if (!listing) fail_msg("%s: cannot be listed", folder);
  for (struct dirent *entry; (entry = readdir(listing));) {
    char *path = file_join(&memory, folder, entry->d_name);
    if (entry->d_name[0] == '.') continue;
    if (file_is_folder(path)) {
      count += check_folder(path);
    } else if (strstr(entry->d_name, ".graph")) {
      check_case(path);
      count++;
    }
  }
  closedir(listing);
  return count;
}

static void test_cases(void **state) {
  (void)state;
  const char *root = getenv("SMELT_SOURCE");
  int count = check_folder(file_join(&memory, root ? root : ".", "tests/passes"));
  assert_true(count >= 55); /* none got lost */
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test_teardown(test_cases, tear_down)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
