/* import_indexing.c: elements and slices picked by index tensors. */
#include "onnx/indexing.h"

ir_value *onnx_wrap_indices(onnx_context *c, ir_value *indices, ir_dim size) {
  ir_value *negative = ir_binary(c->b, IR_LT, indices, onnx_i64(c, 0));
  return ir_select(c->b, negative, ir_binary(c->b, IR_ADD, indices, ir_dim_scalar(c->b, size)), indices);
}

static ir_value *import_gather(onnx_context *c) {
  int axis = onnx_axis(c, onnx_attr_int(c, "axis", 0), c->in[0]->type.rank);
  if (onnx_failed(c)) return c->in[0];
  if (onnx_is_float(c->in[1])) return onnx_fail(c, "its indices must be integers");
  return ir_gather(c->b, c->in[0], c->in[1], axis);
}

/* The sum over the axes of index * stride, with the given index on `axis` and a counter on the others. */
ir_value *onnx_flat_elements(onnx_context *c, const ir_type *data, ir_value *indices, int axis) {
  int rank = data->rank;
  const ir_dim *shape = indices->type.dims;
  ir_value *flat = onnx_wrap_indices(c, ir_cast(c->b, indices, SMELT_I64), data->dims[axis]);
  flat = ir_binary(c->b, IR_MUL, flat, ir_dim_scalar(c->b, onnx_dim_product(c, data->dims, axis + 1, rank)));
  for (int i = 0; i < rank; i++) {
    if (i == axis || ir_dim_is(shape[i], 1)) continue;
    ir_dim counter_shape[IR_MAX_RANK];
    for (int k = 0; k < rank; k++) counter_shape[k] = k == i ? shape[i] : onnx_dim(c, 1);
    ir_value *counter = ir_iota(c->b, counter_shape, rank, i, onnx_dim(c, 0), 1);
    ir_value *stride = ir_dim_scalar(c->b, onnx_dim_product(c, data->dims, i + 1, rank));
    flat = ir_binary(c->b, IR_ADD, flat, ir_binary(c->b, IR_MUL, counter, stride));
  }
  return flat;
}

ir_value *onnx_gather_elements(onnx_context *c, ir_value *data, ir_value *indices, int axis) {
  ir_dim all = ir_type_element_count(c->m, &data->type);
  ir_value *flat = onnx_flat_elements(c, &data->type, indices, axis);
  return ir_gather(c->b, ir_reshape(c->b, data, &all, 1), flat, 0);
}

static ir_value *import_gather_elements(onnx_context *c) {
  int axis = onnx_axis(c, onnx_attr_int(c, "axis", 0), c->in[0]->type.rank);
  if (onnx_failed(c)) return c->in[0];
  if (c->in[1]->type.rank != c->in[0]->type.rank) return onnx_fail(c, "its inputs differ in rank");
  return onnx_gather_elements(c, c->in[0], c->in[1], axis);
}

ir_value *onnx_flat_tuples(onnx_context *c, int batch, int depth) {
  const ir_type *data = &c->in[0]->type, *type = &c->in[1]->type;
  ir_value *indices = ir_cast(c->b, c->in[1], SMELT_I64), *flat = NULL;
  int rank = type->rank - 1, end = batch + depth;
  for (int i = 0; i < depth; i++) {
    ir_value *one = ir_slice_axis(c->b, indices, rank, onnx_dim(c, i), onnx_dim(c, 1));
    one = onnx_wrap_indices(c, ir_reshape(c->b, one, type->dims, rank), data->dims[batch + i]);
    ir_value *stride = ir_dim_scalar(c->b, onnx_dim_product(c, data->dims, batch + i + 1, end));
    ir_value *term = ir_binary(c->b, IR_MUL, one, stride);
    flat = flat ? ir_binary(c->b, IR_ADD, flat, term) : term;
  }
  for (int i = 0; i < batch; i++) {
    ir_dim counter_shape[IR_MAX_RANK];
    for (int k = 0; k < rank; k++) counter_shape[k] = k == i ? type->dims[i] : onnx_dim(c, 1);
    ir_value *counter = ir_iota(c->b, counter_shape, rank, i, onnx_dim(c, 0), 1);
    ir_value *stride = ir_dim_scalar(c->b, onnx_dim_product(c, data->dims, i + 1, end));
    flat = ir_binary(c->b, IR_ADD, flat, ir_binary(c->b, IR_MUL, counter, stride));
  }
  return flat;
}

