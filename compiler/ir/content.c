/*
 * content.c: shape arithmetic without running it. Exporters spell sizes as
 * chains of Shape, Gather, Mul, Concat ... over tiny integer tensors; each
 * link of such a chain is computed here on expressions, so that what arrives
 * at a Reshape is a list of dims and the chain itself is dead.
 */
#include "ir/content.h"
#include "ir/element.h"

#include <string.h>

/* Row-major index arithmetic over static types. */
typedef struct {
  int rank;
  int64_t dims[IR_MAX_RANK];
  int64_t count;
} extent;

static bool extent_of(const ir_type *type, extent *e) {
  e->rank = type->rank;
  for (int i = 0; i < type->rank; i++) {
    if (!ir_dim_is_const(type->dims[i], &e->dims[i])) return false;
  }
  return ir_type_is_static(type, &e->count) && e->count >= 0 && e->count <= IR_MAX_CONTENT;
}

static void unravel(const extent *e, int64_t linear, int64_t *index) {
  for (int i = e->rank - 1; i >= 0; i--) {
    index[i] = e->dims[i] ? linear % e->dims[i] : 0;
    linear = e->dims[i] ? linear / e->dims[i] : 0;
  }
}

/* Linear index in e; axes of size 1 take any index, as in broadcasting. */
static int64_t ravel(const extent *e, const int64_t *index) {
  int64_t linear = 0;
  for (int i = 0; i < e->rank; i++) linear = linear * e->dims[i] + (e->dims[i] == 1 ? 0 : index[i]);
  return linear;
}

/* ---- one element ---- */

static ir_dim truth(ir_module *m, bool holds) {
  return ir_dim_const(m, holds);
}

/* Truncating division: floor where the operands' signs are known not to differ. */
static ir_dim divide(ir_module *m, ir_dim a, ir_dim b) {
  int64_t x, y, lowest, highest;
  if (ir_dim_is(b, 0)) return NULL;
  if (ir_dim_is_const(a, &x) && ir_dim_is_const(b, &y)) {
    return y == -1 ? ir_dim_sub(m, ir_dim_const(m, 0), a) : ir_dim_const(m, x / y);
  }
  ir_dim_bounds(m, a, &lowest, &highest);
  if (lowest < 0) return NULL;
  ir_dim_bounds(m, b, &lowest, &highest);
  return lowest >= 0 ? ir_dim_div(m, a, b) : NULL;
}

/* Whether the comparison has one answer for every size the symbols may take; that goes to *holds. */
static bool decide(ir_module *m, ir_op op, ir_dim a, ir_dim b, bool *holds) {
  int64_t lowest, highest;
  bool equal = ir_dim_equal(m, a, b);
  ir_dim_bounds(m, ir_dim_sub(m, a, b), &lowest, &highest);
  switch (op) {
  case IR_EQ:
    *holds = equal;
    return equal || lowest > 0 || highest < 0;
  case IR_NE:
    *holds = !equal;
    return equal || lowest > 0 || highest < 0;
  case IR_LT:
    *holds = highest < 0;
    return highest < 0 || lowest >= 0;
  case IR_LE:
    *holds = highest <= 0;
    return highest <= 0 || lowest > 0;
  case IR_GT:
    *holds = lowest > 0;
    return lowest > 0 || highest <= 0;
  case IR_GE:
    *holds = lowest >= 0;
    return lowest >= 0 || highest < 0;
  default:
    return false;
  }
}

static ir_dim logic(ir_module *m, ir_op op, ir_dim a, ir_dim b) {
  int64_t x, y = 0;
  if (!ir_dim_is_const(a, &x) || (b && !ir_dim_is_const(b, &y))) return NULL;
  switch (op) {
  case IR_NOT:
    return truth(m, !x);
  case IR_AND:
    return truth(m, x && y);
  case IR_OR:
    return truth(m, x || y);
  default:
    return truth(m, !x != !y);
  }
}

