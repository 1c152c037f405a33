/* cost.c: FLOPs of nodes by the rows of cost.def, bytes of steps by their views. */
#include "plan/cost.h"

/* ---- FLOPs ---- */

static ir_dim times(ir_module *m, ir_dim d, int64_t factor) {
  return ir_dim_mul(m, d, ir_dim_const(m, factor));
}

static ir_dim elements(ir_module *m, const ir_value *v) {
  return ir_type_element_count(m, &v->type);
}

static ir_dim last_dim(ir_module *m, const ir_type *type) {
  return type->rank ? type->dims[type->rank - 1] : ir_dim_const(m, 1);
}

static const ir_value *operand(const ir_node *n, int index) {
  return index < n->operand_count ? n->operands[index] : NULL;
}

typedef ir_dim flops_rule(ir_module *m, const ir_node *n, int64_t weight);

static ir_dim rule_result(ir_module *m, const ir_node *n, int64_t weight) {
  return times(m, elements(m, n->result), weight);
}

static ir_dim rule_operand(ir_module *m, const ir_node *n, int64_t weight) {
  return times(m, elements(m, n->operands[0]), weight);
}

static ir_dim rule_updates(ir_module *m, const ir_node *n, int64_t weight) {
  return times(m, elements(m, n->operands[2]), weight);
}

/* Each result element is a sum over K. */
static ir_dim rule_matmul(ir_module *m, const ir_node *n, int64_t weight) {
  ir_dim K = last_dim(m, &n->operands[0]->type);
  return times(m, ir_dim_mul(m, elements(m, n->result), K), weight);
}

static int64_t flops_per_element(ir_op op);

/* rows x K x N products, then bias on all N columns; gate, activation and residual on the result's. */
static ir_dim rule_linear(ir_module *m, const ir_node *n, int64_t weight) {
  ir_dim N = last_dim(m, &n->operands[1]->type), result = elements(m, n->result);
  int64_t per_result = flops_per_element(n->attrs.activation) + n->attrs.gated + (operand(n, 3) != NULL);
  ir_dim flops = times(m, ir_dim_mul(m, elements(m, n->operands[0]), N), weight);
  if (operand(n, 2)) flops = ir_dim_add(m, flops, times(m, result, n->attrs.gated ? 2 : 1));
  return ir_dim_add(m, flops, times(m, result, per_result));
}

/*
 * Pairs of a query and a key it sees: S T, less the keys of later positions where causal: query s of S sees
 * T - S + s + 1 (all of T where that may be negative). Twice the number, a polynomial without divisions.
 */
static ir_dim twice_seen_pairs(ir_module *m, ir_dim S, ir_dim T, bool causal) {
  ir_dim pairs = times(m, ir_dim_mul(m, S, T), 2);
  int64_t least_past, most_past;
  ir_dim_bounds(m, ir_dim_sub(m, T, S), &least_past, &most_past);
  if (!causal || least_past < 0) return pairs;
  return ir_dim_sub(m, pairs, ir_dim_mul(m, S, ir_dim_sub(m, S, ir_dim_const(m, 1))));
}

/* q [B, H, S, D], k [B, G, T, D], v [B, G, T, E]: per head and pair 2 D + 2 E, softmax, and what scores
 * undergo. */
static ir_dim rule_attention(ir_module *m, const ir_node *n, int64_t weight) {
  const ir_type *q = &n->operands[0]->type, *k = &n->operands[1]->type, *v = &n->operands[2]->type;
  int64_t per_score = weight + 1 + (operand(n, 3) != NULL);
  if (n->attrs.softcap != 0) per_score += flops_per_element(IR_TANH) + 2;
  ir_dim per_pair = times(m, ir_dim_add(m, q->dims[3], v->dims[3]), 2);
  per_pair = ir_dim_add(m, per_pair, ir_dim_const(m, per_score));
  ir_dim heads = ir_dim_mul(m, q->dims[0], q->dims[1]);
  ir_dim pairs = twice_seen_pairs(m, q->dims[2], k->dims[2], n->attrs.causal);
  ir_dim twice = ir_dim_mul(m, ir_dim_mul(m, heads, per_pair), pairs);
  return ir_dim_div(m, twice, ir_dim_const(m, 2));
}

static ir_dim rule_norm(ir_module *m, const ir_node *n, int64_t weight) {
  return times(m, elements(m, n->result), weight + (operand(n, 1) != NULL) + (operand(n, 2) != NULL));
}

/* x [B, H, S, D] with cos [1|B, S, R/2]: R of D features are turned. */
static ir_dim rule_rotary(ir_module *m, const ir_node *n, int64_t weight) {
  const ir_type *x = &n->operands[0]->type;
  ir_dim vectors = ir_dim_mul(m, ir_dim_mul(m, x->dims[0], x->dims[1]), x->dims[2]);
  return times(m, ir_dim_mul(m, vectors, last_dim(m, &n->operands[1]->type)), 2 * weight);
}

typedef struct {
  flops_rule *rule;
  int64_t weight;
} cost_row;

static cost_row row_of(ir_op op) {
  static const cost_row rows[IR_OP_COUNT] = {
#define COST(NAME, rule, weight) [IR_##NAME] = {rule_##rule, weight},
#include "plan/cost.def"
#undef COST
  };
  if (rows[op].rule) return rows[op];
  switch (ir_op_describe(op)->op_class) {
  case IR_CLASS_ELEMENTWISE:
    return (cost_row){rule_result, 1};
  case IR_CLASS_REDUCTION:
    return (cost_row){rule_operand, 1};
  default:
    return (cost_row){rule_result, 0};
  }
}

