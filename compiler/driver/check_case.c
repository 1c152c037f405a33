/* check_case.c: one backend test through the whole compiler: import, passes, plan, code, answers. */
#include "driver/check.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "ir/element.h"
#include "onnx/onnx.h"
#include "pass/pass.h"

enum { MOST_TENSORS = 64 };

/* One data set of one test. Compiled for each set anew: inputs that are sizes become constants. */
typedef struct {
  arena memory;
  int level;
  check_result *result;
  const char *path, *set; /* of the test, of the data set */
  bool is_light; /* a model without data sets (check.h): of a size that the evaluator needs minutes for */
  ir_module *module;
  onnx_model *model;
  ir_graph *graph;
  ir_tensor inputs[MOST_TENSORS]; /* of the model, in its order */
  bool fixed[MOST_TENSORS];       /* given as a constant, because a size depends on it */
  size_t input_count;
  ir_tensor free_inputs[MOST_TENSORS]; /* of the graph: those that are not fixed */
  size_t free_count;
  int64_t *symbols;
  plan_module *plan;
  codegen_loaded *code;
  ir_tensor evaluated[MOST_TENSORS], computed[MOST_TENSORS];
} check_run_state;

/* ---- reading ---- */

static char *tensor_path(check_run_state *c, const char *kind, size_t index) {
  if (c->is_light) {
    int stem = (int)(strlen(c->path) - strlen(".onnx"));
    return arena_format(&c->memory, "%.*s_%s_%zu.pb", stem, c->path, kind, index);
  }
  return arena_format(&c->memory, "%s/%s_%zu.pb", c->set, kind, index);
}

static status read_inputs(check_run_state *c) {
  if (c->is_light) return OK;
  for (size_t i = 0; i < MOST_TENSORS && onnx_input_at(c->model, i); i++) {
    const char *path = tensor_path(c, "input", i);
    if (!file_exists(path)) {
      return fail(&c->memory, STATUS_INPUT, "no data for input %zu, %s", i, onnx_input_at(c->model, i));
    }
    TRY(onnx_read_tensor(c->model, path, &c->inputs[i]));
    c->input_count++;
  }
  return OK;
}

static status import(check_run_state *c) {
  onnx_constant_input constants[MOST_TENSORS];
  onnx_options options = {.constants = constants};
  for (size_t i = 0; i < c->input_count; i++) {
    if (!c->fixed[i]) continue;
    constants[options.constant_count++] =
        (onnx_constant_input){.name = onnx_input_at(c->model, i), .tensor = &c->inputs[i]};
  }
  return onnx_import_graph(c->model, &options, &c->graph);
}

/* Suites made before ONNX 1.13 keep bfloat16 in tensors of uint16. */
static ir_tensor as_declared(ir_tensor t, ir_dtype declared) {
  if (t.dtype == SMELT_U16 && declared == SMELT_BF16) t.dtype = declared;
  return t;
}

/* A few old tests have data that their own models contradict. */
static status check_declared(check_run_state *c, const ir_value *input, const ir_tensor *given) {
  bool same = given->dtype == input->type.dtype && given->rank == input->type.rank;
  for (int d = 0; same && d < given->rank; d++) {
    int64_t size;
    same = !ir_dim_is_const(ir_dim_resolve(c->module, input->type.dims[d]), &size) || size == given->dims[d];
  }
  return same ? OK
              : fail(&c->memory, STATUS_INPUT, "the data of input '%s' is not what the model declares",
                     input->name);
}

static bool could_be_sizes(const ir_tensor *t) {
  return ir_dtype_is_integer(t->dtype) && t->rank <= 1;
}

/*
 * First with all inputs free, then with those that may be sizes fixed, then with every single number too,
 * then with all vectors (scales, regions, choices): a program has its sizes at build time, where a test's
 * model takes them as inputs.
 */
static status import_with_known_sizes(check_run_state *c, status unread) {
  status first = import(c);
  if (!first || unread) return first ? first : unread;
  for (int more = 0; more < 3; more++) {
    for (size_t i = 0; i < c->input_count; i++) {
      const ir_tensor *t = &c->inputs[i];
      c->fixed[i] =
          could_be_sizes(t) || (more > 0 && ir_tensor_count(t) == 1) || (more > 1 && i > 0 && t->rank <= 1);
    }
    /* Only the last graph counts. */
    c->module->graph_count = 0;
    if (!import(c)) return OK;
  }
  return first;
}

/* Light models are run on i / n for element i of n, as the ONNX project's own runner does; symbolic sizes
 * are 1. */
static void make_inputs(check_run_state *c) {
  for (; c->input_count < c->graph->input_count && c->input_count < MOST_TENSORS; c->input_count++) {
    const ir_type *type = &c->graph->inputs[c->input_count]->type;
    ir_tensor *t = &c->inputs[c->input_count];
    *t = (ir_tensor){.dtype = type->dtype, .rank = type->rank};
    for (int d = 0; d < type->rank; d++) {
      if (!ir_dim_is_const(ir_dim_resolve(c->module, type->dims[d]), &t->dims[d])) t->dims[d] = 1;
    }
    int64_t count = ir_tensor_count(t);
    t->data = arena_array(&c->memory, (size_t)count, ir_dtype_bytes(t->dtype));
    for (int64_t i = 0; i < count; i++) element_set_double(t->dtype, t->data, i, (double)i / (double)count);
  }
}

