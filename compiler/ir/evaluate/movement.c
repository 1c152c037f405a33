/* movement.c: operators whose result elements are operand elements at other places. */
#include "ir/evaluate/walk.h"

#include <string.h>

status ir_evaluate_reshape(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                           const int64_t *symbols, ir_tensor *out) {
  (void)symbols;
  int64_t count = ir_tensor_count(out);
  if (count != ir_tensor_count(in[0]))
    return walk_misfit(scratch, node, "reshape changes the number of elements");
  if (count) memcpy(out->data, in[0]->data, (size_t)count * ir_dtype_bytes(out->dtype));
  return OK;
}

/* Copies element base + (index . strides) of `in` to each element of out. The caller has checked the range.
 */
static void copy_strided(ir_tensor *out, const ir_tensor *in, int64_t base, const int64_t *strides) {
  int64_t index[IR_MAX_RANK] = {0}, to = 0;
  if (ir_tensor_count(out) == 0) return;
  do {
    walk_copy(out, to++, in, base + walk_offset(out->rank, index, strides));
  } while (walk_next(out, index));
}

status ir_evaluate_transpose(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                             const int64_t *symbols, ir_tensor *out) {
  (void)symbols;
  int64_t own[IR_MAX_RANK], strides[IR_MAX_RANK];
  walk_strides(in[0], own);
  for (int i = 0; i < out->rank; i++) {
    if (out->dims[i] != in[0]->dims[node->attrs.perm[i]])
      return walk_misfit(scratch, node, "perm does not fit");
    strides[i] = own[node->attrs.perm[i]];
  }
  copy_strided(out, in[0], 0, strides);
  return OK;
}

status ir_evaluate_expand(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                          const int64_t *symbols, ir_tensor *out) {
  (void)symbols;
  int64_t strides[IR_MAX_RANK];
  if (!walk_broadcast(in[0], out, strides)) return walk_misfit(scratch, node, "a size cannot be expanded");
  copy_strided(out, in[0], 0, strides);
  return OK;
}

status ir_evaluate_slice(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                         const int64_t *symbols, ir_tensor *out) {
  int64_t strides[IR_MAX_RANK], base = 0;
  if (ir_tensor_count(out) == 0) return OK;
  walk_strides(in[0], strides);
  for (int i = 0; i < out->rank; i++) {
    int64_t first = ir_dim_evaluate(node->attrs.start[i], symbols), last, size = in[0]->dims[i];
    bool overflow = __builtin_mul_overflow(out->dims[i] - 1, node->attrs.step[i], &last) ||
                    __builtin_add_overflow(first, last, &last);
    if (overflow || first < 0 || first >= size || last < 0 || last >= size) {
      return walk_misfit(scratch, node, arena_format(scratch, "slice of axis %d leaves the operand", i));
    }
    base += first * strides[i];
    strides[i] = out->dims[i] > 1 ? strides[i] * node->attrs.step[i] : 0;
  }
  copy_strided(out, in[0], base, strides);
  return OK;
}

status ir_evaluate_concat(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                          const int64_t *symbols, ir_tensor *out) {
  (void)symbols;
  int axis = node->attrs.axis;
  int64_t strides[IR_MAX_RANK], filled = 0;
  walk_strides(out, strides);
  for (int k = 0; k < node->operand_count; k++) {
    int64_t index[IR_MAX_RANK] = {0}, from = 0;
    for (int i = 0; i < out->rank; i++) {
      if (i != axis && in[k]->dims[i] != out->dims[i])
        return walk_misfit(scratch, node, "operands differ in size");
    }
    if (in[k]->dims[axis] > out->dims[axis] - filled)
      return walk_misfit(scratch, node, "operands exceed the result");
    if (ir_tensor_count(in[k])) {
      do {
        int64_t to = walk_offset(out->rank, index, strides) + filled * strides[axis];
        walk_copy(out, to, in[k], from++);
      } while (walk_next(in[k], index));
    }
    filled += in[k]->dims[axis];
  }
  return filled == out->dims[axis] ? OK : walk_misfit(scratch, node, "operands do not fill the result");
}

status ir_evaluate_pad(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                       const int64_t *symbols, ir_tensor *out) {
  int64_t strides[IR_MAX_RANK], index[IR_MAX_RANK] = {0}, base = 0, count = ir_tensor_count(out);
  for (int64_t i = 0; i < count; i++) element_set_double(out->dtype, out->data, i, node->attrs.value);
  walk_strides(out, strides);
  for (int i = 0; i < out->rank; i++) {
    int64_t start = ir_dim_evaluate(node->attrs.start[i], symbols);
    if (start < 0 || in[0]->dims[i] > out->dims[i] || start > out->dims[i] - in[0]->dims[i]) {
      return walk_misfit(scratch, node, arena_format(scratch, "axis %d does not fit in the padded shape", i));
    }
    base += start * strides[i];
  }
  if (ir_tensor_count(in[0]) == 0) return OK;
  int64_t from = 0;
  do {
    walk_copy(out, base + walk_offset(out->rank, index, strides), in[0], from++);
  } while (walk_next(in[0], index));
  return OK;
}

status ir_evaluate_gather(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                          const int64_t *symbols, ir_tensor *out) {
  (void)symbols;
  const ir_tensor *data = in[0], *indices = in[1];
  int axis = node->attrs.axis;
  /* data: [outer, size, inner]; out: [outer, indices, inner]. */
  int64_t outer = 1, inner = 1, size = data->dims[axis], picks = ir_tensor_count(indices);
  for (int i = 0; i < axis; i++) outer *= data->dims[i];
  for (int i = axis + 1; i < data->rank; i++) inner *= data->dims[i];
  if (outer * picks * inner != ir_tensor_count(out))
    return walk_misfit(scratch, node, "the result does not fit");
  for (int64_t p = 0; p < picks; p++) {
    int64_t pick = element_integer(indices->dtype, indices->data, p);
    if (pick < 0) pick += size;
    if (pick < 0 || pick >= size) {
      status s = walk_misfit(scratch, node, "an index is out of range");
      s = fail_expected(scratch, s, "%lld to %lld", -(long long)size, (long long)size - 1);
      return fail_found(scratch, s, "%lld", (long long)element_integer(indices->dtype, indices->data, p));
    }
    for (int64_t o = 0; o < outer; o++) {
      for (int64_t i = 0; i < inner; i++)
        walk_copy(out, (o * picks + p) * inner + i, data, (o * size + pick) * inner + i);
    }
  }
  return OK;
}
