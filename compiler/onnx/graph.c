/* graph.c: the nodes of an ONNX graph, whichever it is: names, nodes in order, and the graph's results. */
#include "onnx/encoding.h"

/* Several times the largest models' number; work on a graph may grow faster than it does. */
enum { MAX_NODES = 1 << 17 };

const char *onnx_node_title(arena *a, const Onnx__NodeProto *node) {
  const char *op_type = onnx_text(node->op_type), *name = onnx_text(node->name);
  if (*name) return arena_format(a, "%s '%s'", op_type, name);
  for (size_t i = 0; i < node->n_output; i++) {
    if (*onnx_text(node->output[i])) return arena_format(a, "%s that makes '%s'", op_type, node->output[i]);
  }
  return op_type;
}

/* ---- names of a graph: initializers and what its nodes make ---- */

status onnx_declare_initializers(onnx_model *model, const Onnx__GraphProto *graph, onnx_scope *scope) {
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

/* The value of a name in this scope or one around it, which may stand for a sequence or what is absent. NULL
 * with the builder's failure set if there is none. */
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
    if (!*name) continue;
    ir_value *value = find_value(c->model, c->b, c->scope, name);
    if (!value) return false;
    c->in[i] = value == c->model->none ? NULL : value;
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
    if (!find_inputs(&c) || !check_inputs(&c) || !onnx_check_sequences(&c)) return b->failed;
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
  if (count > MAX_NODES) {
    status s = fail(a, STATUS_INPUT, "the model has too many nodes");
    return fail_found(a, fail_expected(a, s, "at most %d", MAX_NODES), "%zu", count);
  }
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
  TRY(declare_outputs_of(model->arena, body, scope));
  TRY(import_nodes(model, b, scope, body));
  for (size_t i = 0; i < body->n_output; i++) {
    const char *name = onnx_text(body->output[i]->name);
    values[i] = find_value(model, b, scope, name);
    if (b->failed) return fail_node(model->arena, b->failed, "output '%s'", name);
  }
  return OK;
}

static status import_branch(onnx_context *c, const Onnx__GraphProto *graph, ir_value *const *inputs,
                            size_t input_count, ir_value **values) {
  onnx_scope *scope = ARENA_NEW(c->a, onnx_scope);
  scope->parent = c->scope;
  scope->given = c->scope->given;
  if (graph->n_input != input_count) {
    return fail(c->a, STATUS_INPUT, "its body takes %zu inputs, not %zu", graph->n_input, input_count);
  }
  for (size_t i = 0; i < input_count; i++) {
    bool twice;
    onnx_name *entry = onnx_names_add(c->a, &scope->names, onnx_text(graph->input[i]->name), &twice);
    if (twice) return fail(c->a, STATUS_INPUT, "its body has two inputs '%s'", entry->name);
    entry->value = inputs[i];
  }
  TRY(onnx_declare_initializers(c->model, graph, scope));
  return onnx_import_body(c->model, c->b, scope, graph, values);
}

enum { MOST_INLINED = 1 << 18 };

status onnx_charge(onnx_model *model, size_t work) {
  if (work <= MOST_INLINED) model->inlined_count += work;
  if (work <= MOST_INLINED && model->inlined_count <= MOST_INLINED) return OK;
  return fail(model->arena, STATUS_INPUT,
              "the model's functions, loops, branches and sequences are more than %d nodes and elements",
              MOST_INLINED);
}

bool onnx_import_branch(onnx_context *c, const Onnx__GraphProto *graph, ir_value *const *inputs,
                        size_t input_count, ir_value **values) {
  status s = import_branch(c, graph, inputs, input_count, values);
  if (s) ir_build_fail(c->b, s);
  return !s;
}
