/*
 * function.c: functions of the model's own (onnx docs/IR.md, Functions). A
 * call is replaced by the function's body, which sees its inputs, its own
 * opsets and, through references, the attributes of the calling node.
 */
#include "onnx/import.h"

#include <string.h>

enum { MAX_CALL_DEPTH = 32 };

static const char *plain_domain(const char *domain) {
  domain = onnx_text(domain);
  return strcmp(domain, "ai.onnx") == 0 ? "" : domain;
}

/* What a function is known by. */
static const char *function_key(arena *a, const char *domain, const char *name) {
  return arena_format(a, "%s:%s", plain_domain(domain), onnx_text(name));
}

void onnx_index_functions(onnx_model *model) {
  for (size_t i = 0; i < model->proto->n_functions; i++) {
    const Onnx__FunctionProto *function = model->proto->functions[i];
    const char *key = function_key(model->arena, function->domain, function->name);
    onnx_name *entry = onnx_names_add(model->arena, &model->functions, key, NULL);
    if (!entry->producer) entry->producer = i + 1;
  }
}

const Onnx__FunctionProto *onnx_find_function(const onnx_model *model, const Onnx__NodeProto *node) {
  if (!model->functions.count) return NULL;
  const char *key = function_key(model->arena, node->domain, node->op_type);
  const onnx_name *entry = onnx_names_find(&model->functions, key);
  return entry ? model->proto->functions[entry->producer - 1] : NULL;
}

/* The innermost function's body that a scope lies in, or NULL. */
static const onnx_scope *function_scope(const onnx_scope *scope) {
  while (scope && !scope->function) scope = scope->parent;
  return scope;
}

int64_t onnx_scope_opset(const onnx_model *model, const onnx_scope *scope, const char *domain) {
  const onnx_scope *body = function_scope(scope);
  for (size_t i = 0; body && i < body->function->n_opset_import; i++) {
    const Onnx__OperatorSetIdProto *set = body->function->opset_import[i];
    if (strcmp(plain_domain(set->domain), plain_domain(domain)) == 0 && set->version > 0) return set->version;
  }
  return onnx_opset(model, domain);
}

const Onnx__AttributeProto *onnx_resolve_attribute(const onnx_scope *scope,
                                                   const Onnx__AttributeProto *attribute) {
  while (attribute && *onnx_text(attribute->ref_attr_name)) {
    const onnx_scope *body = function_scope(scope);
    const char *wanted = attribute->ref_attr_name;
    if (!body) return NULL;
    attribute = NULL;
    for (size_t i = 0; i < body->call->n_attribute && !attribute; i++) {
      if (strcmp(onnx_text(body->call->attribute[i]->name), wanted) == 0)
        attribute = body->call->attribute[i];
    }
    scope = body->caller;
  }
  return attribute;
}

/* The function's nodes and outputs as a graph. */
static Onnx__GraphProto *body_of(arena *a, const Onnx__FunctionProto *function) {
  Onnx__GraphProto *body = ARENA_NEW(a, Onnx__GraphProto);
  onnx__graph_proto__init(body);
  body->n_node = function->n_node;
  body->node = function->node;
  body->n_output = function->n_output;
  body->output = ARENA_ARRAY(a, Onnx__ValueInfoProto *, function->n_output);
  for (size_t i = 0; i < function->n_output; i++) {
    body->output[i] = ARENA_NEW(a, Onnx__ValueInfoProto);
    onnx__value_info_proto__init(body->output[i]);
    body->output[i]->name = function->output[i];
  }
  return body;
}

status onnx_inline_function(onnx_context *c, const Onnx__FunctionProto *function) {
  arena *a = c->a;
  const onnx_scope *around = function_scope(c->scope);
  onnx_scope *scope = ARENA_NEW(a, onnx_scope);
  *scope = (onnx_scope){.given = c->scope->given, .function = function, .call = c->node, .caller = c->scope};
  scope->call_depth = around ? around->call_depth + 1 : 1;
  if (scope->call_depth > MAX_CALL_DEPTH) {
    return fail(a, STATUS_INPUT, "the function '%s' calls itself, or calls nest too deep", function->name);
  }
  TRY(onnx_charge(c->model, function->n_node));
  if ((size_t)c->in_count > function->n_input || (size_t)c->out_count > function->n_output) {
    return fail(a, STATUS_INPUT, "it has more inputs or outputs than its function '%s'", function->name);
  }
  for (size_t i = 0; i < function->n_input; i++) {
    bool twice;
    onnx_name *entry = onnx_names_add(a, &scope->names, onnx_text(function->input[i]), &twice);
    if (twice) return fail(a, STATUS_INPUT, "its function has two inputs '%s'", function->input[i]);
    entry->value = i < (size_t)c->in_count && c->in[i] ? c->in[i] : onnx_none(c->model);
  }
  ir_value **values = ARENA_ARRAY(a, ir_value *, function->n_output);
  TRY(onnx_import_body(c->model, c->b, scope, body_of(a, function), values));
  for (int i = 0; i < c->out_count; i++) c->out[i] = values[i];
  return OK;
}