/* The element of an elementwise result; NULL: not known. */
static ir_dim element(ir_module *m, ir_op op, const ir_dim *in) {
  bool holds;
  int64_t value;
  switch (op) {
  case IR_IDENTITY:
  case IR_CAST:
    return in[0];
  case IR_NEG:
    return ir_dim_sub(m, ir_dim_const(m, 0), in[0]);
  case IR_ABS:
    ir_dim_bounds(m, in[0], &value, &(int64_t){0});
    return value >= 0 ? in[0] : NULL;
  case IR_ADD:
    return ir_dim_add(m, in[0], in[1]);
  case IR_SUB:
    return ir_dim_sub(m, in[0], in[1]);
  case IR_MUL:
    return ir_dim_mul(m, in[0], in[1]);
  case IR_DIV:
    return divide(m, in[0], in[1]);
  case IR_MOD:
    return ir_dim_is(in[1], 0) ? NULL : ir_dim_mod(m, in[0], in[1]);
  case IR_MIN:
    return ir_dim_min(m, in[0], in[1]);
  case IR_MAX:
    return ir_dim_max(m, in[0], in[1]);
  case IR_RELU:
    return ir_dim_max(m, in[0], ir_dim_const(m, 0));
  case IR_EQ:
  case IR_NE:
  case IR_LT:
  case IR_LE:
  case IR_GT:
  case IR_GE:
    return decide(m, op, in[0], in[1], &holds) ? truth(m, holds) : NULL;
  case IR_NOT:
    return logic(m, op, in[0], NULL);
  case IR_AND:
  case IR_OR:
  case IR_XOR:
    return logic(m, op, in[0], in[1]);
  case IR_SELECT:
    return ir_dim_is_const(in[0], &value) ? in[value ? 1 : 2] : NULL;
  default:
    return NULL;
  }
}

static bool elementwise(ir_module *m, const ir_node *n, const extent *out, ir_dim *content) {
  extent in[3];
  for (int k = 0; k < n->operand_count; k++) {
    if (!extent_of(&n->operands[k]->type, &in[k])) return false;
  }
  for (int64_t i = 0; i < out->count; i++) {
    int64_t index[IR_MAX_RANK] = {0};
    ir_dim elements[3] = {0};
    unravel(out, i, index);
    for (int k = 0; k < n->operand_count; k++) elements[k] = n->operands[k]->content[ravel(&in[k], index)];
    content[i] = element(m, n->op, elements);
    if (!content[i]) return false;
  }
  return true;
}

/* ---- movement and reduction ---- */

static bool concat(const ir_node *n, const extent *out, ir_dim *content) {
  for (int64_t i = 0; i < out->count; i++) {
    int64_t index[IR_MAX_RANK] = {0};
    unravel(out, i, index);
    for (int k = 0; k < n->operand_count; k++) {
      extent in;
      if (!extent_of(&n->operands[k]->type, &in)) return false;
      if (index[n->attrs.axis] < in.dims[n->attrs.axis]) {
        content[i] = n->operands[k]->content[ravel(&in, index)];
        break;
      }
      index[n->attrs.axis] -= in.dims[n->attrs.axis];
    }
  }
  return true;
}

/* Where result element `index` of a movement with one operand comes from; false: not known. */
static bool source_index(const ir_node *n, const extent *in, int64_t *index) {
  int64_t moved[IR_MAX_RANK] = {0};
  for (int i = 0; i < in->rank; i++) {
    int64_t start = 0;
    switch (n->op) {
    case IR_EXPAND:
      moved[i] = index[i];
      break;
    case IR_TRANSPOSE:
      moved[n->attrs.perm[i]] = index[i];
      break;
    case IR_SLICE:
      if (!ir_dim_is_const(n->attrs.start[i], &start)) return false;
      moved[i] = start + index[i] * n->attrs.step[i];
      if (moved[i] < 0 || moved[i] >= in->dims[i]) return false;
      break;
    default:
      return false;
    }
  }
  memcpy(index, moved, sizeof moved);
  return true;
}

static bool movement(const ir_node *n, const extent *out, ir_dim *content) {
  extent in;
  if (!extent_of(&n->operands[0]->type, &in)) return false;
  for (int64_t i = 0; i < out->count; i++) {
    int64_t index[IR_MAX_RANK] = {0};
    unravel(out, i, index);
    if (n->op == IR_RESHAPE) {
      content[i] = n->operands[0]->content[i];
    } else {
      if (!source_index(n, &in, index)) return false;
      content[i] = n->operands[0]->content[ravel(&in, index)];
    }
  }
  return true;
}

