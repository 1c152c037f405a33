/* onnx_model_maker.h: small ONNX models made in memory and saved to a file, for tests of the reader. */
#ifndef SMELT_TEST_ONNX_MODEL_MAKER_H
#define SMELT_TEST_ONNX_MODEL_MAKER_H

#include "base/base.h"
#include "onnx.pb-c.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct {
  arena memory;
  Onnx__ModelProto model;
  Onnx__GraphProto graph;
  size_t input_capacity, output_capacity, node_capacity, initializer_capacity;
} model_maker;

static inline void maker_start(model_maker *k, int64_t opset) {
  memset(k, 0, sizeof *k);
  onnx__model_proto__init(&k->model);
  onnx__graph_proto__init(&k->graph);
  k->model.has_ir_version = 1;
  k->model.ir_version = 8;
  k->model.graph = &k->graph;
  Onnx__OperatorSetIdProto *set = ARENA_NEW(&k->memory, Onnx__OperatorSetIdProto);
  onnx__operator_set_id_proto__init(set);
  set->has_version = 1;
  set->version = opset;
  k->model.opset_import = ARENA_ARRAY(&k->memory, Onnx__OperatorSetIdProto *, 1);
  k->model.opset_import[0] = set;
  k->model.n_opset_import = 1;
}

static inline char *maker_text(model_maker *k, const char *text) {
  return arena_text(&k->memory, text);
}

/* "batch,4,past + 1" as dims; NULL: no shape at all. */
static inline Onnx__ValueInfoProto *maker_value(model_maker *k, const char *name, int32_t data_type,
                                                const char *dims) {
  arena *a = &k->memory;
  Onnx__ValueInfoProto *value = ARENA_NEW(a, Onnx__ValueInfoProto);
  onnx__value_info_proto__init(value);
  value->name = maker_text(k, name);
  value->type = ARENA_NEW(a, Onnx__TypeProto);
  onnx__type_proto__init(value->type);
  Onnx__TypeProto__Tensor *tensor = ARENA_NEW(a, Onnx__TypeProto__Tensor);
  onnx__type_proto__tensor__init(tensor);
  value->type->value_case = ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE;
  value->type->tensor_type = tensor;
  tensor->has_elem_type = 1;
  tensor->elem_type = data_type;
  if (!dims) return value;
  tensor->shape = ARENA_NEW(a, Onnx__TensorShapeProto);
  onnx__tensor_shape_proto__init(tensor->shape);
  size_t capacity = 0;
  for (const char *at = dims; *at;) {
    size_t length = strcspn(at, ",");
    char *part = arena_format(a, "%.*s", (int)length, at), *end;
    Onnx__TensorShapeProto__Dimension *dim = ARENA_NEW(a, Onnx__TensorShapeProto__Dimension);
    onnx__tensor_shape_proto__dimension__init(dim);
    dim->dim_value = strtoll(part, &end, 10);
    dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
    if (*end) {
      dim->dim_param = part;
      dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
    }
    ARENA_PUSH(a, tensor->shape->dim, tensor->shape->n_dim, capacity) = dim;
    at += length + (at[length] == ',');
  }
  return value;
}

static inline void maker_input(model_maker *k, const char *name, int32_t data_type, const char *dims) {
  ARENA_PUSH(&k->memory, k->graph.input, k->graph.n_input, k->input_capacity) =
      maker_value(k, name, data_type, dims);
}

static inline void maker_output(model_maker *k, const char *name) {
  ARENA_PUSH(&k->memory, k->graph.output, k->graph.n_output, k->output_capacity) =
      maker_value(k, name, ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT, "");
}

/* "x, y" as names, of which some may be empty. */
static inline char **maker_names(model_maker *k, const char *names, size_t *count) {
  char **list = NULL;
  size_t capacity = 0;
  *count = 0;
  for (const char *at = names; *at;) {
    size_t length = strcspn(at, ",");
    ARENA_PUSH(&k->memory, list, *count, capacity) = arena_format(&k->memory, "%.*s", (int)length, at);
    at += length + (at[length] == ',');
  }
  return list;
}

static inline Onnx__NodeProto *maker_node_in(model_maker *k, Onnx__GraphProto *graph, size_t *capacity,
                                             const char *op_type, const char *inputs, const char *outputs) {
  Onnx__NodeProto *node = ARENA_NEW(&k->memory, Onnx__NodeProto);
  onnx__node_proto__init(node);
  node->op_type = maker_text(k, op_type);
  node->name = arena_format(&k->memory, "%s_%zu", op_type, graph->n_node);
  node->input = maker_names(k, inputs, &node->n_input);
  node->output = maker_names(k, outputs, &node->n_output);
  ARENA_PUSH(&k->memory, graph->node, graph->n_node, *capacity) = node;
  return node;
}

