/* graph.c: an ONNX graph into an ir graph: inputs, initializers, nodes in order, outputs; and branches into
 * it. */
#include "onnx/encoding.h"

#include <string.h>

typedef struct {
  onnx_model *model;
  const onnx_options *options;
  ir_builder builder;
} graph_import;

const char *onnx_node_title(arena *a, const Onnx__NodeProto *node) {
  const char *op_type = onnx_text(node->op_type), *name = onnx_text(node->name);
  if (*name) return arena_format(a, "%s '%s'", op_type, name);
  for (size_t i = 0; i < node->n_output; i++) {
    if (*onnx_text(node->output[i])) return arena_format(a, "%s that makes '%s'", op_type, node->output[i]);
  }
  return op_type;
}

/* ---- inputs ---- */

static ir_dim input_dim(graph_import *g, const Onnx__TensorShapeProto__Dimension *dim, const char *input,
                        int axis, status *failed) {
  ir_module *m = g->model->module;
  arena *a = g->model->arena;
  const char *unnamed = arena_format(a, "%s_axis%d", input, axis);
  if (dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE) {
    if (dim->dim_value >= 0 && dim->dim_value < INT64_C(1) << 40) return ir_dim_const(m, dim->dim_value);
    if (dim->dim_value == -1) return ir_dim_symbol(m, unnamed); /* what some exporters write for "any" */
    *failed = fail(a, STATUS_INPUT, "its dim %d is %lld", axis, (long long)dim->dim_value);
    return NULL;
  }
  const char *source = onnx_text(
      dim->value_case == ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM ? dim->dim_param : NULL);
  size_t length = strlen(source), consumed = 0;
  if (!length) return ir_dim_symbol(m, unnamed);
  ir_dim parsed = ir_dim_parse(m, source, length, &consumed);
  /* Exporters write free text too ("unk__12", "batch size"): that is a symbol as a whole. */
  if (!parsed || consumed != length) parsed = ir_dim_symbol(m, source);
  for (size_t i = 0; i < g->options->symbol_count; i++) {
    const onnx_bound_symbol *bound = &g->options->symbols[i];
    parsed = ir_dim_substitute(m, parsed, ir_dim_symbol(m, bound->name), ir_dim_const(m, bound->value));
  }
  return parsed;
}

static status input_type(graph_import *g, const Onnx__ValueInfoProto *info, ir_type *type) {
  arena *a = g->model->arena;
  const Onnx__TypeProto *proto = info->type;
  *type = (ir_type){0};
  if (!proto || proto->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE || !proto->tensor_type) {
    return fail(a, STATUS_INPUT, "it is not a tensor; sequences, maps and optional inputs are not supported");
  }
  const Onnx__TypeProto__Tensor *tensor = proto->tensor_type;
  if (!onnx_storage_dtype(tensor->elem_type, &type->dtype)) {
    return fail(a, STATUS_INPUT, "its element type %s (%d) is not supported",
                onnx_dtype_name(tensor->elem_type), (int)tensor->elem_type);
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
    type->dims[i] = input_dim(g, tensor->shape->dim[i], onnx_text(info->name), i, &failed);
  }
  return failed;
}

static const onnx_constant_input *constant_input(const graph_import *g, const char *name) {
  for (size_t i = 0; i < g->options->constant_count; i++) {
    if (strcmp(g->options->constants[i].name, name) == 0) return &g->options->constants[i];
  }
  return NULL;
}

static ir_value *build_constant_input(graph_import *g, const onnx_constant_input *known,
                                      const ir_type *declared) {
  ir_builder *b = &g->builder;
  if (!known->tensor) {
    ir_value *scalar = ir_const_scalar(b, declared->dtype, known->value);
    return declared->rank ? ir_expand(b, scalar, declared->dims, declared->rank) : scalar;
  }
  ir_type type = {.dtype = known->tensor->dtype, .rank = known->tensor->rank};
  for (int i = 0; i < type.rank; i++) type.dims[i] = ir_dim_const(g->model->module, known->tensor->dims[i]);
  return ir_const_data(b, &type, known->tensor->data);
}

