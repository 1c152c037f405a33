/*
 * test_data.c: what the ONNX backend tests feed a model, a file per input and
 * output (onnx/onnx-data.proto), and the import of a model for such data.
 */
#include "onnx/import.h"

#include <string.h>

/* Field numbers of onnx-data.proto. */
enum { SEQUENCE_TENSORS = 3, OPTIONAL_TENSOR = 3, OPTIONAL_SEQUENCE = 5 };

/* ---- reading ---- */

static status read_tensor(onnx_model *model, const uint8_t *bytes, size_t count, ir_tensor *tensor) {
  const ir_constant *constant;
  const ProtobufCMessageDescriptor *type = &onnx__tensor_proto__descriptor;
  TRY(onnx_wire_check(model->arena, type, bytes, count));
  const Onnx__TensorProto *proto = (const Onnx__TensorProto *)onnx_unpack(model->arena, type, bytes, count);
  if (!proto) return fail(model->arena, STATUS_INPUT, "is no tensor");
  TRY(onnx_tensor_constant(model, proto, &constant));
  *tensor = (ir_tensor){.dtype = constant->type.dtype, .rank = constant->type.rank};
  for (int i = 0; i < tensor->rank; i++) ir_dim_is_const(constant->type.dims[i], &tensor->dims[i]);
  size_t data_bytes = (size_t)ir_tensor_count(tensor) * ir_dtype_bytes(tensor->dtype);
  tensor->data = arena_copy(model->arena, constant->data, data_bytes); /* the file does not stay mapped */
  return OK;
}

static status read_sequence(onnx_model *model, const uint8_t *bytes, size_t count, onnx_form *form) {
  onnx_wire_field field;
  size_t capacity = 0;
  form->kind = ONNX_SEQUENCE;
  for (size_t at = 0; at < count;) {
    if (!onnx_wire_next(bytes, count, &at, &field))
      return fail(model->arena, STATUS_INPUT, "is no sequence of tensors");
    if (field.number != SEQUENCE_TENSORS || !field.is_bytes) continue;
    ir_tensor *element = &ARENA_PUSH(model->arena, form->tensors, form->length, capacity);
    TRY(read_tensor(model, field.bytes, field.count, element));
  }
  return OK;
}

static status read_form(onnx_model *model, const Onnx__TypeProto *type, const uint8_t *bytes, size_t count,
                        onnx_form *form);

static status read_optional(onnx_model *model, const Onnx__TypeProto *element, const uint8_t *bytes,
                            size_t count, onnx_form *form) {
  onnx_wire_field field;
  form->kind = ONNX_ABSENT;
  for (size_t at = 0; at < count;) {
    if (!onnx_wire_next(bytes, count, &at, &field))
      return fail(model->arena, STATUS_INPUT, "is no optional tensor or sequence");
    if (field.is_bytes && (field.number == OPTIONAL_TENSOR || field.number == OPTIONAL_SEQUENCE))
      return read_form(model, element, field.bytes, field.count, form);
  }
  return OK;
}

static status read_form(onnx_model *model, const Onnx__TypeProto *type, const uint8_t *bytes, size_t count,
                        onnx_form *form) {
  switch (type ? type->value_case : ONNX__TYPE_PROTO__VALUE__NOT_SET) {
  case ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE:
    return read_sequence(model, bytes, count, form);
  case ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE:
    return read_optional(model, type->optional_type->elem_type, bytes, count, form);
  default:
    form->kind = ONNX_TENSOR;
    form->length = 1;
    form->tensors = ARENA_NEW(model->arena, ir_tensor);
    return read_tensor(model, bytes, count, form->tensors);
  }
}

static status read_file(onnx_model *model, const Onnx__ValueInfoProto *info, const char *path,
                        onnx_form *form) {
  file_view view;
  *form = (onnx_form){.name = onnx_text(info->name)};
  TRY(file_map(model->arena, path, &view));
  status s = read_form(model, info->type, view.bytes, view.count, form);
  file_unmap(&view);
  return fail_file(model->arena, s, path);
}

status onnx_read_input(onnx_model *model, size_t index, const char *path, onnx_form *form) {
  if (index >= model->input_count)
    return fail(model->arena, STATUS_INPUT, "%s: the model has %zu inputs only", path, model->input_count);
  return read_file(model, model->inputs[index], path, form);
}

status onnx_read_output(onnx_model *model, size_t index, const char *path, onnx_form *form) {
  return read_file(model, model->proto->graph->output[index], path, form);
}

/* ---- importing for data ---- */

/* One tensor that the model is given: an input, or an element of one. */
typedef struct {
  onnx_constant_input known;
  bool fixed;
} given_tensor;

typedef struct {
  onnx_model *model;
  onnx_options options;
  given_tensor *given;
  size_t given_count;
} data_import;

static void list_tensors(data_import *d, const onnx_form *inputs, size_t input_count) {
  arena *a = d->model->arena;
  size_t capacity = 0;
  for (size_t i = 0; i < input_count; i++) {
    for (size_t k = 0; k < inputs[i].length; k++) {
      bool is_element = inputs[i].kind == ONNX_SEQUENCE;
      const char *name = is_element ? onnx_element_name(a, inputs[i].name, k) : inputs[i].name;
      ARENA_PUSH(a, d->given, d->given_count, capacity) =
          (given_tensor){.known = {.name = name, .tensor = &inputs[i].tensors[k]}};
    }
  }
}

static status import_once(data_import *d, ir_graph **graph) {
  onnx_constant_input *constants = ARENA_ARRAY(d->model->arena, onnx_constant_input, d->given_count);
  d->options.constants = constants;
  d->options.constant_count = 0;
  for (size_t i = 0; i < d->given_count; i++) {
    if (d->given[i].fixed) constants[d->options.constant_count++] = d->given[i].known;
  }
  return onnx_import_graph(d->model, &d->options, graph);
}

static bool could_be_sizes(const ir_tensor *t) {
  return ir_dtype_is_integer(t->dtype) && t->rank <= 1;
}

/*
 * First with all inputs free, then with those that may be sizes fixed, then with every single number too,
 * then with all vectors (scales, regions, choices).
 */
static status import_with_known_sizes(data_import *d, ir_graph **graph) {
  size_t before = d->model->module->graph_count;
  status first = import_once(d, graph);
  for (int more = 0; first && more < 3; more++) {
    for (size_t i = 0; i < d->given_count; i++) {
      const ir_tensor *t = d->given[i].known.tensor;
      d->given[i].fixed =
          could_be_sizes(t) || (more > 0 && ir_tensor_count(t) == 1) || (more > 1 && i > 0 && t->rank <= 1);
    }
    d->model->module->graph_count = before; /* only the last graph counts */
    if (!import_once(d, graph)) return OK;
  }
  return first;
}

status onnx_import_for_data(onnx_model *model, const onnx_form *inputs, size_t input_count, ir_graph **graph,
                            ir_tensor **tensors, size_t *tensor_count) {
  data_import d = {.model = model, .options = {.forms = inputs, .form_count = input_count}};
  list_tensors(&d, inputs, input_count);
  TRY(import_with_known_sizes(&d, graph));
  *tensors = ARENA_ARRAY(model->arena, ir_tensor, d.given_count);
  *tensor_count = 0;
  for (size_t i = 0; i < d.given_count; i++) {
    if (!d.given[i].fixed) (*tensors)[(*tensor_count)++] = *d.given[i].known.tensor;
  }
  return OK;
}
