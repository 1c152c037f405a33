/*
 * main_graph.c: the model's main graph into an ir graph: its inputs and outputs, which may be sequences and
 * optionals, and what is known of them before.
 */
#include "onnx/encoding.h"

#include <string.h>

typedef struct {
  onnx_model *model;
  const onnx_options *options;
  ir_builder builder;
} graph_import;

/* ---- inputs ---- */

/* One tensor that the graph is given. */
typedef struct {
  const char *name;
  bool is_element;          /* of a sequence: sizes named alike may differ between elements */
  const ir_tensor *example; /* has the shape where the file gives none; may be NULL */
} tensor_input;

static ir_dim input_dim(graph_import *g, const Onnx__TensorShapeProto__Dimension *dim,
                        const tensor_input *input, int axis, status *failed) {
  ir_module *m = g->model->module;
  arena *a = g->model->arena;
  const char *unnamed = arena_format(a, "%s_axis%d", input->name, axis);
  if (dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE) {
    if (dim->dim_value >= 0 && dim->dim_value < INT64_C(1) << 40) return ir_dim_const(m, dim->dim_value);
    if (dim->dim_value == -1) return ir_dim_symbol(m, unnamed); /* what some exporters write for "any" */
    *failed = fail(a, STATUS_INPUT, "its dim %d is %lld", axis, (long long)dim->dim_value);
    return NULL;
  }
  const char *source = onnx_text(
      dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM ? dim->dim_param : NULL);
  size_t length = strlen(source), consumed = 0;
  bool is_own = axis > 0 && g->options->has_own_sizes && g->options->has_own_sizes(input->name);
  if (!length || is_own) return ir_dim_symbol(m, unnamed);
  if (input->is_element) return ir_dim_symbol(m, arena_format(a, "%s_%s", input->name, source));
  ir_dim parsed = ir_dim_parse(m, source, length, &consumed);
  /* Exporters write free text too ("unk__12", "batch size"): that is a symbol as a whole. */
  if (!parsed || consumed != length) parsed = ir_dim_symbol(m, source);
  for (size_t i = 0; i < g->options->symbol_count; i++) {
    const onnx_bound_symbol *bound = &g->options->symbols[i];
    parsed = ir_dim_substitute(m, parsed, ir_dim_symbol(m, bound->name), ir_dim_const(m, bound->value));
  }
  return parsed;
}

static status input_type(graph_import *g, const tensor_input *input, const Onnx__TypeProto__Tensor *tensor,
                         ir_type *type) {
  arena *a = g->model->arena;
  *type = (ir_type){0};
  if (!onnx_storage_dtype(tensor->elem_type, &type->dtype)) {
    return fail(a, STATUS_INPUT, "its element type %s (%d) is not supported",
                onnx_dtype_name(tensor->elem_type), (int)tensor->elem_type);
  }
  if (!tensor->shape && input->example) {
    type->rank = input->example->rank;
    for (int i = 0; i < type->rank; i++) {
      type->dims[i] = ir_dim_const(g->model->module, input->example->dims[i]);
    }
    return OK;
  }
  if (!tensor->shape) {
    return fail_hint(a, fail(a, STATUS_INPUT, "its shape is not given"),
                     "export with shapes; sizes that vary are named dims (dynamic_axes)");
  }
  if (tensor->shape->n_dim > IR_MAX_RANK) {
    return fail(a, STATUS_INPUT, "it has %zu dims; at most %d are supported", tensor->shape->n_dim,
                IR_MAX_RANK);
  }
  type->rank = (int)tensor->shape->n_dim;
  status failed = OK;
  for (int i = 0; i < type->rank && !failed; i++) {
    type->dims[i] = input_dim(g, tensor->shape->dim[i], input, i, &failed);
  }
  return failed;
}

static const onnx_constant_input *constant_input(const graph_import *g, const char *name) {
  for (size_t i = 0; i < g->options->constant_count; i++) {
    if (strcmp(g->options->constants[i].name, name) == 0) return &g->options->constants[i];
  }
  return NULL;
}

static status build_constant_input(graph_import *g, const onnx_constant_input *known, const ir_type *declared,
                                   ir_value **value) {
  ir_builder *b = &g->builder;
  ir_module *m = g->model->module;
  size_t count = known->value_count;
  if (known->tensor) {
    ir_type type = {.dtype = known->tensor->dtype, .rank = known->tensor->rank};
    for (int i = 0; i < type.rank; i++) type.dims[i] = ir_dim_const(m, known->tensor->dims[i]);
    *value = ir_const_data(b, &type, known->tensor->data);
    return b->failed;
  }
  if (count == 1) {
    ir_value *scalar = ir_const_scalar(b, declared->dtype, known->values[0]);
    *value = declared->rank ? ir_expand(b, scalar, declared->dims, declared->rank) : scalar;
    return b->failed;
  }
  if (!ir_dim_unify(m, ir_type_element_count(m, declared), ir_dim_const(m, (int64_t)count))) {
    status s = fail(g->model->arena, STATUS_INPUT, "%zu numbers are given for it", count);
    text t = {0};
    ir_type_print(&t, declared);
    s = fail_expected(g->model->arena, s, "those of %s", t.bytes);
    text_free(&t);
    return s;
  }
  ir_type type = {.dtype = SMELT_F64, .rank = 1, .dims = {ir_dim_const(m, (int64_t)count)}};
  ir_value *list = ir_cast(b, ir_const_data(b, &type, known->values), declared->dtype);
  *value = ir_reshape(b, list, declared->dims, declared->rank);
  return b->failed;
}

