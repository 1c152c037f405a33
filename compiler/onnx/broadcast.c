/*
 * broadcast.c: how two shapes meet: as numpy has it since opset 7, before that by the attributes `broadcast`
 * and `axis` (onnx docs/Changelog.md, Add-6).
 */
#include "onnx/import.h"

bool onnx_broadcast(onnx_context *c, const ir_dim *x, int x_rank, const ir_dim *y, int y_rank, ir_dim *result,
                    int *rank) {
  *rank = x_rank > y_rank ? x_rank : y_rank;
  for (int i = 0; i < *rank; i++) {
    int xi = i - (*rank - x_rank), yi = i - (*rank - y_rank);
    ir_dim one = onnx_dim(c, 1);
    ir_dim dx = xi < 0 ? one : ir_dim_resolve(c->m, x[xi]), dy = yi < 0 ? one : ir_dim_resolve(c->m, y[yi]);
    result[i] = ir_dim_is(dx, 1) ? dy : dx;
    if (ir_dim_is(dx, 1) || ir_dim_is(dy, 1) || ir_dim_unify(c->m, dx, dy)) continue;
    text t = {0};
    ir_dim_print(&t, dx);
    text_print(&t, " and ");
    ir_dim_print(&t, dy);
    onnx_fail(c, "sizes %s of axis %d do not broadcast", t.bytes, i);
    text_free(&t);
    return false;
  }
  return true;
}

/* y [d0, d1, ..] as [d0, d1, .., 1, ..], so that its first axis meets axis `first` of rank `rank`. */
static ir_value *stand_at(onnx_context *c, ir_value *y, int first, int rank) {
  ir_dim dims[IR_MAX_RANK];
  int wanted = rank - first;
  if (y->type.rank > wanted)
    return onnx_fail(c, "its second operand has %d axes, more than %d", y->type.rank, wanted);
  for (int i = 0; i < wanted; i++) dims[i] = i < y->type.rank ? y->type.dims[i] : onnx_dim(c, 1);
  return ir_reshape(c->b, y, dims, wanted);
}

ir_value *onnx_second_operand(onnx_context *c) {
  ir_value *x = c->in[0], *y = c->in[1];
  if (c->opset >= 7 || !onnx_attr_int(c, "broadcast", 0) || !onnx_has_attr(c, "axis")) return y;
  if (y->type.rank == 0) return y;
  int axis = onnx_axis(c, onnx_attr_int(c, "axis", 0), x->type.rank);
  return onnx_failed(c) ? y : stand_at(c, y, axis, x->type.rank);
}

ir_value *onnx_channel_operand(onnx_context *c) {
  ir_value *x = c->in[0], *y = c->in[1];
  return c->opset < 7 && y->type.rank == 1 && x->type.rank > 1 ? stand_at(c, y, 1, x->type.rank) : y;
}
