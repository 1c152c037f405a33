/*
 * cache.c: attention reads keys and values as they are kept and widens them itself.
 *
 *   k = append past, new {state = s} : bf16[1, 4, p + s, 16]
 *   w = cast k {dtype = f32}
 *   y = attention q, w, ...            ->    y = attention q, k, ...
 *
 *   w = mul (cast k), s          ->    y = attention q, k, ..., _, s, ...      (k: i8; s: [..., 1])
 *
 * What only moves elements may stand between the cast and the attention; of bytes, what moves whole rows.
 */
#include "pass/rewrite.h"

#include <string.h>

enum { ATTENTION_OPERANDS = 6, SCALES = 3 /* behind k and v themselves */ };

/* v before it was cast to f32 from `dtype`; NULL: it was not. */
static ir_value *cast_from(const ir_value *v, ir_dtype dtype) {
  const ir_node *cast = ir_def(v, IR_CAST);
  return cast && v->type.dtype == SMELT_F32 && cast->operands[0]->type.dtype == dtype ? cast->operands[0]
                                                                                      : NULL;
}

/* Scales [..., 1] of rows moved as n moves the rows; NULL: it moves parts of rows. */
static ir_value *moved_scales(ir_builder *b, const ir_node *n, ir_value *scales) {
  const ir_type *from = &n->operands[0]->type, *to = &n->result->type;
  ir_dim dims[IR_MAX_RANK], one = ir_dim_const(b->graph->module, 1);
  int last = from->rank - 1;
  if (n->op == IR_TRANSPOSE)
    return n->attrs.perm[last] == last ? ir_transpose(b, scales, n->attrs.perm) : NULL;
  if (!ir_dim_equal(b->graph->module, from->dims[last], to->dims[to->rank - 1])) return NULL;
  if (n->op == IR_RESHAPE) {
    for (int i = 0; i < to->rank; i++) dims[i] = i == to->rank - 1 ? one : to->dims[i];
    return ir_reshape(b, scales, dims, to->rank);
  }
  if (n->op != IR_SLICE) return NULL;
  for (int i = 0; i <= last; i++) dims[i] = i == last ? one : to->dims[i];
  return ir_slice(b, scales, n->attrs.start, dims, n->attrs.step);
}

/* Whether each row has a scale of its own. */
static bool has_scales(ir_module *m, const ir_type *rows, const ir_type *scales) {
  int last = rows->rank - 1;
  bool fits = scales->rank == rows->rank && last >= 0 && ir_dim_is(scales->dims[last], 1);
  for (int i = 0; i < last && fits; i++) fits = ir_dim_equal(m, scales->dims[i], rows->dims[i]);
  return fits;
}

/* bytes * scales, each with a scale for a row: the bytes; NULL: it is not. */
static ir_value *bytes_of(ir_module *m, const ir_node *mul, ir_value **scales) {
  for (int i = 0; i < 2; i++) {
    ir_value *bytes = cast_from(mul->operands[i], SMELT_I8);
    if (!bytes || !has_scales(m, &bytes->type, &mul->operands[!i]->type)) continue;
    *scales = mul->operands[!i];
    return bytes;
  }
  return NULL;
}

/* v before it was widened to f32, moved as v is, and the scales of its rows or NULL; NULL: it was not. */
static ir_value *as_kept(ir_builder *b, ir_value *v, ir_value **scales) {
  const ir_node *n = v->def;
  *scales = NULL;
  if (n && n->op == IR_MUL) return bytes_of(b->graph->module, n, scales);
  if (!n || n->operand_count != 1) return NULL;
  if (n->op == IR_CAST) return cast_from(v, SMELT_BF16);
  if (ir_op_describe(n->op)->op_class != IR_CLASS_MOVEMENT) return NULL;
  ir_value *from = as_kept(b, n->operands[0], scales);
  if (!from) return NULL;
  if (*scales && !(*scales = moved_scales(b, n, *scales))) return NULL;
  return ir_build(b, n->op, &from, 1, &n->attrs);
}

static ir_value *read_kept(ir_builder *b, ir_node *n) {
  ir_value *operands[ATTENTION_OPERANDS] = {0};
  int count = n->operand_count;
  bool changed = false;
  memcpy(operands, n->operands, sizeof *operands * (size_t)count);
  for (int i = 1; i <= 2; i++) {
    ir_value *scales, *kept = as_kept(b, n->operands[i], &scales);
    if (!kept) continue;
    operands[i] = kept;
    operands[i + SCALES] = scales;
    if (scales && count <= i + SCALES) count = i + SCALES + 1;
    changed = true;
  }
  return changed ? ir_build(b, IR_ATTENTION, operands, count, &n->attrs) : NULL;
}

bool pass_cache(ir_graph *g, pass_report *report) {
  static const rewrite_rule rules[] = {{IR_ATTENTION, read_kept}};
  return rewrite_graph(g, report, REWRITE_RULES(rules));
}