/* An input of the graph, or the constant that it is known to be. */
static status import_tensor_input(graph_import *g, onnx_scope *scope, const tensor_input *input,
                                  const Onnx__TypeProto *proto, ir_value **value) {
  arena *a = g->model->arena;
  ir_type type;
  bool taken;
  if (!proto || proto->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE || !proto->tensor_type) {
    return fail(a, STATUS_INPUT, "it is no tensor, nor a sequence or optional of tensors");
  }
  TRY(input_type(g, input, proto->tensor_type, &type));
  if (g->options->see_input) g->options->see_input(g->options->user, input->name, &type);
  onnx_names_add(a, scope->given, input->name, &taken);
  if (taken) return fail(a, STATUS_INPUT, "the model has two inputs named '%s'", input->name);
  const onnx_constant_input *known = constant_input(g, input->name);
  if (known) {
    TRY(build_constant_input(g, known, &type, value));
  } else {
    *value = ir_graph_add_input(g->builder.graph, input->name, &type);
  }
  onnx_note(g->model, *value, onnx_encoding_of(proto->tensor_type->elem_type));
  return OK;
}

const char *onnx_element_name(arena *a, const char *name, size_t index) {
  return arena_format(a, "%s.%zu", name, index);
}

/* Every element is an input of its own; `form` says how many there are. */
static status import_sequence_input(graph_import *g, onnx_scope *scope, const char *name,
                                    const Onnx__TypeProto *element, const onnx_form *form, ir_value **value) {
  arena *a = g->model->arena;
  if (!form) {
    return fail_hint(a, fail(a, STATUS_INPUT, "it is a sequence, and its length is not known"),
                     "say it with --length %s=N", name);
  }
  TRY(onnx_charge(g->model, form->length));
  ir_value **elements = ARENA_ARRAY(a, ir_value *, form->length);
  for (size_t i = 0; i < form->length; i++) {
    tensor_input input = {.name = onnx_element_name(a, name, i), .is_element = true};
    if (form->tensors) input.example = &form->tensors[i];
    TRY(import_tensor_input(g, scope, &input, element, &elements[i]));
  }
  return onnx_new_sequence(g->model, elements, (int)form->length, value);
}

static const onnx_form *input_form(const graph_import *g, const char *name) {
  for (size_t i = 0; i < g->options->form_count; i++) {
    if (strcmp(g->options->forms[i].name, name) == 0) return &g->options->forms[i];
  }
  return NULL;
}

static status import_input_value(graph_import *g, onnx_scope *scope, const Onnx__ValueInfoProto *info,
                                 ir_value **value) {
  arena *a = g->model->arena;
  const char *name = onnx_text(info->name);
  const onnx_form *form = input_form(g, name);
  const Onnx__TypeProto *type = info->type;
  bool is_optional = type && type->value_case == ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE && type->optional_type;
  if (is_optional) type = type->optional_type->elem_type;
  if (form && form->kind == ONNX_ABSENT) {
    *value = onnx_none(g->model);
    return is_optional ? OK : fail(a, STATUS_INPUT, "it cannot be absent: its type is not optional");
  }
  bool is_sequence = type && type->value_case == ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE && type->sequence_type;
  if (form && is_sequence != (form->kind == ONNX_SEQUENCE)) {
    return fail(a, STATUS_INPUT, is_sequence ? "it is a sequence" : "it has no length: it is no sequence");
  }
  if (is_sequence) return import_sequence_input(g, scope, name, type->sequence_type->elem_type, form, value);
  tensor_input input = {.name = name, .example = form ? form->tensors : NULL};
  return import_tensor_input(g, scope, &input, type, value);
}

static status import_input(graph_import *g, onnx_scope *scope, const Onnx__ValueInfoProto *info) {
  arena *a = g->model->arena;
  const char *name = onnx_text(info->name);
  onnx_name *entry = onnx_names_find(&scope->names, name);
  if (entry && entry->initializer) return OK; /* a default value, which we take */
  if (entry) return fail(a, STATUS_INPUT, "the model has two inputs of this name");
  if (!*name) return fail(a, STATUS_INPUT, "the model has an input without a name");
  ir_value *value = NULL;
  TRY(import_input_value(g, scope, info, &value));
  onnx_names_add(a, &scope->names, name, NULL)->value = value;
  return g->builder.failed;
}

