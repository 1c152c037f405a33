/* attribute.c: a node's attributes by name, with their types checked. */
#include "onnx/import.h"

#include <string.h>

enum {
  TYPE_FLOAT = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT,
  TYPE_INT = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT,
  TYPE_STRING = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING,
  TYPE_TENSOR = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__TENSOR,
  TYPE_GRAPH = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH,
  TYPE_FLOATS = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOATS,
  TYPE_INTS = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS,
  TYPE_STRINGS = ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRINGS,
};

/* Indexed by AttributeProto.AttributeType. */
static const char *const type_names[] = {
    "undefined", "float",   "int",    "string",        "tensor",         "graph", "floats", "ints",
    "strings",   "tensors", "graphs", "sparse tensor", "sparse tensors", "type",  "types"};

static const char *type_name(int type) {
  return type >= 0 && (size_t)type < sizeof type_names / sizeof *type_names ? type_names[type] : "unknown";
}

static const Onnx__AttributeProto *find(const onnx_context *c, const char *name) {
  for (size_t i = 0; i < c->node->n_attribute; i++) {
    if (strcmp(onnx_text(c->node->attribute[i]->name), name) != 0) continue;
    return onnx_resolve_attribute(c->scope, c->node->attribute[i]);
  }
  return NULL;
}

/* The attribute if it is there and has the type; another type fails. */
static const Onnx__AttributeProto *find_typed(onnx_context *c, const char *name, int type) {
  const Onnx__AttributeProto *attribute = find(c, name);
  if (!attribute) return NULL;
  if ((int)attribute->type == type) return attribute;
  status s = fail(c->a, STATUS_INPUT, "attribute '%s' has the wrong type", name);
  s = fail_expected(c->a, s, "%s", type_name(type));
  ir_build_fail(c->b, fail_found(c->a, s, "%s", type_name((int)attribute->type)));
  return NULL;
}

bool onnx_has_attr(const onnx_context *c, const char *name) {
  return find(c, name) != NULL;
}

int64_t onnx_attr_int(onnx_context *c, const char *name, int64_t fallback) {
  const Onnx__AttributeProto *attribute = find_typed(c, name, TYPE_INT);
  return attribute ? attribute->i : fallback;
}

double onnx_attr_float(onnx_context *c, const char *name, double fallback) {
  const Onnx__AttributeProto *attribute = find_typed(c, name, TYPE_FLOAT);
  return attribute ? (double)attribute->f : fallback;
}

static const char *text_of(onnx_context *c, const ProtobufCBinaryData *bytes) {
  return arena_format(c->a, "%.*s", (int)(bytes->len & 0xffff), (const char *)bytes->data);
}

const char *onnx_attr_text(onnx_context *c, const char *name, const char *fallback) {
  const Onnx__AttributeProto *attribute = find_typed(c, name, TYPE_STRING);
  return attribute ? text_of(c, &attribute->s) : fallback;
}

const char *const *onnx_attr_texts(onnx_context *c, const char *name, int *count) {
  const Onnx__AttributeProto *attribute = find_typed(c, name, TYPE_STRINGS);
  *count = 0;
  if (!attribute) return NULL;
  if (attribute->n_strings > UINT16_MAX) {
    onnx_fail(c, "attribute '%s' is too long", name);
    return NULL;
  }
  const char **list = ARENA_ARRAY(c->a, const char *, attribute->n_strings + 1);
  for (size_t i = 0; i < attribute->n_strings; i++) list[i] = text_of(c, &attribute->strings[i]);
  *count = (int)attribute->n_strings;
  return list;
}

const int64_t *onnx_attr_ints(onnx_context *c, const char *name, int *count) {
  const Onnx__AttributeProto *attribute = find_typed(c, name, TYPE_INTS);
  *count = 0;
  if (!attribute) return NULL;
  if (attribute->n_ints > INT32_MAX) {
    onnx_fail(c, "attribute '%s' is too long", name);
    return NULL;
  }
  static const int64_t none = 0;
  *count = (int)attribute->n_ints;
  return attribute->ints ? attribute->ints : &none;
}

const float *onnx_attr_floats(onnx_context *c, const char *name, int *count) {
  const Onnx__AttributeProto *attribute = find_typed(c, name, TYPE_FLOATS);
  *count = 0;
  if (!attribute) return NULL;
  if (attribute->n_floats > INT32_MAX) {
    onnx_fail(c, "attribute '%s' is too long", name);
    return NULL;
  }
  static const float none = 0;
  *count = (int)attribute->n_floats;
  return attribute->floats ? attribute->floats : &none;
}

const Onnx__TensorProto *onnx_attr_tensor(onnx_context *c, const char *name) {
  const Onnx__AttributeProto *attribute = find_typed(c, name, TYPE_TENSOR);
  return attribute ? attribute->t : NULL;
}

const Onnx__GraphProto *onnx_attr_graph(onnx_context *c, const char *name) {
  const Onnx__AttributeProto *attribute = find_typed(c, name, TYPE_GRAPH);
  return attribute ? attribute->g : NULL;
}
