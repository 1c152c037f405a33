/*
 * model_mutator.c: libFuzzer's mutations for the ONNX targets. Most unpack the
 * model, change one thing about its graph and pack it again, so that the reader
 * gets past protobuf and the changed graph is often still a graph.
 */
#define _GNU_SOURCE
#include "onnx/import.h"

#include <stdlib.h>
#include <string.h>

/* libFuzzer's interface (llvm.org/docs/LibFuzzer.html). */
size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t capacity, unsigned seed);
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t count, size_t capacity);

enum { MAX_TEXT = 64, MAX_DATA_BYTES = 1 << 14, FRESH_NAMES = 1000 };

/* The nodes of the main graph, a branch or a function, and what may stand in their place. */
typedef struct {
  Onnx__NodeProto ***nodes;
  size_t *count;
} node_list;

typedef struct {
  arena memory;
  uint64_t state; /* of the random numbers */
  Onnx__ModelProto *model;
  Onnx__GraphProto *graph; /* the main one */
  node_list list;
  char **names; /* of the graph's values */
  size_t name_count, name_capacity;
} mutation;

/* One change; false: there is nothing to change. */
typedef bool change(mutation *m);

static size_t below(mutation *m, size_t limit) {
  m->state = m->state * 6364136223846793005u + 1442695040888963407u; /* Knuth, MMIX */
  return limit ? (size_t)(m->state >> 33) % limit : 0;
}

static int64_t interesting_integer(mutation *m) {
  static const int64_t values[] = {0,         1,         -1,        2,           3,         -2,
                                   4,         5,         7,         8,           16,        64,
                                   127,       128,       255,       256,         1 << 16,   INT32_MAX,
                                   INT32_MIN, 1LL << 32, 1LL << 40, INT64_MAX,   INT64_MIN, INT64_MAX - 1,
                                   1000000,   -1000000,  1LL << 62, -(1LL << 62)};
  if (below(m, 2)) return (int64_t)below(m, 12) - 3;
  return values[below(m, sizeof values / sizeof *values)];
}

static double interesting_real(mutation *m) {
  static const double values[] = {0, 1, -1, 0.5, 1e-5, 1e30, -1e30, 1e-30, 2, -1e9, 1.0 / 3};
  return values[below(m, sizeof values / sizeof *values)];
}

/* ---- the graph's parts ---- */

static void note_name(mutation *m, char *name) {
  if (name && *name) ARENA_PUSH(&m->memory, m->names, m->name_count, m->name_capacity) = name;
}

static void note_names(mutation *m) {
  for (size_t i = 0; i < m->graph->n_input; i++) note_name(m, m->graph->input[i]->name);
  for (size_t i = 0; i < m->graph->n_initializer; i++) note_name(m, m->graph->initializer[i]->name);
  for (size_t i = 0; i < *m->list.count; i++) {
    Onnx__NodeProto *node = (*m->list.nodes)[i];
    for (size_t k = 0; k < node->n_output; k++) note_name(m, node->output[k]);
  }
}

/* Sometimes a function's nodes, or those of a branch. */
static void choose_list(mutation *m) {
  m->list = (node_list){&m->graph->node, &m->graph->n_node};
  if (m->model->n_functions && below(m, 3) == 0) {
    Onnx__FunctionProto *function = m->model->functions[below(m, m->model->n_functions)];
    m->list = (node_list){&function->node, &function->n_node};
  }
  while (*m->list.count && below(m, 2)) {
    Onnx__NodeProto *node = (*m->list.nodes)[below(m, *m->list.count)];
    Onnx__GraphProto *branch = node->n_attribute ? node->attribute[below(m, node->n_attribute)]->g : NULL;
    if (!branch) return;
    m->list = (node_list){&branch->node, &branch->n_node};
  }
}

static Onnx__NodeProto *any_node(mutation *m) {
  return *m->list.count ? (*m->list.nodes)[below(m, *m->list.count)] : NULL;
}

static Onnx__AttributeProto *any_attribute(mutation *m) {
  Onnx__NodeProto *node = any_node(m);
  return node && node->n_attribute ? node->attribute[below(m, node->n_attribute)] : NULL;
}

static char *any_name(mutation *m) {
  static char none[] = "";
  return m->name_count && below(m, 16) ? m->names[below(m, m->name_count)] : none;
}

/* Room for one element more, which is `fill`; any array of pointers. */
static void *grown(mutation *m, void *items, size_t *count, void *fill) {
  void **result = ARENA_ARRAY(&m->memory, void *, *count + 1);
  if (*count) memcpy(result, items, *count * sizeof *result);
  result[(*count)++] = fill;
  return result;
}

