/* constant.c: which constants hold the same elements, as they are or transposed. */
#include "ir/ir.h"

#include <string.h>

/* Constants that differ mostly do so at once. */
bool ir_constant_same(const ir_constant *a, const ir_constant *b) {
  int64_t count;
  if (a == b) return true;
  if (!a->data || !b->data || a->type.dtype != b->type.dtype || a->type.rank != b->type.rank) return false;
  if (memcmp(a->type.dims, b->type.dims, sizeof(ir_dim) * (size_t)a->type.rank) != 0) return false;
  if (a->data == b->data) return true;
  return ir_type_is_static(&a->type, &count) && count > 0 &&
         memcmp(a->data, b->data, (size_t)count * ir_dtype_bytes(a->type.dtype)) == 0;
}

/* left [K, N], right [N, K]. By strips of columns, so that each line of memory is used while it is near. */
static inline bool are_transposed(const char *left, const char *right, int64_t K, int64_t N, size_t element) {
  enum { STRIP = 16 };
  for (int64_t first = 0; first < N; first += STRIP) {
    int64_t end = first + STRIP < N ? first + STRIP : N;
    for (int64_t k = 0; k < K; k++) {
      for (int64_t n = first; n < end; n++) {
        const char *x = left + (size_t)(k * N + n) * element, *y = right + (size_t)(n * K + k) * element;
        if (memcmp(x, y, element) != 0) return false;
      }
    }
  }
  return true;
}

static bool has_transposed_bytes(const ir_constant *w, const ir_constant *c) {
  int64_t K, N;
  if (!w->data || !c->data || w->type.dtype != c->type.dtype || w->type.rank != 2 || c->type.rank != 2)
    return false;
  if (w->type.dims[0] != c->type.dims[1] || w->type.dims[1] != c->type.dims[0]) return false;
  if (!ir_dim_is_const(w->type.dims[0], &K) || !ir_dim_is_const(w->type.dims[1], &N)) return false;
  switch (ir_dtype_bytes(c->type.dtype)) { /* sizes that the compiler knows need no call for each element */
  case 4:
    return are_transposed(w->data, c->data, K, N, 4);
  case 2:
    return are_transposed(w->data, c->data, K, N, 2);
  default:
    return are_transposed(w->data, c->data, K, N, ir_dtype_bytes(c->type.dtype));
  }
}

static const ir_constant *operand_of(const ir_constant *c, ir_op maker) {
  const ir_node *n = c->made_by;
  return n && n->op == maker && ir_value_is_const(n->operands[0]) ? n->operands[0]->def->attrs.constant
                                                                  : NULL;
}

bool ir_constant_is_transpose(const ir_constant *w, const ir_constant *c) {
  const ir_constant *from = operand_of(w, IR_TRANSPOSE), *other = operand_of(c, IR_TRANSPOSE);
  if (c->type.rank != 2) return false;
  if (from && ir_constant_same(from, c)) return true;
  if (other && ir_constant_same(other, w)) return true;
  from = operand_of(w, IR_CAST), other = operand_of(c, IR_CAST);
  if (from && other && w->type.dtype == c->type.dtype) return ir_constant_is_transpose(from, other);
  return has_transposed_bytes(w, c);
}
