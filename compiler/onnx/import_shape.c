/* import_shape.c: tensors made of nothing but attributes, sizes or counters. */
#include "onnx/encoding.h"
#include "onnx/indexing.h"

#include <math.h>
#include <string.h>

/* ---- Constant: one of several attributes ---- */

static ir_value *import_constant(onnx_context *c) {
  int count;
  ir_type type = {.dtype = SMELT_F32, .rank = 1};
  if (onnx_has_attr(c, "value")) {
    const ir_constant *constant;
    const Onnx__TensorProto *tensor = onnx_attr_tensor(c, "value");
    if (!tensor) return onnx_fail(c, "attribute 'value' holds no tensor");
    status s = onnx_tensor_constant(c->model, tensor, &constant);
    if (s) return ir_build_fail(c->b, s);
    ir_value *value = ir_const(c->b, constant);
    onnx_note(c->model, value, onnx_encoding_of(tensor->data_type));
    return value;
  }
  if (onnx_has_attr(c, "value_float"))
    return ir_const_scalar(c->b, SMELT_F32, onnx_attr_float(c, "value_float", 0));
  if (onnx_has_attr(c, "value_int"))
    return ir_dim_scalar(c->b, onnx_dim(c, onnx_attr_int(c, "value_int", 0)));
  const void *data = onnx_attr_floats(c, "value_floats", &count);
  if (!data && !onnx_failed(c)) {
    type.dtype = SMELT_I64;
    data = onnx_attr_ints(c, "value_ints", &count);
  }
  if (!data) return onnx_fail(c, "only the attributes value, value_float(s) and value_int(s) are supported");
  type.dims[0] = onnx_dim(c, count);
  return ir_const_data(c->b, &type, data);
}

/* A one-element tensor `value`, f32 0 by default, repeated. */
static ir_value *import_constant_of_shape(onnx_context *c) {
  const ir_dim *dims;
  int rank;
  ir_value *fill = ir_const_scalar(c->b, SMELT_F32, 0);
  const Onnx__TensorProto *tensor = onnx_attr_tensor(c, "value");
  if (tensor) {
    const ir_constant *constant;
    if (onnx_encoding_of(tensor->data_type)) {
      return onnx_fail(c, "the element type %s is not supported", onnx_dtype_name(tensor->data_type));
    }
    status s = onnx_tensor_constant(c->model, tensor, &constant);
    if (s) return ir_build_fail(c->b, s);
    int64_t count;
    if (!ir_type_is_static(&constant->type, &count) || count != 1) {
      return onnx_fail(c, "attribute 'value' must have one element");
    }
    fill = ir_reshape(c->b, ir_const(c->b, constant), NULL, 0);
  }
  if (!onnx_sizes(c, 0, "shape", &dims, &rank)) return fill;
  if (rank > IR_MAX_RANK)
    return onnx_fail(c, "the result has rank %d; at most %d are supported", rank, IR_MAX_RANK);
  for (int i = 0; i < rank; i++) {
    int64_t size;
    if (ir_dim_is_const(dims[i], &size) && size < 0)
      return onnx_fail(c, "size %lld is negative", (long long)size);
  }
  return rank ? ir_expand(c->b, fill, dims, rank) : fill;
}

/* ---- sizes ---- */

static int64_t clamp(int64_t value, int64_t low, int64_t high) {
  return value < low ? low : value > high ? high : value;
}

/* Opset 15 adds start and end, which are clamped to the rank. */
static ir_value *import_shape(onnx_context *c) {
  const ir_type *type = &c->in[0]->type;
  int64_t start = onnx_attr_int(c, "start", 0), end = onnx_attr_int(c, "end", type->rank);
  start = clamp(start < 0 ? clamp(start, -IR_MAX_RANK, 0) + type->rank : start, 0, type->rank);
  end = clamp(end < 0 ? clamp(end, -IR_MAX_RANK, 0) + type->rank : end, start, type->rank);
  return ir_dims(c->b, type->dims + start, end - start);
}

static ir_value *import_size(onnx_context *c) {
  return ir_dim_scalar(c->b, ir_type_element_count(c->m, &c->in[0]->type));
}

/* ---- Range ---- */

/* How many elements a range of numbers that are computed has. i64 [] */
static ir_value *range_length(onnx_context *c, ir_value *start, ir_value *limit, ir_value *delta) {
  ir_builder *b = c->b;
  ir_value *span = ir_binary(b, IR_SUB, limit, start), *count;
  if (onnx_is_float(start)) {
    count = ir_cast(b, ir_unary(b, IR_CEIL, ir_binary(b, IR_DIV, span, delta)), SMELT_I64);
  } else { /* division truncates: one more where something of delta's sign is left */
    span = ir_cast(b, span, SMELT_I64);
    delta = ir_cast(b, delta, SMELT_I64);
    ir_value *zero = onnx_number_like(c, span, 0), *rest = ir_binary(b, IR_FMOD, span, delta);
    ir_value *same_sign =
        ir_binary(b, IR_EQ, ir_binary(b, IR_LT, rest, zero), ir_binary(b, IR_LT, delta, zero));
    ir_value *more = ir_binary(b, IR_AND, ir_binary(b, IR_NE, rest, zero), same_sign);
    count = ir_binary(b, IR_ADD, ir_binary(b, IR_DIV, span, delta), ir_cast(b, more, SMELT_I64));
  }
  return ir_binary(b, IR_MAX, count, onnx_number_like(c, count, 0));
}