/* The operator of a random row, or a call of one of the model's functions. */
static void give_operator(mutation *m, Onnx__NodeProto *node) {
  static const onnx_op_table *const families[] = {
#define X(family) &onnx_##family##_ops,
      ONNX_FAMILIES(X)
#undef X
  };
  if (m->model->n_functions && below(m, 4) == 0) {
    const Onnx__FunctionProto *function = m->model->functions[below(m, m->model->n_functions)];
    node->op_type = arena_text(&m->memory, onnx_text(function->name));
    node->domain = arena_text(&m->memory, onnx_text(function->domain));
    return;
  }
  const onnx_op_table *family = families[below(m, sizeof families / sizeof *families)];
  const onnx_op_row *row = &family->rows[below(m, family->count)];
  node->op_type = arena_text(&m->memory, row->op_type);
  node->domain = arena_text(&m->memory, row->domain);
}

/* ---- changes of nodes ---- */

static bool change_operator(mutation *m) {
  Onnx__NodeProto *node = any_node(m);
  if (node) give_operator(m, node);
  return node;
}

static bool rewire_input(mutation *m) {
  Onnx__NodeProto *node = any_node(m);
  if (!node) return false;
  if (!node->n_input || below(m, 6) == 0) {
    node->input = grown(m, node->input, &node->n_input, any_name(m));
  } else {
    node->input[below(m, node->n_input)] = any_name(m);
  }
  return true;
}

static bool drop_input(mutation *m) {
  Onnx__NodeProto *node = any_node(m);
  if (!node || !node->n_input) return false;
  node->n_input--;
  return true;
}

/* A copy of a node, or a new one, whose result replaces some other node's input. */
static bool add_node(mutation *m) {
  Onnx__NodeProto *model = any_node(m), *reader = any_node(m);
  Onnx__NodeProto *node = ARENA_NEW(&m->memory, Onnx__NodeProto);
  onnx__node_proto__init(node);
  if (model && below(m, 2)) {
    *node = *model;
    node->input = arena_copy(&m->memory, model->input, model->n_input * sizeof *model->input);
    if (node->n_input) node->input[below(m, node->n_input)] = any_name(m);
  } else {
    give_operator(m, node);
    size_t inputs = 1 + below(m, 3);
    while (node->n_input < inputs) node->input = grown(m, node->input, &node->n_input, any_name(m));
  }
  char *result = arena_format(&m->memory, "f%zu", below(m, FRESH_NAMES));
  node->n_output = 0;
  node->output = grown(m, NULL, &node->n_output, result);
  *m->list.nodes = grown(m, *m->list.nodes, m->list.count, node);
  if (reader && reader->n_input) reader->input[below(m, reader->n_input)] = result;
  return true;
}

static bool remove_node(mutation *m) {
  if (*m->list.count < 2) return false;
  size_t at = below(m, *m->list.count);
  (*m->list.nodes)[at] = (*m->list.nodes)[--*m->list.count];
  return true;
}

static bool add_graph_output(mutation *m) {
  Onnx__ValueInfoProto *output = ARENA_NEW(&m->memory, Onnx__ValueInfoProto);
  onnx__value_info_proto__init(output);
  output->name = any_name(m);
  m->graph->output = grown(m, m->graph->output, &m->graph->n_output, output);
  return true;
}

/* ---- changes of attributes ---- */

static bool change_attribute(mutation *m) {
  Onnx__AttributeProto *attribute = any_attribute(m);
  if (!attribute) return false;
  if (attribute->n_ints && below(m, 4)) {
    attribute->ints[below(m, attribute->n_ints)] = interesting_integer(m);
  } else if (attribute->n_floats && below(m, 4)) {
    attribute->floats[below(m, attribute->n_floats)] = (float)interesting_real(m);
  } else if (attribute->has_f) {
    attribute->f = (float)interesting_real(m);
  } else {
    attribute->has_i = true;
    attribute->i = interesting_integer(m);
  }
  return true;
}

static bool change_ints_count(mutation *m) {
  Onnx__AttributeProto *attribute = any_attribute(m);
  if (!attribute || !attribute->n_ints) return false;
  if (below(m, 2)) {
    attribute->n_ints--;
    return true;
  }
  int64_t *ints = ARENA_ARRAY(&m->memory, int64_t, attribute->n_ints + 1);
  memcpy(ints, attribute->ints, attribute->n_ints * sizeof *ints);
  ints[attribute->n_ints++] = interesting_integer(m);
  attribute->ints = ints;
  return true;
}

static bool copy_attribute(mutation *m) {
  Onnx__AttributeProto *attribute = any_attribute(m);
  Onnx__NodeProto *node = any_node(m);
  if (!attribute || !node) return false;
  node->attribute = grown(m, node->attribute, &node->n_attribute, attribute);
  return true;
}

