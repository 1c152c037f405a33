/*
 * dedupe.c: equal nodes become one (value numbering over the graph's order).
 *
 *   a = add x, y        b = add x, y      ->    every reader of b reads a
 */
#include "pass/pass.h"

#include <string.h>

static bool same_constant(const ir_constant *a, const ir_constant *b) {
  int64_t count;
  if (a == b) return true;
  if (!a->data || !b->data || a->type.dtype != b->type.dtype || a->type.rank != b->type.rank) return false;
  if (memcmp(a->type.dims, b->type.dims, sizeof(ir_dim) * (size_t)a->type.rank) != 0) return false;
  if (a->data == b->data) return true;
  return ir_type_is_static(&a->type, &count) && count <= 4096 &&
         memcmp(a->data, b->data, (size_t)count * ir_dtype_bytes(a->type.dtype)) == 0;
}

/* Unused fields are zero, so whole arrays can be compared; dims are interned. */
static bool same_attrs(const ir_node *x, const ir_node *y) {
  const ir_attrs *a = &x->attrs, *b = &y->attrs;
  if (x->op == IR_CONST) return same_constant(a->constant, b->constant);
  if (a->dim_count != b->dim_count) return false;
  if (a->dim_count && memcmp(a->dim_list, b->dim_list, sizeof(ir_dim) * (size_t)a->dim_count) != 0)
    return false;
  return a->dtype == b->dtype && a->axis == b->axis && a->axes == b->axes && a->rank == b->rank &&
         memcmp(a->perm, b->perm, sizeof a->perm) == 0 && memcmp(a->shape, b->shape, sizeof a->shape) == 0 &&
         memcmp(a->start, b->start, sizeof a->start) == 0 && memcmp(a->step, b->step, sizeof a->step) == 0 &&
         a->value == b->value && a->epsilon == b->epsilon && a->scale == b->scale &&
         a->softcap == b->softcap && a->causal == b->causal && a->interleaved == b->interleaved &&
         a->gated == b->gated && a->wide == b->wide && a->apart == b->apart &&
         a->activation == b->activation && a->state == b->state && a->body == b->body &&
         a->otherwise == b->otherwise && a->index == b->index;
}

static bool same_computation(const ir_node *x, const ir_node *y) {
  if (x->op != y->op || x->operand_count != y->operand_count) return false;
  if (ir_op_describe(x->op)->op_class == IR_CLASS_STATE || x->op == IR_MEASURE) return false;
  for (int i = 0; i < x->operand_count; i++) {
    if (x->operands[i] != y->operands[i]) return false;
  }
  return same_attrs(x, y);
}

static uint64_t hash_of(const ir_node *n) {
  uint64_t h = (uint64_t)n->op * 0x9E3779B97F4A7C15u;
  for (int i = 0; i < n->operand_count; i++) h = (h ^ (uintptr_t)n->operands[i] >> 4) * 0x9E3779B97F4A7C15u;
  if (n->op == IR_CONST) h = (h ^ (uint64_t)n->attrs.constant->type.rank) * 0x9E3779B97F4A7C15u;
  return h ^ h >> 29;
}

bool pass_dedupe(ir_graph *g, pass_report *report) {
  size_t count = 0, mask = 63;
  for (ir_node *n = g->first; n; n = n->next) count++;
  while (mask < count * 2) mask = mask * 2 + 1;
  arena scratch = {0};
  ir_node **table = ARENA_ARRAY(&scratch, ir_node *, mask + 1);
  for (ir_node *n = g->first; n; n = n->next) {
    size_t i = hash_of(n) & mask;
    while (table[i] && !same_computation(table[i], n)) i = (i + 1) & mask;
    if (!table[i]) {
      table[i] = n;
    } else {
      ir_replace_uses(g, n->result, table[i]->result);
      report->rewrites++;
    }
  }
  arena_free(&scratch);
  if (report->rewrites) ir_remove_dead(g);
  return report->rewrites > 0;
}
