/* operand.c: inputs and attributes that are sizes, axes or plain numbers, and the dims made of them. */
#include "onnx/import.h"

#include <string.h>

const char *onnx_text(const char *text) {
  return text ? text : "";
}

ir_value *onnx_fail(onnx_context *c, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const char *cause = arena_vformat(c->a, format, args);
  va_end(args);
  return ir_build_fail(c->b, fail(c->a, STATUS_INPUT, "%s", cause));
}

bool onnx_failed(const onnx_context *c) {
  return c->b->failed != OK;
}

bool onnx_need(onnx_context *c, int index, int rank, const char *what) {
  const ir_value *v = c->in[index];
  if (onnx_failed(c)) return false;
  if (v && (rank < 0 || v->type.rank == rank)) return true;
  if (v) {
    onnx_fail(c, "its %s (input %d) must have rank %d, not %d", what, index, rank, v->type.rank);
  } else {
    onnx_fail(c, "its %s (input %d) is missing", what, index);
  }
  return false;
}

bool onnx_is_float(const ir_value *v) {
  return ir_dtype_is_float(v->type.dtype);
}

/* ---- elements known at build time ---- */

static int64_t read_integer(const void *data, ir_dtype dtype, int64_t index) {
#define READ(T)                                                                                              \
  {                                                                                                          \
    T value;                                                                                                 \
    memcpy(&value, (const char *)data + index * (int64_t)sizeof value, sizeof value);                        \
    return (int64_t)value;                                                                                   \
  }
  switch (dtype) {
  case SMELT_I8:
    READ(int8_t)
  case SMELT_I16:
    READ(int16_t)
  case SMELT_I32:
    READ(int32_t)
  case SMELT_U16:
    READ(uint16_t)
  case SMELT_U32:
    READ(uint32_t)
  case SMELT_BOOL:
  case SMELT_U8:
    READ(uint8_t)
  default:
    READ(int64_t)
  }
#undef READ
}

static bool fail_dynamic(onnx_context *c, int index, const char *what) {
  status s = fail(c->a, STATUS_INPUT, "its %s depends on data", what);
  s = fail_found(c->a, s, "input %d ('%s') is computed while the model runs", index,
                 onnx_text(c->node->input[index]));
  const ir_value *v = c->in[index];
  s = !v->def && v->name ? fail_hint(c->a, s, "fix it at build time: --fix %s=NUMBERS", v->name)
                         : fail_hint(c->a, s, "sizes must follow from the shapes of the model's inputs");
  ir_build_fail(c->b, s);
  return false;
}

bool onnx_sizes(onnx_context *c, int index, const char *what, const ir_dim **list, int *count) {
  const ir_value *v = c->in[index];
  int64_t elements;
  *count = 0;
  if (onnx_failed(c)) return false;
  if (onnx_is_float(v) || v->type.rank > 1) {
    onnx_fail(c, "its %s (input %d) must be a vector of integers", what, index);
    return false;
  }
  if (!ir_type_is_static(&v->type, &elements) || elements > INT32_MAX) return fail_dynamic(c, index, what);
  const void *data = ir_value_data(v);
  if (!v->content && !data) return fail_dynamic(c, index, what);
  *count = (int)elements;
  if (v->content) {
    *list = v->content;
    return true;
  }
  ir_dim *dims = ARENA_ARRAY(c->a, ir_dim, (size_t)elements);
  for (int64_t i = 0; i < elements; i++) dims[i] = onnx_dim(c, read_integer(data, v->type.dtype, i));
  *list = dims;
  return true;
}

bool onnx_size(onnx_context *c, int index, const char *what, ir_dim *size) {
  const ir_dim *list;
  int count;
  if (!onnx_sizes(c, index, what, &list, &count)) return false;
  if (count != 1) {
    onnx_fail(c, "its %s (input %d) must be one number, not %d", what, index, count);
    return false;
  }
  *size = ir_dim_resolve(c->m, list[0]);
  return true;
}

bool onnx_size_or_measure(onnx_context *c, int index, const char *what, ir_dim limit, ir_dim *size) {
  ir_value *v = c->in[index];
  int64_t count;
  if (onnx_failed(c)) return false;
  bool is_one = ir_type_is_static(&v->type, &count) && count == 1 && !onnx_is_float(v);
  if (!is_one || v->content || ir_value_data(v)) return onnx_size(c, index, what, size);
  *size = ir_measure(c->b, ir_reshape(c->b, v, NULL, 0), what, limit);
  return !onnx_failed(c);
}

bool onnx_integers(onnx_context *c, int index, const char *what, int64_t **list, int *count) {
  const ir_dim *dims;
  if (!onnx_sizes(c, index, what, &dims, count)) return false;
  *list = ARENA_ARRAY(c->a, int64_t, (size_t)*count);
  for (int i = 0; i < *count; i++) {
    if (ir_dim_is_const(ir_dim_resolve(c->m, dims[i]), &(*list)[i])) continue;
    onnx_fail(c, "its %s (input %d) depends on the sizes of the model's inputs", what, index);
    return false;
  }
  return true;
}

