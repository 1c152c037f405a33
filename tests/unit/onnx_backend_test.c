/*
 * The ONNX project's node tests: each model is imported, evaluated by the
 * reference evaluator and compared with the expected outputs. Skips where
 * shared/data is absent.
 *
 * ONNX_BACKEND_REPORT=1 prints a line for each test that did not pass,
 * ONNX_BACKEND_ONLY=PREFIX runs only those whose names begin so.
 */
#define _GNU_SOURCE
#include "ir/element.h"
#include "onnx/import.h"

#include <dirent.h>
#include <math.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

enum { MAX_TENSORS = 32, LEAST_PASSED = 1739, SKIPPED = 77 };

typedef enum { PASSED, WRONG, UNSUPPORTED, VERDICT_COUNT } verdict;
static const char *const verdict_names[] = {"passed", "wrong", "unsupported"};

/* One test: a folder with model.onnx and test_data_set_0/{input,output}_N.pb. */
typedef struct {
  arena memory;
  onnx_model *model;
  ir_graph *graph;
  const char *folder;
  onnx_form inputs[MAX_TENSORS]; /* of the model, in its order */
  size_t input_count;
  char reason[400];
} backend_case;

static verdict give_up(backend_case *t, verdict v, const char *format, ...) {
  va_list args;
  va_start(args, format);
  vsnprintf(t->reason, sizeof t->reason, format, args);
  va_end(args);
  return v;
}

/* ---- files ---- */

static const char *data_path(backend_case *t, const char *kind, size_t index) {
  return arena_format(&t->memory, "%s/test_data_set_0/%s_%zu.pb", t->folder, kind, index);
}

static status read_inputs(backend_case *t) {
  for (size_t i = 0; i < MAX_TENSORS && onnx_input_at(t->model, i); i++) {
    TRY(onnx_read_input(t->model, i, data_path(t, "input", i), &t->inputs[i]));
    t->input_count++;
  }
  return OK;
}

/* ---- one test ---- */

/* The suite's own bounds (1e-3 relative, 1e-7 absolute), wider where the dtype cannot do better. */
static bool is_close(ir_dtype dtype, double expected, double found) {
  if (isnan(expected) || isnan(found)) return isnan(expected) && isnan(found);
  if (isinf(expected) || isinf(found)) return expected == found;
  bool narrow = dtype == SMELT_F16 || dtype == SMELT_BF16;
  double relative = narrow ? 1e-2 : 1e-3, absolute = narrow ? 1e-3 : 2e-6;
  return fabs(expected - found) <= absolute + relative * fabs(expected);
}

static verdict compare(backend_case *t, size_t index, const ir_tensor *expected, const ir_tensor *found) {
  if (expected->dtype != found->dtype || expected->rank != found->rank) {
    return give_up(t, WRONG, "output %zu is %s of rank %d, not %s of rank %d", index,
                   ir_dtype_name(found->dtype), found->rank, ir_dtype_name(expected->dtype), expected->rank);
  }
  for (int i = 0; i < expected->rank; i++) {
    if (expected->dims[i] == found->dims[i]) continue;
    return give_up(t, WRONG, "output %zu: axis %d has size %lld, not %lld", index, i,
                   (long long)found->dims[i], (long long)expected->dims[i]);
  }
  for (int64_t i = 0; i < ir_tensor_count(expected); i++) {
    double x = element_double(expected->dtype, expected->data, i),
           y = element_double(found->dtype, found->data, i);
    if (is_close(expected->dtype, x, y)) continue;
    return give_up(t, WRONG, "output %zu: element %lld is %.9g, not %.9g", index, (long long)i, y, x);
  }
  return PASSED;
}