static status import_input(graph_import *g, onnx_scope *scope, const Onnx__ValueInfoProto *info) {
  arena *a = g->model->arena;
  const char *name = onnx_text(info->name);
  onnx_name *entry = onnx_names_find(&scope->names, name);
  if (entry && entry->initializer) return OK; /* a default value, which we take */
  if (entry) return fail(a, STATUS_INPUT, "the model has two inputs of this name");
  if (!*name) return fail(a, STATUS_INPUT, "the model has an input without a name");
  ir_type type;
  TRY(input_type(g, info, &type));
  entry = onnx_names_add(a, &scope->names, name, NULL);
  onnx_names_add(a, scope->given, name, NULL);
  const onnx_constant_input *known = constant_input(g, name);
  entry->value =
      known ? build_constant_input(g, known, &type) : ir_graph_add_input(g->builder.graph, name, &type);
  onnx_note(g->model, entry->value, onnx_encoding_of(info->type->tensor_type->elem_type));
  return g->builder.failed;
}

/* ---- names of a graph: initializers and what its nodes make ---- */

static status declare_initializers(onnx_model *model, const Onnx__GraphProto *graph, onnx_scope *scope) {
  arena *a = model->arena;
  for (size_t i = 0; i < graph->n_initializer; i++) {
    const char *name = onnx_text(graph->initializer[i]->name);
    bool twice;
    if (!*name) return fail(a, STATUS_INPUT, "initializer %zu has no name", i);
    onnx_name *entry = onnx_names_add(a, &scope->names, name, &twice);
    if (twice) return fail(a, STATUS_INPUT, "two initializers are named '%s'", name);
    entry->initializer = graph->initializer[i];
  }
  return OK;
}

static status declare_outputs_of(arena *a, const Onnx__GraphProto *graph, onnx_scope *scope) {
  for (size_t i = 0; i < graph->n_node; i++) {
    const Onnx__NodeProto *node = graph->node[i];
    for (size_t k = 0; k < node->n_output; k++) {
      const char *name = onnx_text(node->output[k]);
      bool twice;
      if (!*name) continue;
      onnx_name *entry = onnx_names_add(a, &scope->names, name, &twice);
      if (twice) {
        return fail_node(a, fail(a, STATUS_INPUT, "its output '%s' is defined twice", name), "%s",
                         onnx_node_title(a, node));
      }
      entry->producer = i + 1;
    }
  }
  return OK;
}

/* ---- values by name ---- */

/* The constant of an initializer, made once per model. */
static status model_constant(onnx_model *model, const Onnx__TensorProto *tensor,
                             const ir_constant **constant) {
  /* Branches may reuse a name for another tensor, so the key holds the tensor's place too. */
  const char *key = arena_format(model->arena, "%p %s", (const void *)tensor, onnx_text(tensor->name));
  onnx_name *entry = onnx_names_add(model->arena, &model->constants, key, NULL);
  if (!entry->constant) TRY(onnx_tensor_constant(model, tensor, &entry->constant));
  *constant = entry->constant;
  return OK;
}

static ir_value *find_value(onnx_model *model, ir_builder *b, onnx_scope *scope, const char *name);

/* The value of a name around a body, as the body sees it. */
static ir_value *find_around(onnx_model *model, ir_builder *b, onnx_scope *scope, const char *name) {
  ir_builder *around = scope->body->around;
  ir_value *outer = find_value(model, around, scope->parent, name);
  if (outer) return onnx_body_capture(model, scope->body, outer);
  ir_build_fail(b, around->failed);
  return NULL;
}

/* The value of a name in this scope or one around it. NULL with the builder's failure set if there is none.
 */