bool onnx_integer(onnx_context *c, int index, const char *what, int64_t *value) {
  int64_t *list;
  int count;
  if (!onnx_integers(c, index, what, &list, &count)) return false;
  if (count != 1) {
    onnx_fail(c, "its %s (input %d) must be one number, not %d", what, index, count);
    return false;
  }
  *value = list[0];
  return true;
}

bool onnx_number(onnx_context *c, int index, const char *what, double *number) {
  if (onnx_failed(c)) return false;
  if (ir_value_scalar(c->in[index], number)) return true;
  return fail_dynamic(c, index, what);
}

/* ---- axes ---- */

int onnx_axis(onnx_context *c, int64_t axis, int rank) {
  if (axis >= -rank && axis < rank) return (int)(axis < 0 ? axis + rank : axis);
  onnx_fail(c, "axis %lld is out of range for rank %d", (long long)axis, rank);
  return 0;
}

bool onnx_axes(onnx_context *c, int index, int rank, const int **list, int *count) {
  const int64_t *raw = onnx_attr_ints(c, "axes", count);
  int64_t *input = NULL;
  *list = NULL;
  if (!raw && c->in[index]) {
    if (!onnx_integers(c, index, "axes", &input, count)) return false;
    raw = input;
  }
  if (onnx_failed(c)) return false;
  if (!raw) return true;
  if (*count > rank) {
    onnx_fail(c, "it names %d axes of a tensor of rank %d", *count, rank);
    return false;
  }
  int *axes = ARENA_ARRAY(c->a, int, (size_t)*count);
  uint32_t seen = 0;
  for (int i = 0; i < *count; i++) {
    axes[i] = onnx_axis(c, raw[i], rank);
    if (onnx_failed(c)) return false;
    if (seen & (1u << axes[i])) {
      onnx_fail(c, "it names axis %d twice", axes[i]);
      return false;
    }
    seen |= 1u << axes[i];
  }
  *list = axes;
  return true;
}

/* ---- dims and small values ---- */

ir_dim onnx_dim(onnx_context *c, int64_t value) {
  return ir_dim_const(c->m, value);
}

const ir_dim *onnx_dims_of(onnx_context *c, const int64_t *values, int count) {
  ir_dim *dims = ARENA_ARRAY(c->a, ir_dim, (size_t)count);
  for (int i = 0; i < count; i++) dims[i] = onnx_dim(c, values[i]);
  return dims;
}

ir_dim onnx_dim_product(onnx_context *c, const ir_dim *dims, int from, int to) {
  ir_dim product = onnx_dim(c, 1);
  for (int i = from; i < to; i++) product = ir_dim_mul(c->m, product, dims[i]);
  return product;
}

ir_value *onnx_number_like(onnx_context *c, const ir_value *x, double value) {
  return ir_const_scalar(c->b, x->type.dtype, value);
}

ir_value *onnx_i64(onnx_context *c, int64_t value) {
  return ir_const_scalar(c->b, SMELT_I64, (double)value);
}

ir_value *onnx_add(onnx_context *c, ir_value *x, ir_value *y) {
  return ir_binary(c->b, IR_ADD, x, y);
}

ir_value *onnx_sub(onnx_context *c, ir_value *x, ir_value *y) {
  return ir_binary(c->b, IR_SUB, x, y);
}

ir_value *onnx_mul(onnx_context *c, ir_value *x, ir_value *y) {
  return ir_binary(c->b, IR_MUL, x, y);
}

ir_value *onnx_swap_last(onnx_context *c, ir_value *x) {
  int perm[IR_MAX_RANK], rank = x->type.rank;
  if (onnx_failed(c)) return x;
  if (rank < 2) return onnx_fail(c, "a matrix must have rank 2 or more, not %d", rank);
  for (int i = 0; i < rank; i++) perm[i] = i;
  perm[rank - 1] = rank - 2;
  perm[rank - 2] = rank - 1;
  return ir_transpose(c->b, x, perm);
}

ir_value *onnx_add_axis(onnx_context *c, ir_value *x, int axis) {
  ir_dim dims[IR_MAX_RANK];
  int rank = x->type.rank + 1;
  if (rank > IR_MAX_RANK)
    return onnx_fail(c, "the result has rank %d; at most %d are supported", rank, IR_MAX_RANK);
  for (int i = 0; i < rank; i++) {
    dims[i] = i == axis ? onnx_dim(c, 1) : x->type.dims[i < axis ? i : i - 1];
  }
  return ir_reshape(c->b, x, dims, rank);
}
