/* walk.c: going through concrete tensors. */
#include "ir/evaluate/walk.h"

#include <string.h>

void walk_strides(const ir_tensor *t, int64_t *strides) {
  int64_t stride = 1;
  for (int i = t->rank - 1; i >= 0; i--) {
    strides[i] = stride;
    stride *= t->dims[i];
  }
}

bool walk_broadcast(const ir_tensor *t, const ir_tensor *out, int64_t *strides) {
  if (t->rank != out->rank) return false;
  walk_strides(t, strides);
  for (int i = 0; i < t->rank; i++) {
    if (t->dims[i] == 1) {
      strides[i] = 0;
    } else if (t->dims[i] != out->dims[i]) {
      return false;
    }
  }
  return true;
}

bool walk_next(const ir_tensor *t, int64_t *index) {
  for (int i = t->rank - 1; i >= 0; i--) {
    if (++index[i] < t->dims[i]) return true;
    index[i] = 0;
  }
  return false;
}

int64_t walk_offset(int rank, const int64_t *index, const int64_t *strides) {
  int64_t offset = 0;
  for (int i = 0; i < rank; i++) offset += index[i] * strides[i];
  return offset;
}

void walk_copy(ir_tensor *out, int64_t to, const ir_tensor *in, int64_t from) {
  size_t bytes = ir_dtype_bytes(out->dtype);
  memcpy((char *)out->data + (size_t)to * bytes, (const char *)in->data + (size_t)from * bytes, bytes);
}

double *walk_doubles(arena *a, const ir_tensor *t) {
  int64_t count = ir_tensor_count(t);
  double *elements = ARENA_ARRAY(a, double, (size_t)count);
  element_doubles(t->dtype, t->data, 0, 1, count, elements);
  return elements;
}

status walk_misfit(arena *scratch, const ir_node *node, const char *what) {
  status s = fail(scratch, STATUS_INPUT, "%s", what);
  return fail_node(scratch, s, "%s", node->origin ? node->origin : ir_op_describe(node->op)->name);
}