static ir_value *find_value(onnx_model *model, ir_builder *b, onnx_scope *scope, const char *name) {
  for (; scope; scope = scope->parent) {
    onnx_name *entry = onnx_names_find(&scope->names, name);
    if (!entry && scope->body) return find_around(model, b, scope, name);
    if (!entry) continue;
    if (!entry->value && entry->initializer) {
      const ir_constant *constant;
      status s = model_constant(model, entry->initializer, &constant);
      if (s) {
        ir_build_fail(b, s);
        return NULL;
      }
      entry->value = ir_const(b, constant);
      onnx_note(model, entry->value, onnx_encoding_of(entry->initializer->data_type));
    }
    if (entry->value) return entry->value;
    break;
  }
  ir_build_fail(b, fail(model->arena, STATUS_INPUT, "the value '%s' is not defined where it is used", name));
  return NULL;
}

/* ---- nodes ---- */

static bool find_inputs(onnx_context *c) {
  size_t slots = c->node->n_input > ONNX_MIN_SLOTS ? c->node->n_input : ONNX_MIN_SLOTS;
  c->in = ARENA_ARRAY(c->a, ir_value *, slots);
  c->in_count = (int)c->node->n_input;
  for (size_t i = 0; i < c->node->n_input; i++) {
    const char *name = onnx_text(c->node->input[i]);
    const onnx_name *own = onnx_names_find(&c->scope->names, name);
    if (!*name || (own && own->absent)) continue;
    c->in[i] = find_value(c->model, c->b, c->scope, name);
    if (!c->in[i]) return false;
  }
  return true;
}

static bool check_inputs(onnx_context *c) {
  if (c->row->most_inputs >= 0 && c->in_count > c->row->most_inputs) {
    onnx_fail(c, "it has %d inputs; the operator takes at most %d", c->in_count, c->row->most_inputs);
    return false;
  }
  for (int i = 0; i < c->row->least_inputs; i++) {
    if (c->in[i]) continue;
    onnx_fail(c, "its input %d is missing", i);
    return false;
  }
  return true;
}

/* Gives a new value the name it has in the file, unless another branch or call used it already. */
static void name_value(onnx_context *c, ir_value *value, const char *name) {
  bool taken;
  if (!value->def || value->name) return;
  onnx_names_add(c->a, c->scope->given, name, &taken);
  if (!taken) value->name = name;
}

static void name_results(onnx_context *c) {
  for (int i = 0; i < c->out_count; i++) {
    const char *name = onnx_text(c->node->output[i]);
    if (!*name) continue;
    if (!c->out[i]) {
      onnx_fail(c, "its output %d ('%s') is not supported", i, name);
      return;
    }
    onnx_name *entry = onnx_names_find(&c->scope->names, name);
    entry->value = c->out[i];
    name_value(c, c->out[i], name);
  }
}

static status import_node(onnx_model *model, ir_builder *b, onnx_scope *scope, const Onnx__NodeProto *node) {
  arena *a = model->arena;
  b->origin = onnx_node_title(a, node);
  if (node->n_input > INT16_MAX || node->n_output > INT16_MAX) {
    return fail(a, STATUS_INPUT, "it has too many inputs or outputs");
  }
  size_t out_slots = node->n_output > ONNX_MIN_SLOTS ? node->n_output : ONNX_MIN_SLOTS;
  onnx_context c = {.b = b, .m = model->module, .a = a, .model = model, .scope = scope, .node = node};
  c.out = ARENA_ARRAY(a, ir_value *, out_slots);
  c.out_count = (int)node->n_output;
  const Onnx__FunctionProto *function = onnx_find_function(model, node);
  if (function) {
    if (!find_inputs(&c)) return b->failed;
    TRY(onnx_inline_function(&c, function));
  } else {
    c.opset = onnx_scope_opset(model, scope, onnx_text(node->domain));
    TRY(onnx_find_operator(model, node, c.opset, &c.row));
    if (!find_inputs(&c) || !check_inputs(&c)) return b->failed;
    ir_value *first = c.row->import(&c);
    if (b->failed) return b->failed;
    c.out[0] = first;
    if (!onnx_carry_encodings(&c)) return b->failed;
  }
  name_results(&c);
  return b->failed;
}