static int64_t flops_per_element(ir_op op) {
  return row_of(op).weight;
}

ir_dim plan_node_flops(ir_module *m, const ir_node *n) {
  cost_row row = row_of(n->op);
  return row.weight ? row.rule(m, n, row.weight) : ir_dim_const(m, 0);
}

/* ---- bytes ---- */

/* Axes with stride 0 repeat the same elements. */
static ir_dim bytes_through(ir_module *m, const ir_type *type, const plan_view *view) {
  ir_dim count = ir_dim_const(m, (int64_t)ir_dtype_bytes(type->dtype));
  for (int i = 0; i < type->rank; i++) {
    bool is_repeated = view->layout == PLAN_STRIDED && ir_dim_is(view->stride[i], 0);
    if (!is_repeated) count = ir_dim_mul(m, count, type->dims[i]);
  }
  return count;
}

/* Of `count` elements in memory. */
static ir_dim stored_bytes(ir_module *m, ir_dtype dtype, plan_layout layout, ir_dim count) {
  if (layout == PLAN_NIBBLES || layout == PLAN_NIBBLES_TRANSPOSED)
    return ir_dim_div(m, count, ir_dim_const(m, 2));
  return times(m, count, (int64_t)ir_dtype_bytes(dtype));
}

/* Whole panels are read: [K, N] with N rounded up. */
static ir_dim panel_bytes(ir_module *m, const ir_type *type, plan_layout layout) {
  ir_dim panel = ir_dim_const(m, PLAN_PANEL);
  ir_dim N = ir_dim_add(m, type->dims[1], ir_dim_const(m, PLAN_PANEL - 1));
  N = ir_dim_mul(m, ir_dim_div(m, N, panel), panel);
  return stored_bytes(m, type->dtype, layout, ir_dim_mul(m, type->dims[0], N));
}

/* The rows that gathers take of what is read, if nothing else in the nest reads it; else NULL. */
static ir_dim gathered_bytes(ir_module *m, const plan_step *step, const plan_operand *read) {
  const ir_value *v = read->value;
  ir_dim bytes = NULL;
  for (int i = 0; i < step->node_count; i++) {
    const ir_node *n = step->nodes[i];
    for (int k = 0; k < n->operand_count; k++) {
      if (n->operands[k] != v) continue;
      if (n->op != IR_GATHER || k != 0) return NULL;
      ir_dim rows = stored_bytes(m, v->type.dtype, read->view.layout, elements(m, n->result));
      bytes = bytes ? ir_dim_add(m, bytes, rows) : rows;
    }
  }
  return bytes;
}

static ir_dim read_bytes(ir_module *m, const plan_step *step, const plan_operand *read) {
  const ir_type *type = &read->value->type;
  if (read->view.layout != PLAN_STRIDED && step->kernel == PLAN_LINEAR)
    return panel_bytes(m, type, read->view.layout);
  ir_dim rows = step->kernel == PLAN_LOOPS ? gathered_bytes(m, step, read) : NULL;
  return rows ? rows : bytes_through(m, type, &read->view);
}

static void add_bytes(ir_module *m, plan_cost *cost, plan_space space, ir_dim bytes) {
  ir_dim *sum = space == PLAN_WEIGHTS ? &cost->weight_bytes
                : space == PLAN_STATE ? &cost->state_bytes
                                      : &cost->activation_bytes;
  *sum = ir_dim_add(m, *sum, bytes);
}

/* ---- steps ---- */

plan_cost plan_step_cost(ir_module *m, const plan_step *step) {
  ir_dim zero = ir_dim_const(m, 0);
  plan_cost cost = {zero, zero, zero, zero};
  if (step->control != PLAN_CALL) return cost;
  /* what joins chunks is counted with them */
  for (int i = 0; i < step->node_count && step->kernel != PLAN_ATTENTION_JOIN; i++) {
    cost.flops = ir_dim_add(m, cost.flops, plan_node_flops(m, step->nodes[i]));
  }
  for (int i = 0; i < step->read_count; i++) {
    const plan_operand *read = &step->reads[i];
    if (read->value) add_bytes(m, &cost, read->view.space, read_bytes(m, step, read));
  }
  const plan_operand *result = &step->result;
  ir_dim made = bytes_through(m, &result->value->type, &result->view);
  for (int i = 0; i < step->read_count; i++)
    if (step->reads[i].is_outlet) made = ir_dim_sub(m, made, read_bytes(m, step, &step->reads[i]));
  add_bytes(m, &cost, result->view.space, made);
  return cost;
}

plan_cost plan_cost_sum(ir_module *m, const plan_cost *a, const plan_cost *b) {
  return (plan_cost){ir_dim_add(m, a->flops, b->flops), ir_dim_add(m, a->weight_bytes, b->weight_bytes),
                     ir_dim_add(m, a->state_bytes, b->state_bytes),
                     ir_dim_add(m, a->activation_bytes, b->activation_bytes)};
}

const char *plan_step_work(const plan_step *step) {
  if (step->control != PLAN_CALL) return "control";
  if (step->kernel != PLAN_LOOPS) return ir_op_describe(step->nodes[0]->op)->name;
  bool has_arithmetic = false;
  for (int i = step->node_count - 1; i >= 0; i--) {
    const ir_op_info *info = ir_op_describe(step->nodes[i]->op);
    if (step->nodes[i]->op == IR_GATHER || info->op_class == IR_CLASS_REDUCTION) return info->name;
    has_arithmetic |= info->op_class == IR_CLASS_ELEMENTWISE;
  }
  return has_arithmetic ? "elementwise" : "copy";
}
