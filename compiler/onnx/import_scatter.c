/* import_scatter.c: elements and slices written where index tensors say, and the largest ones found. */
#include "onnx/indexing.h"

#include <string.h>

/* The core operator of the attribute `reduction`; false and a failure for an unknown one. */
static bool read_reduction(onnx_context *c, ir_op *op) {
  static const struct {
    const char *name;
    ir_op op;
  } reductions[] = {{"none", IR_SCATTER},
                    {"add", IR_SCATTER_ADD},
                    {"mul", IR_SCATTER_MUL},
                    {"min", IR_SCATTER_MIN},
                    {"max", IR_SCATTER_MAX}};
  const char *name = onnx_attr_text(c, "reduction", "none");
  for (size_t i = 0; i < sizeof reductions / sizeof *reductions; i++) {
    if (strcmp(reductions[i].name, name) != 0) continue;
    *op = reductions[i].op;
    return true;
  }
  onnx_fail(c, "unknown reduction '%s'", name);
  return false;
}

ir_value *onnx_scatter_rows(onnx_context *c, ir_op op, ir_value *data, ir_value *places, ir_value *updates,
                            ir_dim N, ir_dim D) {
  if (onnx_failed(c)) return data;
  ir_dim M = ir_type_element_count(c->m, &places->type);
  ir_dim data_shape[2] = {N, D}, update_shape[2] = {M, D};
  ir_value *operands[3] = {ir_reshape(c->b, data, data_shape, 2), ir_reshape(c->b, places, &M, 1),
                           ir_reshape(c->b, updates, update_shape, 2)};
  return ir_reshape(c->b, ir_build(c->b, op, operands, 3, NULL), data->type.dims, data->type.rank);
}

static ir_value *import_scatter_elements(onnx_context *c) {
  ir_value *data = c->in[0];
  int axis = onnx_axis(c, onnx_attr_int(c, "axis", 0), data->type.rank);
  ir_op op;
  if (!read_reduction(c, &op) || onnx_failed(c)) return data;
  if (c->in[1]->type.rank != data->type.rank) return onnx_fail(c, "its inputs differ in rank");
  ir_value *places = onnx_flat_elements(c, &data->type, c->in[1], axis);
  return onnx_scatter_rows(c, op, data, places, c->in[2], ir_type_element_count(c->m, &data->type),
                           onnx_dim(c, 1));
}

static ir_value *import_scatter_nd(onnx_context *c) {
  ir_value *data = c->in[0];
  const ir_type *type = &c->in[1]->type;
  int rank = data->type.rank;
  int64_t depth;
  ir_op op;
  if (!read_reduction(c, &op)) return data;
  if (type->rank < 1 || !ir_dim_is_const(ir_dim_resolve(c->m, type->dims[type->rank - 1]), &depth)) {
    return onnx_fail(c, "the last dim of its indices must be known");
  }
  if (depth < 1 || depth > rank) return onnx_fail(c, "its indices do not fit its data");
  return onnx_scatter_rows(c, op, data, onnx_flat_tuples(c, 0, (int)depth), c->in[2],
                           onnx_dim_product(c, data->type.dims, 0, (int)depth),
                           onnx_dim_product(c, data->type.dims, (int)depth, rank));
}

/*
 * A cache [B, ..., A, ...] with update [B, ..., S, ...] written at axis positions write_index[b] + s, around
 * the end in circular mode.
 */
static ir_value *import_tensor_scatter(onnx_context *c) {
  ir_value *cache = c->in[0], *update = c->in[1];
  int rank = cache->type.rank, axis = onnx_axis(c, onnx_attr_int(c, "axis", -2), rank);
  const char *mode = onnx_attr_text(c, "mode", "linear");
  bool circular = strcmp(mode, "circular") == 0;
  if (onnx_failed(c)) return cache;
  if (!circular && strcmp(mode, "linear") != 0) return onnx_fail(c, "unknown mode '%s'", mode);
  if (axis == 0 || update->type.rank != rank) return onnx_fail(c, "its update does not fit its cache");
  const ir_dim *d = cache->type.dims;
  ir_dim one = onnx_dim(c, 1), zero = onnx_dim(c, 0), heads = onnx_dim_product(c, d, 1, axis);
  ir_dim step_shape[3] = {one, one, update->type.dims[axis]}, batch_shape[3] = {d[0], one, one};
  ir_dim line_shape[3] = {d[0], heads, one};
  ir_value *length = ir_dim_scalar(c->b, d[axis]);
  ir_value *position = ir_iota(c->b, step_shape, 3, 2, zero, 1);
  if (c->in[2]) {
    ir_value *first = ir_reshape(c->b, ir_cast(c->b, c->in[2], SMELT_I64), batch_shape, 3);
    position = ir_binary(c->b, IR_ADD, first, position);
  }
  if (circular) position = ir_binary(c->b, IR_MOD, position, length);
  /* lines along the axis are numbered b * heads + h */
  ir_dim lines = ir_dim_mul(c->m, d[0], heads);
  ir_value *line = ir_reshape(c->b, ir_iota(c->b, &lines, 1, 0, zero, 1), line_shape, 3);
  ir_value *places = ir_binary(c->b, IR_ADD, ir_binary(c->b, IR_MUL, line, length), position);
  return onnx_scatter_rows(c, IR_SCATTER, cache, places, update, onnx_dim_product(c, d, 0, axis + 1),
                           onnx_dim_product(c, d, axis + 1, rank));
}

/* ---- TopK ---- */

/* Ordered the other way round: -x, or ~x where -x could overflow. */
static ir_value *mirrored(onnx_context *c, ir_value *x) {
  ir_value *negated = ir_unary(c->b, IR_NEG, x);
  return onnx_is_float(x) ? negated : ir_binary(c->b, IR_SUB, negated, onnx_number_like(c, x, 1));
}

/* k is an attribute up to opset 9, an input after. Unsorted results come sorted too. */
static ir_value *import_top_k(onnx_context *c) {
  ir_value *x = c->in[0];
  int axis = onnx_axis(c, onnx_attr_int(c, "axis", -1), x->type.rank);
  bool largest = onnx_attr_int(c, "largest", 1) != 0;
  ir_attrs attrs = {.axis = axis, .rank = x->type.rank};
  if (onnx_failed(c)) return x;
  ir_dim k = onnx_dim(c, onnx_attr_int(c, "k", 0));
  if (c->opset >= 10 && !c->in[1]) return onnx_fail(c, "its k is missing");
  if (c->opset >= 10 && !onnx_size_or_measure(c, 1, "k", x->type.dims[axis], &k)) return x;
  for (int i = 0; i < attrs.rank; i++) attrs.shape[i] = i == axis ? k : x->type.dims[i];
  ir_value *searched = largest ? x : mirrored(c, x);
  c->out[1] = ir_build(c->b, IR_TOP_K, &searched, 1, &attrs);
  return onnx_failed(c) ? x : onnx_gather_elements(c, x, c->out[1], axis);
}

static const onnx_op_row rows[] = {
    {"", "Scatter", 9, 10, 3, 3, import_scatter_elements, IR_SCATTER},
    {"", "ScatterElements", 11, 0, 3, 3, import_scatter_elements, IR_SCATTER},
    {"", "ScatterND", 11, 0, 3, 3, import_scatter_nd, IR_SCATTER},
    {"", "TensorScatter", 24, 0, 2, 3, import_tensor_scatter, IR_SCATTER},
    {"", "TopK", 1, 0, 1, 2, import_top_k, IR_TOP_K},
};
const onnx_op_table onnx_scatter_ops = ONNX_OP_TABLE(rows);