static inline Onnx__NodeProto *maker_node(model_maker *k, const char *op_type, const char *inputs,
                                          const char *outputs) {
  return maker_node_in(k, &k->graph, &k->node_capacity, op_type, inputs, outputs);
}

static inline Onnx__AttributeProto *maker_attribute(model_maker *k, Onnx__NodeProto *node, const char *name,
                                                    Onnx__AttributeProto__AttributeType type) {
  Onnx__AttributeProto *attribute = ARENA_NEW(&k->memory, Onnx__AttributeProto);
  onnx__attribute_proto__init(attribute);
  attribute->name = maker_text(k, name);
  attribute->has_type = 1;
  attribute->type = type;
  size_t capacity = node->n_attribute;
  ARENA_PUSH(&k->memory, node->attribute, node->n_attribute, capacity) = attribute;
  return attribute;
}

static inline void maker_int(model_maker *k, Onnx__NodeProto *node, const char *name, int64_t value) {
  Onnx__AttributeProto *attribute =
      maker_attribute(k, node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INT);
  attribute->has_i = 1;
  attribute->i = value;
}

static inline void maker_string(model_maker *k, Onnx__NodeProto *node, const char *name, const char *value) {
  Onnx__AttributeProto *a = maker_attribute(k, node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING);
  a->has_s = 1;
  a->s = (ProtobufCBinaryData){strlen(value), (uint8_t *)maker_text(k, value)};
}

static inline void maker_ints(model_maker *k, Onnx__NodeProto *node, const char *name, const int64_t *values,
                              size_t count) {
  Onnx__AttributeProto *attribute =
      maker_attribute(k, node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__INTS);
  attribute->ints = arena_copy(&k->memory, values, count * sizeof *values);
  attribute->n_ints = count;
}

static inline void maker_graph_attribute(model_maker *k, Onnx__NodeProto *node, const char *name,
                                         Onnx__GraphProto *graph) {
  maker_attribute(k, node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__GRAPH)->g = graph;
}

/* A tensor of `count` elements of `bytes` in all, one axis. */
static inline Onnx__TensorProto *maker_tensor(model_maker *k, const char *name, int32_t data_type,
                                              int64_t count, const void *data, size_t bytes) {
  Onnx__TensorProto *tensor = ARENA_NEW(&k->memory, Onnx__TensorProto);
  onnx__tensor_proto__init(tensor);
  tensor->name = maker_text(k, name);
  tensor->has_data_type = 1;
  tensor->data_type = data_type;
  tensor->dims = arena_copy(&k->memory, &count, sizeof count);
  tensor->n_dims = 1;
  tensor->has_raw_data = data != NULL;
  if (data) tensor->raw_data = (ProtobufCBinaryData){bytes, arena_copy(&k->memory, data, bytes)};
  return tensor;
}

static inline Onnx__TensorProto *maker_initializer(model_maker *k, const char *name, int32_t data_type,
                                                   int64_t count, const void *data, size_t bytes) {
  Onnx__TensorProto *tensor = maker_tensor(k, name, data_type, count, data, bytes);
  ARENA_PUSH(&k->memory, k->graph.initializer, k->graph.n_initializer, k->initializer_capacity) = tensor;
  return tensor;
}

static inline void maker_external(model_maker *k, Onnx__TensorProto *tensor, const char *key,
                                  const char *value) {
  Onnx__StringStringEntryProto *entry = ARENA_NEW(&k->memory, Onnx__StringStringEntryProto);
  onnx__string_string_entry_proto__init(entry);
  entry->key = maker_text(k, key);
  entry->value = maker_text(k, value);
  size_t capacity = tensor->n_external_data;
  ARENA_PUSH(&k->memory, tensor->external_data, tensor->n_external_data, capacity) = entry;
  tensor->has_data_location = 1;
  tensor->data_location = ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL;
}

/* The model's bytes, in the maker's memory. */
static inline uint8_t *maker_pack(model_maker *k, size_t *bytes) {
  *bytes = onnx__model_proto__get_packed_size(&k->model);
  uint8_t *packed = arena_alloc(&k->memory, *bytes + 1);
  onnx__model_proto__pack(&k->model, packed);
  return packed;
}

static inline bool write_bytes(const char *path, const void *bytes, size_t count) {
  FILE *file = fopen(path, "wb");
  if (!file) return false;
  bool good = fwrite(bytes, 1, count, file) == count;
  return fclose(file) == 0 && good;
}

#endif
