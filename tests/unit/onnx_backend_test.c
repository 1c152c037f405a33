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

enum { MAX_TENSORS = 32, LEAST_PASSED = 1605, SKIPPED = 77 };

typedef enum { PASSED, WRONG, UNSUPPORTED, VERDICT_COUNT } verdict;
static const char *const verdict_names[] = {"passed", "wrong", "unsupported"};

/* One test: a folder with model.onnx and test_data_set_0/{input,output}_N.pb. */
typedef struct {
  arena memory;
  onnx_model *model;
  ir_graph *graph;
  const char *folder;
  ir_tensor inputs[MAX_TENSORS]; /* of the model, in its order */
  const char *names[MAX_TENSORS];
  bool fixed[MAX_TENSORS]; /* given as a constant, because a size depends on it */
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

/* ---- tensors in files ---- */

static bool read_tensor(backend_case *t, const char *kind, size_t index, ir_tensor *tensor) {
  char path[4200];
  file_view view;
  snprintf(path, sizeof path, "%s/test_data_set_0/%s_%zu.pb", t->folder, kind, index);
  if (file_map(&t->memory, path, &view)) return false;
  const Onnx__TensorProto *proto = (const Onnx__TensorProto *)onnx_unpack(
      &t->memory, &onnx__tensor_proto__descriptor, view.bytes, view.count);
  file_unmap(&view);
  const ir_constant *constant;
  if (!proto || onnx_tensor_constant(t->model, proto, &constant)) return false;
  *tensor = (ir_tensor){.dtype = constant->type.dtype, .rank = constant->type.rank};
  for (int i = 0; i < tensor->rank; i++) ir_dim_is_const(constant->type.dims[i], &tensor->dims[i]);
  tensor->data =
      arena_copy(&t->memory, constant->data, (size_t)ir_tensor_count(tensor) * ir_dtype_bytes(tensor->dtype));
  return true;
}

static bool read_inputs(backend_case *t) {
  const Onnx__GraphProto *graph = t->model->proto->graph;
  for (size_t i = 0; i < graph->n_input && i < MAX_TENSORS; i++) {
    t->names[i] = onnx_text(graph->input[i]->name);
    if (!read_tensor(t, "input", i, &t->inputs[i])) return false;
    t->input_count++;
  }
  return true;
}

/* ---- one test ---- */

static bool is_size(const ir_tensor *t) {
  return ir_dtype_is_integer(t->dtype) && t->rank <= 1;
}

/* Imports with the inputs that `fixed` names as constants. */
static status import_case(backend_case *t) {
  onnx_constant_input constants[MAX_TENSORS];
  onnx_options options = {.constants = constants};
  for (size_t i = 0; i < t->input_count; i++) {
    if (!t->fixed[i]) continue;
    constants[options.constant_count++] = (onnx_constant_input){.name = t->names[i], .tensor = &t->inputs[i]};
  }
  return onnx_import_graph(t->model, &options, &t->graph);
}

static status import_with_known_sizes(backend_case *t) {
  status s = import_case(t);
  if (s && strstr(s->cause, "depends on data")) {
    for (size_t i = 0; i < t->input_count; i++) t->fixed[i] = is_size(&t->inputs[i]);
    s = import_case(t);
  }
  /* then single numbers too, then all vectors: scales, regions and choices that decide sizes */
  for (int more = 0; s && more < 2; more++) {
    for (size_t i = 0; i < t->input_count; i++) {
      const ir_tensor *x = &t->inputs[i];
      t->fixed[i] = ir_tensor_count(x) == 1 || is_size(x) || (more && i > 0 && x->rank <= 1);
    }
    if (!import_case(t)) return OK;
  }
  return s;
}

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

static verdict evaluate_and_compare(backend_case *t) {
  ir_tensor inputs[MAX_TENSORS], outputs[MAX_TENSORS], expected;
  size_t count = 0;
  for (size_t i = 0; i < t->input_count; i++) {
    if (!t->fixed[i]) inputs[count++] = t->inputs[i];
  }
  if (count != t->graph->input_count)
    return give_up(t, WRONG, "the graph has %zu inputs", t->graph->input_count);
  if (t->graph->output_count > MAX_TENSORS) return give_up(t, UNSUPPORTED, "too many outputs");
  status s = ir_evaluate(&t->memory, t->graph, inputs, NULL, outputs);
  if (s) return give_up(t, WRONG, "evaluation: %s", s->cause);
  for (size_t i = 0; i < t->graph->output_count; i++) {
    if (!read_tensor(t, "output", i, &expected))
      return give_up(t, UNSUPPORTED, "output %zu is unreadable", i);
    verdict v = compare(t, i, &expected, &outputs[i]);
    if (v != PASSED) return v;
  }
  return PASSED;
}

static verdict run_case(backend_case *t) {
  ir_module *m = ir_module_new(&t->memory, t->folder);
  status s = onnx_open(m, arena_format(&t->memory, "%s/model.onnx", t->folder), &t->model);
  if (s) return give_up(t, UNSUPPORTED, "%s", s->cause);
  if (!read_inputs(t)) return give_up(t, UNSUPPORTED, "an input is no tensor of a supported dtype");
  s = import_with_known_sizes(t);
  if (s)
    return give_up(t, s->code == STATUS_DEFECT ? WRONG : UNSUPPORTED, "%s: %s", s->node ? s->node : "",
                   s->cause);
  return evaluate_and_compare(t);
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
