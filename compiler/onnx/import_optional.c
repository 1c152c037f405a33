/* import_optional.c: optionals, each known to be there or absent while the model is imported. */
#include "onnx/import.h"

ir_value *onnx_none(onnx_model *model) {
  if (!model->none) model->none = ARENA_NEW(model->arena, ir_value);
  return model->none;
}

static ir_value *import_optional(onnx_context *c) {
  return c->in[0] ? c->in[0] : onnx_none(c->model);
}

static ir_value *import_get_element(onnx_context *c) {
  return c->in[0] ? c->in[0] : onnx_fail(c, "the optional that it opens is always empty");
}

static ir_value *import_has_element(onnx_context *c) {
  return ir_const_scalar(c->b, SMELT_BOOL, c->in[0] != NULL);
}

static const onnx_op_row rows[] = {
    {"", "Optional", 15, 0, 0, 1, import_optional, IR_IDENTITY},
    {"", "OptionalGetElement", 15, 0, 0, 1, import_get_element, IR_IDENTITY},
    {"", "OptionalHasElement", 15, 0, 0, 1, import_has_element, IR_IDENTITY},
};
const onnx_op_table onnx_optional_ops = ONNX_OP_TABLE(rows);