static status read_and_import(check_run_state *c) {
  c->result->stage = CHECK_IMPORTING;
  c->module = ir_module_new(&c->memory, c->path);
  const char *model = c->is_light ? c->path : file_join(&c->memory, c->path, "model.onnx");
  TRY(onnx_open(c->module, model, &c->model));
  c->result->stage = CHECK_READING;
  status unread = read_inputs(c);
  c->result->stage = CHECK_IMPORTING;
  TRY(import_with_known_sizes(c, unread));
  if (c->is_light) make_inputs(c);
  for (size_t i = 0; i < c->input_count; i++) {
    if (!c->fixed[i]) c->free_inputs[c->free_count++] = c->inputs[i];
  }
  bool fits = c->free_count == c->graph->input_count && c->graph->output_count <= MOST_TENSORS;
  for (size_t i = 0; fits && i < c->free_count; i++) {
    c->free_inputs[i] = as_declared(c->free_inputs[i], c->graph->inputs[i]->type.dtype);
    TRY(check_declared(c, c->graph->inputs[i], &c->free_inputs[i]));
  }
  if (fits) return OK;
  return fail(&c->memory, STATUS_DEFECT, "the graph has %zu inputs and %zu outputs", c->graph->input_count,
              c->graph->output_count);
}

/* ---- compiling ---- */

/*
 * Symbols have the sizes of this data set, and these are the largest they can have: memory is as tight as can
 * be. Sizes that are computed have been in c->symbols since the evaluation.
 */
static void bind_symbols(check_run_state *c) {
  ir_module *m = c->module;
  size_t count = ir_dim_symbol_count(m);
  for (size_t i = 0; i < c->free_count; i++) {
    for (int d = 0; d < c->graph->inputs[i]->type.rank; d++) {
      ir_dim dim = ir_dim_resolve(m, c->graph->inputs[i]->type.dims[d]);
      if (ir_dim_is_symbol(dim)) c->symbols[ir_dim_symbol_index(dim)] = c->free_inputs[i].dims[d];
    }
  }
  for (size_t i = 0; i < count; i++) ir_dim_set_maximum(m, ir_dim_symbol_at(m, i), c->symbols[i]);
}

static status compile(check_run_state *c) {
  c->result->stage = CHECK_PASSES;
  bind_symbols(c);
  ir_apply_bindings(c->module);
  TRY(pass_run_all(c->graph, NULL, NULL));
  c->result->stage = CHECK_PLANNING;
  TRY(plan_make(c->module, &c->plan));
  c->result->stage = CHECK_GENERATING;
  return codegen_load(&c->memory, c->plan, c->level, &c->code);
}

/* ---- answers ---- */

static status compare_output(check_run_state *c, size_t index) {
  arena *a = &c->memory;
  const char *name = c->graph->outputs[index].name;
  ir_tensor expected;
  TRY(onnx_read_tensor(c->model, tensor_path(c, "output", index), &expected));
  expected = as_declared(expected, c->graph->outputs[index].value->type.dtype);
  status s = c->is_light ? OK : check_compare(a, &expected, &c->evaluated[index]);
  if (s) return fail(a, STATUS_DEFECT, "reference evaluator: %s, output '%s'", s->cause, name);
  s = check_compare(a, &expected, &c->computed[index]);
  if (!s && !c->is_light) s = check_compare(a, &c->evaluated[index], &c->computed[index]);
  if (s) return fail(a, STATUS_DEFECT, "%s, output '%s'", s->cause, name);
  c->result->difference = fmax(c->result->difference, check_difference(&expected, &c->computed[index]));
  return OK;
}

static status run_set(check_run_state *c) {
  TRY(read_and_import(c));
  c->result->stage = CHECK_EVALUATING;
  c->symbols = ARENA_ARRAY(&c->memory, int64_t, ir_dim_symbol_count(c->module) + 1);
  if (!c->is_light)
    TRY(ir_evaluate_sizes(&c->memory, c->graph, c->free_inputs, NULL, c->evaluated, c->symbols));
  TRY(compile(c));
  c->result->stage = CHECK_RUNNING;
  TRY(check_execute(&c->memory, c->plan, codegen_loaded_entry(c->code, 0), c->free_inputs, c->symbols,
                    c->computed));
  for (size_t i = 0; i < c->graph->output_count; i++) TRY(compare_output(c, i));
  return OK;
}

/* ---- the test ---- */

/* What importing and reading refuse as the input's fault is unsupported; later stages must take what came so
 * far. */
static void report_failure(check_result *result, status s) {
  bool unsupported = s->code == STATUS_INPUT && result->stage <= CHECK_READING;
  char subject[64] = "";
  if (s->node) snprintf(subject, sizeof subject, "%.*s", (int)strcspn(s->node, " "), s->node);
  check_finish(result, unsupported ? CHECK_UNSUPPORTED : CHECK_FAILED, s->node ? subject : NULL, "%s",
               s->cause);
}

static bool check_set(const char *path, const char *set, int level, check_result *result) {
  check_run_state *c = calloc(1, sizeof *c);
  if (!c) abort();
  c->level = level;
  c->result = result;
  c->path = path;
  c->set = set;
  c->is_light = !set;
  status s = run_set(c);
  if (s) report_failure(result, s);
  codegen_unload(c->code);
  onnx_close(c->model);
  arena_free(&c->memory);
  free(c);
  return !s;
}

void check_case(const char *path, int level, check_result *result) {
  arena a = {0};
  bool is_light = file_exists(path), passed = !is_light || check_set(path, NULL, level, result);
  int set_count = is_light;
  for (; passed && !is_light; set_count++) {
    const char *set = arena_format(&a, "%s/test_data_set_%d", path, set_count);
    if (!file_is_folder(set)) break;
    passed = check_set(path, set, level, result);
  }
  arena_free(&a);
  if (!passed) return;
  result->stage = CHECK_FINISHED;
  if (set_count)
    check_finish(result, CHECK_PASSED, NULL, "%s", "");
  else
    check_finish(result, CHECK_FAILED, NULL, "there is no test_data_set_0");
}