static verdict evaluate_and_compare(backend_case *t, const ir_tensor *inputs, size_t count) {
  ir_tensor outputs[MAX_TENSORS];
  onnx_form expected;
  if (count != t->graph->input_count)
    return give_up(t, WRONG, "the graph has %zu inputs", t->graph->input_count);
  if (t->graph->output_count > MAX_TENSORS) return give_up(t, UNSUPPORTED, "too many outputs");
  status s = ir_evaluate(&t->memory, t->graph, inputs, NULL, outputs);
  if (s) return give_up(t, WRONG, "evaluation: %s", s->cause);
  for (size_t i = 0, next = 0; onnx_output_form(t->model, i); i++) {
    const onnx_form *found = onnx_output_form(t->model, i);
    if (onnx_read_output(t->model, i, data_path(t, "output", i), &expected))
      return give_up(t, UNSUPPORTED, "output %zu is unreadable", i);
    if (found->kind != expected.kind || found->length != expected.length)
      return give_up(t, WRONG, "output %zu has %zu tensors, not %zu", i, found->length, expected.length);
    for (size_t k = 0; k < expected.length; k++, next++) {
      verdict v = compare(t, i, &expected.tensors[k], &outputs[next]);
      if (v != PASSED) return v;
    }
  }
  return PASSED;
}

static verdict run_case(backend_case *t) {
  ir_module *m = ir_module_new(&t->memory, t->folder);
  ir_tensor *inputs;
  size_t count;
  status s = onnx_open(m, arena_format(&t->memory, "%s/model.onnx", t->folder), &t->model);
  if (s) return give_up(t, UNSUPPORTED, "%s", s->cause);
  s = read_inputs(t);
  if (!s) s = onnx_import_for_data(t->model, t->inputs, t->input_count, &t->graph, &inputs, &count);
  if (s)
    return give_up(t, s->code == STATUS_DEFECT ? WRONG : UNSUPPORTED, "%s: %s", s->node ? s->node : "",
                   s->cause);
  return evaluate_and_compare(t, inputs, count);
}

/* ---- the suite ---- */

static char suite_folder[4096];

/* Unpacks the archive once per build folder; false where it is absent. */
static bool unpack_suite(void) {
  const char *source = getenv("SMELT_SOURCE"), *build = getenv("SMELT_BUILD");
  if (!source || !build) return false;
  char command[12000], archive[4200];
  snprintf(archive, sizeof archive, "%s/../shared/data/onnx-backend-tests.tar.gz", source);
  snprintf(suite_folder, sizeof suite_folder, "%s/onnx-backend/onnx/backend/test/data/node", build);
  if (file_is_folder(suite_folder)) return true;
  if (!file_exists(archive)) return false;
  snprintf(command, sizeof command, "mkdir -p '%s/onnx-backend' && tar xzf '%s' -C '%s/onnx-backend'", build,
           archive, build);
  return system(command) == 0 && file_is_folder(suite_folder);
}

static void node_tests_pass(void **state) {
  (void)state;
  size_t counts[VERDICT_COUNT] = {0};
  const char *only = getenv("ONNX_BACKEND_ONLY"), *report = getenv("ONNX_BACKEND_REPORT");
  struct dirent **entries;
  int entry_count = scandir(suite_folder, &entries, NULL, alphasort);
  assert_true(entry_count > 0);
  for (int i = 0; i < entry_count; i++) {
    const char *name = entries[i]->d_name;
    if (name[0] != '.' && (!only || strncmp(name, only, strlen(only)) == 0)) {
      backend_case t = {0};
      t.folder = file_join(&t.memory, suite_folder, name);
      verdict v = run_case(&t);
      counts[v]++;
      if (v == WRONG || (v == UNSUPPORTED && report))
        printf("%s: %s: %s\n", verdict_names[v], name, t.reason);
      onnx_close(t.model);
      arena_free(&t.memory);
    }
    free(entries[i]);
  }
  free(entries);
  printf("node tests: %zu passed, %zu wrong, %zu unsupported\n", counts[PASSED], counts[WRONG],
         counts[UNSUPPORTED]);
  assert_int_equal(counts[WRONG], 0);
  if (!only) assert_true(counts[PASSED] >= LEAST_PASSED);
}

int main(void) {
  if (!unpack_suite()) {
    printf("skipped: shared/data/onnx-backend-tests.tar.gz is absent\n");
    return SKIPPED;
  }
  const struct CMUnitTest tests[] = {cmocka_unit_test(node_tests_pass)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
