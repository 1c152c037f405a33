/* import_control.c: control flow, as far as it is decided at build time. */
#include "onnx/import.h"

/* If with a known condition is its branch; both branches see the names around them. */
static ir_value *import_if(onnx_context *c) {
  double condition;
  if (!ir_value_scalar(c->in[0], &condition)) {
    status s = fail(c->a, STATUS_INPUT, "its condition '%s' is computed while the model runs",
                    onnx_text(c->node->input[0]));
    return ir_build_fail(
        c->b, fail_hint(c->a, s, "only an If whose condition is known at build time is supported"));
  }
  const Onnx__GraphProto *branch = onnx_attr_graph(c, condition != 0 ? "then_branch" : "else_branch");
  if (!branch) return onnx_fail(c, "its branch is missing");
  if (branch->n_output < (size_t)c->out_count) return onnx_fail(c, "its branch has too few outputs");
  if (branch->n_output == 0) return onnx_fail(c, "its branch has no outputs");
  ir_value **values = ARENA_ARRAY(c->a, ir_value *, branch->n_output);
  if (!onnx_import_branch(c, branch, values)) return c->in[0];
  for (int i = 0; i < c->out_count; i++) c->out[i] = values[i];
  return values[0];
}

static const onnx_op_row rows[] = {
    {"", "If", 1, 0, 1, 1, import_if, IR_IDENTITY},
    {"", "Loop", 1, 0, 0, -1, onnx_no_kernel, IR_IDENTITY},
    {"", "Scan", 8, 0, 0, -1, onnx_no_kernel, IR_IDENTITY},
};
const onnx_op_table onnx_control_ops = ONNX_OP_TABLE(rows);