/* indices: [batch..., outer..., depth]; the slices data[batch..., index tuple] */
static ir_value *import_gather_nd(onnx_context *c) {
  ir_value *data = c->in[0];
  const ir_type *type = &c->in[1]->type;
  int rank = data->type.rank;
  int64_t batch = onnx_attr_int(c, "batch_dims", 0), depth;
  if (onnx_failed(c)) return data;
  if (type->rank < 1 || !ir_dim_is_const(ir_dim_resolve(c->m, type->dims[type->rank - 1]), &depth)) {
    return onnx_fail(c, "the last dim of its indices must be known");
  }
  if (batch < 0 || batch >= type->rank || depth < 1 || depth > rank || batch + depth > rank) {
    return onnx_fail(c, "its indices do not fit its data");
  }
  int end = (int)(batch + depth);
  ir_dim dims[IR_MAX_RANK + 1] = {onnx_dim_product(c, data->type.dims, 0, end)};
  for (int i = end; i < rank; i++) dims[1 + i - end] = data->type.dims[i];
  ir_value *flat = onnx_flat_tuples(c, (int)batch, (int)depth);
  return ir_gather(c->b, ir_reshape(c->b, data, dims, 1 + rank - end), flat, 0);
}

/* Elements along time (axis 0 or 1) reversed up to each sequence's own length. */
static ir_value *import_reverse_sequence(onnx_context *c) {
  ir_value *x = c->in[0];
  int rank = x->type.rank;
  int batch = onnx_axis(c, onnx_attr_int(c, "batch_axis", 1), rank);
  int time = onnx_axis(c, onnx_attr_int(c, "time_axis", 0), rank);
  if (onnx_failed(c)) return x;
  if (batch > 1 || time > 1 || batch == time) return onnx_fail(c, "its axes must be 0 and 1");
  ir_dim one = onnx_dim(c, 1), steps = x->type.dims[time], sequences = x->type.dims[batch];
  ir_dim time_shape[2] = {time == 0 ? steps : one, time == 0 ? one : steps};
  ir_dim batch_shape[2] = {batch == 0 ? sequences : one, batch == 0 ? one : sequences};
  ir_value *t = ir_iota(c->b, time_shape, 2, time, onnx_dim(c, 0), 1);
  ir_value *lengths = ir_reshape(c->b, ir_cast(c->b, c->in[1], SMELT_I64), batch_shape, 2);
  ir_value *mirrored = ir_binary(c->b, IR_SUB, ir_binary(c->b, IR_SUB, lengths, onnx_i64(c, 1)), t);
  ir_value *source = ir_select(c->b, ir_binary(c->b, IR_LT, t, lengths), mirrored, t);
  ir_value *sequence = ir_iota(c->b, batch_shape, 2, batch, onnx_dim(c, 0), 1);
  ir_value *rows = time == 0 ? source : sequence, *columns = time == 0 ? sequence : source;
  ir_value *width = ir_dim_scalar(c->b, x->type.dims[1]);
  ir_value *flat = ir_binary(c->b, IR_ADD, ir_binary(c->b, IR_MUL, rows, width), columns);
  ir_dim dims[IR_MAX_RANK] = {ir_dim_mul(c->m, x->type.dims[0], x->type.dims[1])};
  for (int i = 2; i < rank; i++) dims[i - 1] = x->type.dims[i];
  return ir_gather(c->b, ir_reshape(c->b, x, dims, rank - 1), flat, 0);
}

static const onnx_op_row rows[] = {
    {"", "Gather", 1, 0, 2, 2, import_gather, IR_GATHER},
    {"", "GatherElements", 11, 0, 2, 2, import_gather_elements, IR_GATHER},
    {"", "GatherND", 11, 0, 2, 2, import_gather_nd, IR_GATHER},
    {"", "ReverseSequence", 10, 0, 2, 2, import_reverse_sequence, IR_GATHER},
};
const onnx_op_table onnx_indexing_ops = ONNX_OP_TABLE(rows);