static status fail_no_input(const onnx_model *model, const char *name) {
  arena *a = model->arena;
  text t = {0};
  const char *input;
  for (size_t i = 0; (input = onnx_input_at(model, i)); i++) text_print(&t, "%s%s", i ? ", " : "", input);
  status s = fail(a, STATUS_INPUT, "there is no input '%s'", name);
  if (t.count) s = fail_expected(a, s, "one of %s", t.bytes);
  text_free(&t);
  return s;
}

/* What the options say is about inputs that there are. */
static status check_options(const graph_import *g, const onnx_scope *scope) {
  const onnx_options *o = g->options;
  for (size_t i = 0; i < o->form_count; i++) {
    if (!onnx_names_find(&scope->names, o->forms[i].name)) return fail_no_input(g->model, o->forms[i].name);
  }
  for (size_t i = 0; i < o->constant_count; i++) {
    if (!onnx_names_find(scope->given, o->constants[i].name))
      return fail_no_input(g->model, o->constants[i].name);
  }
  return OK;
}

/* ---- outputs ---- */

static status add_output(graph_import *g, onnx_names *seen, const char *name, ir_value *value) {
  arena *a = g->model->arena;
  bool twice;
  onnx_names_add(a, seen, name, &twice);
  if (twice) return fail(a, STATUS_INPUT, "the model has two outputs named '%s'", name);
  ir_graph_add_output(g->builder.graph, name, value);
  return OK;
}

static status import_output(graph_import *g, onnx_names *seen, ir_value *value, onnx_form *form) {
  const onnx_sequence *sequence = onnx_sequence_of(g->model, value);
  form->kind = sequence ? ONNX_SEQUENCE : value == g->model->none ? ONNX_ABSENT : ONNX_TENSOR;
  form->length = sequence ? (size_t)sequence->count : form->kind == ONNX_TENSOR;
  if (form->kind == ONNX_TENSOR) return add_output(g, seen, form->name, value);
  for (size_t i = 0; i < form->length; i++) {
    const char *name = onnx_element_name(g->model->arena, form->name, i);
    TRY(add_output(g, seen, name, sequence->elements[i]));
  }
  return OK;
}

static status import_outputs(graph_import *g, const Onnx__GraphProto *proto, ir_value *const *values) {
  arena *a = g->model->arena;
  onnx_names seen = {0};
  g->model->output_forms = ARENA_ARRAY(a, onnx_form, proto->n_output);
  for (size_t i = 0; i < proto->n_output; i++) {
    const char *name = onnx_text(proto->output[i]->name);
    g->model->output_forms[i].name = name;
    status s = import_output(g, &seen, values[i], &g->model->output_forms[i]);
    if (s) return fail_node(a, s, "output '%s'", name);
  }
  if (g->builder.graph->output_count) return OK;
  return fail(a, STATUS_INPUT, "the model has no outputs");
}

const onnx_form *onnx_output_form(const onnx_model *model, size_t index) {
  return index < model->proto->graph->n_output ? &model->output_forms[index] : NULL;
}

/* ---- the whole ---- */

static status import_main(graph_import *g) {
  enum { MAX_INTERFACE = 1 << 14 }; /* inputs, and outputs: passes look for them one by one */
  arena *a = g->model->arena;
  const Onnx__GraphProto *proto = g->model->proto->graph;
  if (proto->n_output > MAX_INTERFACE || g->model->input_count > MAX_INTERFACE) {
    status s = fail(a, STATUS_INPUT, "the model has too many inputs or outputs");
    return fail_expected(a, s, "at most %d", MAX_INTERFACE);
  }
  onnx_scope *scope = ARENA_NEW(a, onnx_scope);
  scope->given = ARENA_NEW(a, onnx_names);
  TRY(onnx_declare_initializers(g->model, proto, scope));
  for (size_t i = 0; i < proto->n_input; i++) {
    status s = import_input(g, scope, proto->input[i]);
    if (s) return fail_node(a, s, "input '%s'", onnx_text(proto->input[i]->name));
  }
  TRY(check_options(g, scope));
  ir_value **values = ARENA_ARRAY(a, ir_value *, proto->n_output);
  TRY(onnx_import_body(g->model, &g->builder, scope, proto, values));
  return import_outputs(g, proto, values);
}

status onnx_import_graph(onnx_model *model, const onnx_options *options, ir_graph **graph) {
  static const onnx_options defaults = {0};
  graph_import g = {.model = model, .options = options ? options : &defaults};
  g.builder.graph = ir_graph_new(model->module, g.options->graph_name ? g.options->graph_name : "run");
  *graph = g.builder.graph;
  model->inlined_count = 0;
  return fail_file(model->arena, import_main(&g), model->path);
}