/* start, limit and delta are computed while the model runs. */
static ir_value *computed_range(onnx_context *c) {
  ir_value *number[3];
  for (int i = 0; i < 3; i++) {
    int64_t count;
    if (!ir_type_is_static(&c->in[i]->type, &count) || count != 1)
      return onnx_fail(c, "its input %d must be one number", i);
    number[i] = ir_reshape(c->b, c->in[i], NULL, 0);
  }
  ir_dim length = ir_measure(c->b, range_length(c, number[0], number[1], number[2]), "range", NULL);
  if (onnx_failed(c)) return c->in[0];
  ir_value *steps = ir_cast(c->b, ir_iota(c->b, &length, 1, 0, onnx_dim(c, 0), 1), c->in[0]->type.dtype);
  return ir_binary(c->b, IR_ADD, ir_binary(c->b, IR_MUL, steps, number[2]), number[0]);
}

static bool all_known(const onnx_context *c) {
  for (int i = 0; i < 3; i++)
    if (!c->in[i]->content && !ir_value_data(c->in[i])) return false;
  return true;
}

/* start, limit, delta are numbers known now: the elements, computed. */
static ir_value *constant_range(onnx_context *c) {
  double start, limit, delta;
  ir_dtype dtype = c->in[0]->type.dtype;
  if (!onnx_number(c, 0, "start", &start) || !onnx_number(c, 1, "limit", &limit)) return c->in[0];
  if (!onnx_number(c, 2, "delta", &delta)) return c->in[0];
  double count = ceil((limit - start) / delta);
  if (delta == 0 || !(count <= 1 << 28)) return onnx_fail(c, "the range has no end or is too long");
  ir_dim length = onnx_dim(c, count > 0 ? (int64_t)count : 0);
  ir_value *steps = ir_cast(c->b, ir_iota(c->b, &length, 1, 0, onnx_dim(c, 0), 1), dtype);
  ir_value *scaled = ir_binary(c->b, IR_MUL, steps, onnx_number_like(c, c->in[0], delta));
  return ir_binary(c->b, IR_ADD, scaled, onnx_number_like(c, c->in[0], start));
}

/* ceil((limit - start) / delta) elements, none if that is negative. */
static ir_value *import_range(onnx_context *c) {
  ir_dim start, limit;
  int64_t delta, lowest, highest;
  if (!all_known(c)) return computed_range(c);
  if (onnx_is_float(c->in[0])) return constant_range(c);
  if (!onnx_size(c, 0, "start", &start) || !onnx_size(c, 1, "limit", &limit)) return c->in[0];
  if (!onnx_integer(c, 2, "delta", &delta)) return c->in[0];
  if (delta == 0 || delta == INT64_MIN) return onnx_fail(c, "the range has the step %lld", (long long)delta);
  ir_dim span = delta > 0 ? ir_dim_sub(c->m, limit, start) : ir_dim_sub(c->m, start, limit);
  int64_t step = delta > 0 ? delta : -delta;
  ir_dim count = ir_dim_div(c->m, ir_dim_add(c->m, span, onnx_dim(c, step - 1)), onnx_dim(c, step));
  ir_dim_bounds(c->m, count, &lowest, &highest);
  if (lowest < 0) count = ir_dim_max(c->m, count, onnx_dim(c, 0));
  ir_value *counter = ir_iota(c->b, &count, 1, 0, start, delta);
  return ir_cast(c->b, counter, c->in[0]->type.dtype);
}

/* ---- masks and one-hot ---- */