static bool drop_attribute(mutation *m) {
  Onnx__NodeProto *node = any_node(m);
  if (!node || !node->n_attribute) return false;
  node->attribute[below(m, node->n_attribute)] = node->attribute[node->n_attribute - 1];
  node->n_attribute--;
  return true;
}

/* libFuzzer's own mutation of the name, which knows the dictionary. */
static bool rename_attribute(mutation *m) {
  Onnx__AttributeProto *attribute = any_attribute(m);
  if (!attribute) return false;
  char *name = arena_alloc(&m->memory, MAX_TEXT + 1);
  size_t count = strnlen(onnx_text(attribute->name), MAX_TEXT);
  memcpy(name, onnx_text(attribute->name), count);
  name[LLVMFuzzerMutate((uint8_t *)name, count, MAX_TEXT)] = 0;
  attribute->name = name;
  return true;
}

static bool change_attribute_type(mutation *m) {
  Onnx__AttributeProto *attribute = any_attribute(m);
  if (!attribute) return false;
  attribute->has_type = true;
  attribute->type = (Onnx__AttributeProto__AttributeType)below(m, 15);
  return true;
}

/* ---- changes of types and tensors ---- */

/* The type of some input that is a tensor, or NULL. */
static Onnx__TypeProto__Tensor *any_input_type(mutation *m) {
  if (!m->graph->n_input) return NULL;
  const Onnx__TypeProto *type = m->graph->input[below(m, m->graph->n_input)]->type;
  return type && type->value_case == ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE ? type->tensor_type : NULL;
}

static bool change_input_dim(mutation *m) {
  static const char *const symbols[] = {"n", "batch", "n + 1", "2*n", "past + s", "n / 2"};
  const Onnx__TypeProto__Tensor *tensor = any_input_type(m);
  if (!tensor || !tensor->shape || !tensor->shape->n_dim) return false;
  Onnx__TensorShapeProto__Dimension *dim = tensor->shape->dim[below(m, tensor->shape->n_dim)];
  if (below(m, 2)) {
    dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE;
    dim->dim_value = interesting_integer(m);
  } else {
    dim->value_case = ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM;
    dim->dim_param = arena_text(&m->memory, symbols[below(m, sizeof symbols / sizeof *symbols)]);
  }
  return true;
}

static bool change_input_type(mutation *m) {
  Onnx__TypeProto__Tensor *tensor = any_input_type(m);
  if (tensor) tensor->elem_type = (int32_t)below(m, 27);
  return tensor;
}

static Onnx__TensorProto *any_tensor(mutation *m) {
  Onnx__AttributeProto *attribute = any_attribute(m);
  if (attribute && attribute->t && below(m, 2)) return attribute->t;
  return m->graph->n_initializer ? m->graph->initializer[below(m, m->graph->n_initializer)] : NULL;
}

/* Mostly with data to match: zeros are added, or the end is cut. */
static bool change_tensor_dim(mutation *m) {
  Onnx__TensorProto *tensor = any_tensor(m);
  if (!tensor) return false;
  if (!tensor->n_dims || below(m, 8) == 0) {
    int64_t *dims = ARENA_ARRAY(&m->memory, int64_t, tensor->n_dims + 1);
    if (tensor->n_dims) memcpy(dims, tensor->dims, tensor->n_dims * sizeof *dims);
    dims[tensor->n_dims++] = (int64_t)below(m, 3);
    tensor->dims = dims;
  } else {
    tensor->dims[below(m, tensor->n_dims)] = interesting_integer(m);
  }
  ir_dtype dtype;
  if (!tensor->has_raw_data || !onnx_dtype(tensor->data_type, &dtype) || below(m, 8) == 0) return true;
  size_t bytes = ir_dtype_bytes(dtype);
  for (size_t i = 0; i < tensor->n_dims; i++) {
    if (tensor->dims[i] < 0 || tensor->dims[i] > MAX_DATA_BYTES) return true;
    bytes *= (size_t)tensor->dims[i];
    if (bytes > MAX_DATA_BYTES) return true;
  }
  uint8_t *data = arena_alloc(&m->memory, bytes);
  size_t kept = bytes < tensor->raw_data.len ? bytes : tensor->raw_data.len;
  if (kept) memcpy(data, tensor->raw_data.data, kept);
  tensor->raw_data = (ProtobufCBinaryData){.len = bytes, .data = data};
  return true;
}

