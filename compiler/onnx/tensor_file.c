/* tensor_file.c: what the ONNX backend tests feed a model: its inputs by index, and files of one TensorProto.
 */
#include "onnx/import.h"

const char *onnx_input_at(const onnx_model *model, size_t index) {
  const Onnx__GraphProto *graph = model->proto->graph;
  for (size_t i = 0; i < graph->n_input; i++) {
    const char *name = onnx_text(graph->input[i]->name);
    if (onnx_has_input(model, name) && index-- == 0) return name;
  }
  return NULL;
}

static status unpack_tensor(onnx_model *model, const file_view *view, ir_tensor *tensor) {
  const ir_constant *constant;
  const ProtobufCMessageDescriptor *type = &onnx__tensor_proto__descriptor;
  TRY(onnx_wire_check(model->arena, type, view->bytes, view->count));
  const Onnx__TensorProto *proto =
      (const Onnx__TensorProto *)onnx_unpack(model->arena, type, view->bytes, view->count);
  if (!proto) return fail(model->arena, STATUS_INPUT, "is no tensor");
  TRY(onnx_tensor_constant(model, proto, &constant));
  *tensor = (ir_tensor){.dtype = constant->type.dtype, .rank = constant->type.rank};
  for (int i = 0; i < tensor->rank; i++) ir_dim_is_const(constant->type.dims[i], &tensor->dims[i]);
  size_t bytes = (size_t)ir_tensor_count(tensor) * ir_dtype_bytes(tensor->dtype);
  tensor->data = arena_copy(model->arena, constant->data, bytes); /* the file does not stay mapped */
  return OK;
}

status onnx_read_tensor(onnx_model *model, const char *path, ir_tensor *tensor) {
  file_view view;
  TRY(file_map(model->arena, path, &view));
  status s = unpack_tensor(model, &view, tensor);
  file_unmap(&view);
  return fail_file(model->arena, s, path);
}