/* Where row + k >= column (lower) or <= column (upper) x stays, elsewhere 0. x: [..., M, N] */
static ir_value *import_trilu(onnx_context *c) {
  ir_value *x = c->in[0];
  int rank = x->type.rank;
  int64_t k = 0;
  bool upper = onnx_attr_int(c, "upper", 1) != 0;
  if (rank < 2) return onnx_fail(c, "needs rank 2 or more, not %d", rank);
  ir_value *offset = NULL;
  if (c->in[1]) {
    const ir_dim *known;
    int count;
    if (!onnx_sizes(c, 1, "diagonal", &known, &count)) return x;
    if (count != 1) return onnx_fail(c, "its diagonal must be one number");
    if (!ir_dim_is_const(known[0], &k)) offset = ir_dim_scalar(c->b, known[0]);
  }
  ir_dim rows_shape[2] = {x->type.dims[rank - 2], onnx_dim(c, 1)};
  ir_dim columns_shape[2] = {onnx_dim(c, 1), x->type.dims[rank - 1]};
  ir_value *row = ir_iota(c->b, rows_shape, 2, 0, onnx_dim(c, k), 1);
  ir_value *column = ir_iota(c->b, columns_shape, 2, 1, onnx_dim(c, 0), 1);
  if (offset) row = ir_binary(c->b, IR_ADD, row, offset);
  ir_value *kept = ir_binary(c->b, upper ? IR_LE : IR_GE, row, column);
  return ir_select(c->b, kept, x, onnx_number_like(c, x, 0));
}

/* indices equal to a counter along the new axis; negative ones count from depth. values: [off, on] */
static ir_value *import_one_hot(onnx_context *c) {
  ir_value *indices = ir_cast(c->b, c->in[0], SMELT_I64), *values = c->in[2];
  int rank = c->in[0]->type.rank;
  double known;
  ir_dim depth;
  if (ir_value_scalar(c->in[1], &known) && known >= 0 && known < 1e12) {
    depth = onnx_dim(c, (int64_t)known); /* may be a float */
  } else if (!onnx_size(c, 1, "depth", &depth)) {
    return values;
  }
  if (rank >= IR_MAX_RANK) return onnx_fail(c, "the result has more than %d dims", IR_MAX_RANK);
  int axis = onnx_axis(c, onnx_attr_int(c, "axis", -1), rank + 1);
  ir_dim counter_shape[IR_MAX_RANK], indices_shape[IR_MAX_RANK], one = onnx_dim(c, 1);
  for (int i = 0; i <= rank; i++) {
    counter_shape[i] = i == axis ? depth : one;
    indices_shape[i] = i == axis ? one : c->in[0]->type.dims[i < axis ? i : i - 1];
  }
  ir_value *wrapped = onnx_wrap_indices(c, indices, depth);
  ir_value *counter = ir_iota(c->b, counter_shape, rank + 1, axis, onnx_dim(c, 0), 1);
  ir_value *hit = ir_binary(c->b, IR_EQ, ir_reshape(c->b, wrapped, indices_shape, rank + 1), counter);
  if (values->type.rank != 1) return onnx_fail(c, "its values must be a vector of two");
  ir_value *off = ir_reshape(c->b, ir_slice_axis(c->b, values, 0, onnx_dim(c, 0), one), NULL, 0);
  ir_value *on = ir_reshape(c->b, ir_slice_axis(c->b, values, 0, one, one), NULL, 0);
  return ir_select(c->b, hit, on, off);
}

/* 1 on diagonal k, else 0. x: [M, N] gives the shape. */
static ir_value *import_eye_like(onnx_context *c) {
  const ir_type *type = &c->in[0]->type;
  ir_dtype dtype = type->dtype;
  int64_t wanted = onnx_attr_int(c, "dtype", -1), k = onnx_attr_int(c, "k", 0);
  if (type->rank != 2) return onnx_fail(c, "needs rank 2, not %d", type->rank);
  if (wanted >= 0 && (wanted > 255 || !onnx_dtype((int32_t)wanted, &dtype))) {
    return onnx_fail(c, "its dtype %lld is not supported", (long long)wanted);
  }
  ir_dim rows_shape[2] = {type->dims[0], onnx_dim(c, 1)}, columns_shape[2] = {onnx_dim(c, 1), type->dims[1]};
  ir_value *row = ir_iota(c->b, rows_shape, 2, 0, onnx_dim(c, k), 1);
  ir_value *column = ir_iota(c->b, columns_shape, 2, 1, onnx_dim(c, 0), 1);
  return ir_cast(c->b, ir_binary(c->b, IR_EQ, row, column), dtype);
}

static const onnx_op_row rows[] = {
    {"", "Constant", 1, 0, 0, 0, import_constant, IR_CONST},
    {"", "ConstantOfShape", 9, 0, 1, 1, import_constant_of_shape, IR_EXPAND},
    {"", "Shape", 1, 0, 1, 1, import_shape, IR_DIMS},
    {"", "Size", 1, 0, 1, 1, import_size, IR_DIMS},
    {"", "Range", 11, 0, 3, 3, import_range, IR_IOTA},
    {"", "Trilu", 14, 0, 1, 2, import_trilu, IR_SELECT},
    {"", "OneHot", 9, 0, 3, 3, import_one_hot, IR_SELECT},
    {"", "EyeLike", 9, 0, 1, 1, import_eye_like, IR_IOTA},
};
const onnx_op_table onnx_shape_ops = ONNX_OP_TABLE(rows);