static bool change_tensor_element(mutation *m) {
  Onnx__TensorProto *tensor = any_tensor(m);
  if (!tensor) return false;
  if (tensor->n_int64_data) {
    tensor->int64_data[below(m, tensor->n_int64_data)] = interesting_integer(m);
    return true;
  }
  if (tensor->n_float_data) {
    tensor->float_data[below(m, tensor->n_float_data)] = (float)interesting_real(m);
    return true;
  }
  if (!tensor->raw_data.len) return false;
  int64_t integer = interesting_integer(m);
  float real = (float)interesting_real(m);
  bool is_float = tensor->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__FLOAT;
  size_t width = is_float ? sizeof real : sizeof integer;
  if (tensor->raw_data.len < width) {
    tensor->raw_data.data[below(m, tensor->raw_data.len)] = (uint8_t)integer;
    return true;
  }
  size_t at = below(m, tensor->raw_data.len / width) * width;
  if (is_float) {
    memcpy(tensor->raw_data.data + at, &real, width);
  } else {
    memcpy(tensor->raw_data.data + at, &integer, width);
  }
  return true;
}

static bool change_tensor_type(mutation *m) {
  Onnx__TensorProto *tensor = any_tensor(m);
  if (!tensor) return false;
  tensor->data_type = (int32_t)below(m, 27);
  return true;
}

/* A small vector of integers, as shapes, axes and pads are. */
static bool add_initializer(mutation *m) {
  Onnx__TensorProto *tensor = ARENA_NEW(&m->memory, Onnx__TensorProto);
  onnx__tensor_proto__init(tensor);
  tensor->name = arena_format(&m->memory, "c%zu", below(m, FRESH_NAMES));
  tensor->has_data_type = true;
  tensor->data_type = ONNX__TENSOR_PROTO__DATA_TYPE__INT64;
  tensor->n_int64_data = below(m, 5);
  tensor->int64_data = ARENA_ARRAY(&m->memory, int64_t, tensor->n_int64_data + 1);
  for (size_t i = 0; i < tensor->n_int64_data; i++) tensor->int64_data[i] = interesting_integer(m);
  tensor->n_dims = 1;
  tensor->dims = ARENA_ARRAY(&m->memory, int64_t, 1);
  tensor->dims[0] = (int64_t)tensor->n_int64_data;
  m->graph->initializer = grown(m, m->graph->initializer, &m->graph->n_initializer, tensor);
  Onnx__NodeProto *reader = any_node(m);
  if (reader && reader->n_input) reader->input[below(m, reader->n_input)] = tensor->name;
  return true;
}

static bool change_opset(mutation *m) {
  if (!m->model->n_opset_import) return false;
  m->model->opset_import[below(m, m->model->n_opset_import)]->version =
      1 + (int64_t)below(m, ONNX_NEWEST_OPSET + 1);
  return true;
}

/* ---- choice ---- */

static change *const changes[] = {
    change_operator,    change_operator,
    rewire_input,       rewire_input,
    drop_input,         add_node,
    add_node,           remove_node,
    add_graph_output,   change_attribute,
    change_attribute,   change_ints_count,
    copy_attribute,     drop_attribute,
    rename_attribute,   change_attribute_type,
    change_input_dim,   change_input_type,
    change_tensor_dim,  change_tensor_element,
    change_tensor_type, change_tensor_element,
    add_initializer,    change_opset,
};

/* Packs into `bytes`; 0: too large. */
static size_t pack(const Onnx__ModelProto *model, uint8_t *bytes, size_t capacity) {
  size_t count = protobuf_c_message_get_packed_size(&model->base);
  return count <= capacity ? protobuf_c_message_pack(&model->base, bytes) : 0;
}

static size_t change_model(mutation *m, uint8_t *bytes, size_t count, size_t capacity) {
  const ProtobufCMessageDescriptor *type = &onnx__model_proto__descriptor;
  if (onnx_wire_check(&m->memory, type, bytes, count)) return 0;
  m->model = (Onnx__ModelProto *)onnx_unpack(&m->memory, type, bytes, count);
  if (!m->model || !m->model->graph) return 0;
  m->graph = m->model->graph;
  size_t wanted = 1 + below(m, 3), done = 0;
  for (int tries = 0; done < wanted && tries < 20; tries++) {
    m->name_count = 0;
    choose_list(m);
    note_names(m);
    done += changes[below(m, sizeof changes / sizeof *changes)](m);
  }
  return done ? pack(m->model, bytes, capacity) : 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *bytes, size_t count, size_t capacity, unsigned seed) {
  mutation m = {.state = seed};
  below(&m, 1);
  size_t changed = below(&m, 10) ? change_model(&m, bytes, count, capacity) : 0;
  arena_free(&m.memory);
  return changed ? changed : LLVMFuzzerMutate(bytes, count, capacity);
}