static bool gather(const ir_node *n, const extent *out, ir_dim *content) {
  extent data, indices;
  int axis = n->attrs.axis;
  if (!extent_of(&n->operands[0]->type, &data) || !extent_of(&n->operands[1]->type, &indices)) return false;
  for (int64_t i = 0; i < out->count; i++) {
    int64_t index[IR_MAX_RANK] = {0}, from[IR_MAX_RANK] = {0}, picked;
    unravel(out, i, index);
    if (!ir_dim_is_const(n->operands[1]->content[ravel(&indices, index + axis)], &picked)) return false;
    if (picked < 0) picked += data.dims[axis];
    if (picked < 0 || picked >= data.dims[axis]) return false;
    for (int a = 0; a < data.rank; a++) {
      from[a] = a < axis ? index[a] : a == axis ? picked : index[a + indices.rank - 1];
    }
    content[i] = n->operands[0]->content[ravel(&data, from)];
  }
  return true;
}

static bool reduce(ir_module *m, const ir_node *n, const extent *out, ir_dim *content) {
  extent in;
  if (!extent_of(&n->operands[0]->type, &in)) return false;
  for (int64_t i = 0; i < in.count; i++) {
    int64_t index[IR_MAX_RANK] = {0};
    unravel(&in, i, index);
    ir_dim x = n->operands[0]->content[i], *sum = &content[ravel(out, index)];
    if (!*sum) {
      *sum = x;
      continue;
    }
    switch (n->op) {
    case IR_REDUCE_SUM:
      *sum = ir_dim_add(m, *sum, x);
      break;
    case IR_REDUCE_PROD:
      *sum = ir_dim_mul(m, *sum, x);
      break;
    case IR_REDUCE_MAX:
      *sum = ir_dim_max(m, *sum, x);
      break;
    case IR_REDUCE_MIN:
      *sum = ir_dim_min(m, *sum, x);
      break;
    default:
      return false;
    }
  }
  return in.count > 0;
}

/* ---- sources ---- */

static bool source(ir_module *m, const ir_node *n, const extent *out, ir_dim *content) {
  const ir_constant *c = n->attrs.constant;
  for (int64_t i = 0; i < out->count; i++) {
    int64_t index[IR_MAX_RANK] = {0};
    switch (n->op) {
    case IR_DIMS:
      content[i] = n->attrs.dim_list[i];
      break;
    case IR_CONST:
      if (!c->data) return false;
      content[i] = ir_dim_const(m, element_integer(c->type.dtype, c->data, i));
      break;
    case IR_IOTA:
      unravel(out, i, index);
      content[i] = ir_dim_add(m, n->attrs.start[0], ir_dim_const(m, n->attrs.step[0] * index[n->attrs.axis]));
      break;
    default:
      return false;
    }
  }
  return true;
}

bool ir_content_is_const(const ir_dim *content, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    if (!ir_dim_is_const(content[i], NULL)) return false;
  }
  return true;
}

const ir_dim *ir_content_compute(ir_module *m, const ir_node *n) {
  extent out;
  if (ir_dtype_is_float(n->result->type.dtype) || !extent_of(&n->result->type, &out)) return NULL;
  if (n->op == IR_MEASURE) return n->attrs.dim_list;
  for (int k = 0; k < n->operand_count; k++) {
    if (!n->operands[k] || !n->operands[k]->content) return NULL;
  }
  ir_dim *content = ARENA_ARRAY(m->arena, ir_dim, (size_t)out.count + 1);
  bool known = false;
  switch (ir_op_describe(n->op)->op_class) {
  case IR_CLASS_SOURCE:
    known = source(m, n, &out, content);
    break;
  case IR_CLASS_ELEMENTWISE:
    known = elementwise(m, n, &out, content);
    break;
  case IR_CLASS_MOVEMENT:
    known = n->op == IR_CONCAT   ? concat(n, &out, content)
            : n->op == IR_GATHER ? gather(n, &out, content)
                                 : movement(n, &out, content);
    break;
  case IR_CLASS_REDUCTION:
    known = reduce(m, n, &out, content);
    break;
  default:
    break;
  }
  return known ? content : NULL;
}
