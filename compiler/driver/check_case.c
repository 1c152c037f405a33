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
  onnx_form *forms; /* of the model's inputs, in its order */
  size_t form_count;
  ir_tensor *inputs; /* of the graph */
  size_t input_count;
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
  size_t capacity = 0;
  if (c->is_light) return OK;
  for (size_t i = 0; onnx_input_at(c->model, i); i++) {
    const char *path = tensor_path(c, "input", i);
    onnx_form form;
    if (!file_exists(path)) {
      return fail(&c->memory, STATUS_INPUT, "no data for input %zu, %s", i, onnx_input_at(c->model, i));
    }
    TRY(onnx_read_input(c->model, i, path, &form));
    ARENA_PUSH(&c->memory, c->forms, c->form_count, capacity) = form;
  }
  return OK;
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

/* Light models are run on i / n for element i of n, as the ONNX project's own runner does; symbolic sizes
 * are 1. */
static void make_inputs(check_run_state *c) {
  c->input_count = c->graph->input_count;
  c->inputs = ARENA_ARRAY(&c->memory, ir_tensor, c->input_count);
  for (size_t k = 0; k < c->input_count; k++) {
    const ir_type *type = &c->graph->inputs[k]->type;
    ir_tensor *t = &c->inputs[k];
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
  if (unread) c->form_count = 0; /* for the importer's reason, which says more where it has one */
  TRY(onnx_import_for_data(c->model, c->forms, c->form_count, &c->graph, &c->inputs, &c->input_count));
  TRY(unread);
  if (c->is_light) make_inputs(c);
  if (c->input_count != c->graph->input_count || c->graph->output_count > MOST_TENSORS) {
    return fail(&c->memory, STATUS_DEFECT, "the graph has %zu inputs and %zu outputs", c->graph->input_count,
                c->graph->output_count);
  }
  for (size_t i = 0; i < c->input_count; i++) {
    c->inputs[i] = as_declared(c->inputs[i], c->graph->inputs[i]->type.dtype);
    TRY(check_declared(c, c->graph->inputs[i], &c->inputs[i]));
  }
  return OK;
}

/* ---- compiling ---- */

/*
 * Symbols have the sizes of this data set, and these are the largest they can have: memory is as tight as can
 * be. Sizes that are computed have been in c->symbols since the evaluation.
 */
static void bind_symbols(check_run_state *c) {
  ir_module *m = c->module;
  size_t count = ir_dim_symbol_count(m);
  for (size_t i = 0; i < c->input_count; i++) {
    for (int d = 0; d < c->graph->inputs[i]->type.rank; d++) {
      ir_dim dim = ir_dim_resolve(m, c->graph->inputs[i]->type.dims[d]);
      if (ir_dim_is_symbol(dim)) c->symbols[ir_dim_symbol_index(dim)] = c->inputs[i].dims[d];
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

/* Output `index` of the graph, which is an output of the model or an element of one. */
static status compare_tensor(check_run_state *c, size_t index, const ir_tensor *given) {
  arena *a = &c->memory;
  const char *name = c->graph->outputs[index].name;
  ir_tensor expected = as_declared(*given, c->graph->outputs[index].value->type.dtype);
  status s = c->is_light ? OK : check_compare(a, &expected, &c->evaluated[index]);
  if (s) return fail(a, STATUS_DEFECT, "reference evaluator: %s, output '%s'", s->cause, name);
  s = check_compare(a, &expected, &c->computed[index]);
  if (!s && !c->is_light) s = check_compare(a, &c->evaluated[index], &c->computed[index]);
  if (s) return fail(a, STATUS_DEFECT, "%s, output '%s'", s->cause, name);
  c->result->difference = fmax(c->result->difference, check_difference(&expected, &c->computed[index]));
  return OK;
}

static status compare_outputs(check_run_state *c) {
  static const char *const kinds[] = {
      [ONNX_TENSOR] = "a tensor", [ONNX_SEQUENCE] = "a sequence", [ONNX_ABSENT] = "nothing"};
  for (size_t next = 0, i = 0; onnx_output_form(c->model, i); i++) {
    const onnx_form *found = onnx_output_form(c->model, i);
    onnx_form expected;
    TRY(onnx_read_output(c->model, i, tensor_path(c, "output", i), &expected));
    if (found->kind != expected.kind || found->length != expected.length) {
      return fail(&c->memory, STATUS_DEFECT, "output '%s' is %s of %zu, not %s of %zu", found->name,
                  kinds[found->kind], found->length, kinds[expected.kind], expected.length);
    }
    for (size_t k = 0; k < expected.length; k++) TRY(compare_tensor(c, next++, &expected.tensors[k]));
  }
  return OK;
}

static status run_set(check_run_state *c) {
  TRY(read_and_import(c));
  c->result->stage = CHECK_EVALUATING;
  c->symbols = ARENA_ARRAY(&c->memory, int64_t, ir_dim_symbol_count(c->module) + 1);
  if (!c->is_light) TRY(ir_evaluate_sizes(&c->memory, c->graph, c->inputs, NULL, c->evaluated, c->symbols));
  TRY(compile(c));
  c->result->stage = CHECK_RUNNING;
  TRY(check_execute(&c->memory, c->plan, codegen_loaded_entry(c->code, 0), c->inputs, c->symbols,
                    c->computed));
  return compare_outputs(c);
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