static status import_nodes(onnx_model *model, ir_builder *b, onnx_scope *scope,
                           const Onnx__GraphProto *graph) {
  arena *a = model->arena;
  size_t *order, count;
  TRY(onnx_order_nodes(model, graph, scope, &order, &count));
  for (size_t i = 0; i < count; i++) {
    const char *outer = b->origin;
    const Onnx__NodeProto *node = graph->node[order[i]];
    status s = import_node(model, b, scope, node);
    if (s) return fail_node(a, s, "%s", onnx_node_title(a, node));
    b->origin = outer;
  }
  return OK;
}

status onnx_import_body(onnx_model *model, ir_builder *b, onnx_scope *scope, const Onnx__GraphProto *body,
                        ir_value **values) {
  TRY(declare_initializers(model, body, scope));
  TRY(declare_outputs_of(model->arena, body, scope));
  TRY(import_nodes(model, b, scope, body));
  for (size_t i = 0; i < body->n_output; i++) {
    values[i] = find_value(model, b, scope, onnx_text(body->output[i]->name));
    TRY(b->failed);
  }
  return OK;
}

bool onnx_import_branch(onnx_context *c, const Onnx__GraphProto *graph, ir_value **values) {
  onnx_scope *scope = ARENA_NEW(c->a, onnx_scope);
  scope->parent = c->scope;
  scope->given = c->scope->given;
  status s = onnx_import_body(c->model, c->b, scope, graph, values);
  if (s) ir_build_fail(c->b, s);
  return !s;
}

/* ---- the main graph ---- */

static status import_outputs(graph_import *g, onnx_scope *scope, const Onnx__GraphProto *proto) {
  arena *a = g->model->arena;
  onnx_names seen = {0};
  if (proto->n_output == 0) return fail(a, STATUS_INPUT, "the model has no outputs");
  for (size_t i = 0; i < proto->n_output; i++) {
    const char *name = onnx_text(proto->output[i]->name);
    bool twice;
    onnx_names_add(a, &seen, name, &twice);
    if (twice) return fail(a, STATUS_INPUT, "the model has two outputs named '%s'", name);
    ir_value *value = find_value(g->model, &g->builder, scope, name);
    if (g->builder.failed) return fail_node(a, g->builder.failed, "output '%s'", name);
    ir_graph_add_output(g->builder.graph, name, value);
  }
  return OK;
}

static status import_main(graph_import *g) {
  arena *a = g->model->arena;
  const Onnx__GraphProto *proto = g->model->proto->graph;
  onnx_scope *scope = ARENA_NEW(a, onnx_scope);
  scope->given = ARENA_NEW(a, onnx_names);
  TRY(declare_initializers(g->model, proto, scope));
  for (size_t i = 0; i < proto->n_input; i++) {
    status s = import_input(g, scope, proto->input[i]);
    if (s) return fail_node(a, s, "input '%s'", onnx_text(proto->input[i]->name));
  }
  TRY(declare_outputs_of(a, proto, scope));
  TRY(import_nodes(g->model, &g->builder, scope, proto));
  return import_outputs(g, scope, proto);
}

status onnx_import_graph(onnx_model *model, const onnx_options *options, ir_graph **graph) {
  static const onnx_options defaults = {0};
  graph_import g = {.model = model, .options = options ? options : &defaults};
  g.builder.graph = ir_graph_new(model->module, g.options->graph_name ? g.options->graph_name : "run");
  *graph = g.builder.graph;
  return fail_file(model->arena, import_main(&g), model->path);
}
