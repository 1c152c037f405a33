/*
 * scores.c: from a softmax back to q k^T. On the way stand, in any order and
 * number: a constant factor, a bias, a select that fills what is hidden, and
 * reshapes between [B, H, S, T] and [B * H, S, T]; and before any bias a soft
 * cap, mul (tanh (div p, c)), c.
 *
 *   p = matmul q, k
 *   d = div p, 8
 *   m = select seen, d, -1e9      ->    product p, scale 1/8, bias select(seen, 0, -1e9) + b
 *   a = add m, b
 *   s = softmax a
 */
#include "pass/scores.h"
#include "pass/masks.h"

#include <string.h>

/* Select puts the filler where add would only add it: the same for softmax if nothing can outweigh it. */
static const double filler_most = -1e4;

typedef struct {
  ir_builder *b;
  ir_dim queries, keys;
  const ir_dim *heads; /* [B, H] where the scores were seen in rank 4, else NULL */
  bool causal;
  ir_value *sum;
} bias_sum;

static bool is_filler(const ir_value *v) {
  double value;
  return ir_value_scalar(v, &value) && value <= filler_most;
}

/* v in rank 4; what has scores' first axis in rank 3, [N, S, T], is [B, H, S, T] or [1, N, S, T]. */
static ir_value *raise_to_4(const bias_sum *bias, ir_value *v) {
  ir_dim dims[4];
  int missing = 4 - v->type.rank;
  for (int i = 0; i < 4; i++) {
    dims[i] = i < missing ? ir_dim_const(bias->b->graph->module, 1) : v->type.dims[i - missing];
  }
  bool has_heads = missing == 1 && bias->heads && !ir_dim_is(v->type.dims[0], 1);
  if (has_heads) memcpy(dims, bias->heads, 2 * sizeof *dims);
  return missing > 0 ? ir_reshape(bias->b, v, dims, 4) : v;
}

static void add_term(bias_sum *bias, ir_value *v, double factor) {
  ir_builder *b = bias->b;
  v = raise_to_4(bias, v);
  if (factor != 1) v = ir_binary(b, IR_MUL, v, ir_const_scalar(b, v->type.dtype, factor));
  bias->sum = bias->sum ? ir_binary(b, IR_ADD, bias->sum, v) : v;
}

static bool fits_scores(const bias_sum *bias, const ir_value *condition) {
  ir_module *m = bias->b->graph->module;
  const ir_type *type = &condition->type;
  return type->rank >= 2 && ir_dim_equal(m, type->dims[type->rank - 2], bias->queries) &&
         ir_dim_equal(m, type->dims[type->rank - 1], bias->keys);
}

/* Keys not `seen` get `filler`. */
static void add_mask(bias_sum *bias, ir_value *seen, ir_value *filler) {
  ir_builder *b = bias->b;
  ir_node *both = ir_def(seen, IR_AND);
  if (fits_scores(bias, seen) && mask_is_causal(b->graph->module, seen)) {
    bias->causal = true;
  } else if (both) {
    add_mask(bias, both->operands[0], filler);
    add_mask(bias, both->operands[1], filler);
  } else {
    add_term(bias, ir_select(b, seen, ir_const_scalar(b, filler->type.dtype, 0), filler), 1);
  }
}

static void add_bias(bias_sum *bias, ir_value *v, double factor) {
  ir_node *n = v->def;
  if (n && n->op == IR_EXPAND) {
    add_bias(bias, n->operands[0], factor);
  } else if (n && n->op == IR_ADD) {
    add_bias(bias, n->operands[0], factor);
    add_bias(bias, n->operands[1], factor);
  } else if (n && n->op == IR_SELECT && is_filler(n->operands[2]) && rewrite_is_filled(n->operands[1], 0)) {
    add_mask(bias, n->operands[0], n->operands[2]);
  } else if (!rewrite_is_filled(v, 0)) {
    add_term(bias, v, factor);
  }
}

ir_value *scores_split_bias(ir_builder *b, ir_value *v, ir_dim queries, ir_dim keys, bool *causal) {
  bias_sum bias = {.b = b, .queries = queries, .keys = keys};
  add_bias(&bias, v, 1);
  *causal = bias.causal;
  return bias.sum;
}

/* ---- the way back ---- */

/* Reshapes between [B, H, S, T] and [B * H, S, T] keep the last two axes. */
static bool keeps_rows(ir_module *m, const ir_node *reshape) {
  const ir_type *from = &reshape->operands[0]->type, *to = &reshape->result->type;
  return from->rank >= 2 && to->rank >= 2 &&
         ir_dim_equal(m, from->dims[from->rank - 1], to->dims[to->rank - 1]) &&
         ir_dim_equal(m, from->dims[from->rank - 2], to->dims[to->rank - 2]);
}

/* The operand of n through which the scores come: its index, or -1 if n is not one of the steps. */
static int step_operand(ir_module *m, const ir_node *n, double *factor) {
  *factor = 1;
  switch (n->op) {
  case IR_MUL:
    for (int i = 0; i < 2; i++) {
      if (ir_value_scalar(n->operands[1 - i], factor)) return *factor > 0 ? i : -1;
    }
    return -1;
  case IR_DIV:
    if (!ir_value_scalar(n->operands[1], factor) || *factor <= 0) return -1;
    *factor = 1 / *factor;
    return 0;
  case IR_SELECT:
    return is_filler(n->operands[2]) ? 1 : is_filler(n->operands[1]) ? 2 : -1;
  case IR_RESHAPE:
    return keeps_rows(m, n) ? 0 : -1;
  case IR_TANH:
    return 0;
  default:
    return -1;
  }
}

/* The product that v comes from, or NULL. Nothing else may read what is between. capped: v goes into a tanh,
 * which only factors and reshapes may stand before. */
static ir_node *find_product(ir_module *m, const ir_value *v, bool capped) {
  double factor;
  ir_node *n = v->def, *found = NULL;
  if (!n || v->use_count != 1) return NULL;
  if (n->op == IR_MATMUL) return v->type.rank == 3 || v->type.rank == 4 ? n : NULL;
  if (capped && (n->op == IR_ADD || n->op == IR_SELECT || n->op == IR_TANH)) return NULL;
  if (n->op == IR_ADD) {
    for (int i = 0; i < 2 && !found; i++) found = find_product(m, n->operands[i], false);
    return found;
  }
  int i = step_operand(m, n, &factor);
  return i < 0 ? NULL : find_product(m, n->operands[i], capped || n->op == IR_TANH);
}

bool scores_read(ir_builder *b, ir_value *v, attention_scores *scores) {
  ir_module *m = b->graph->module;
  double factor;
  *scores = (attention_scores){.product = find_product(m, v, false), .scale = 1};
  if (!scores->product) return false;
  const ir_type *type = &scores->product->result->type;
  bias_sum bias = {.b = b, .queries = type->dims[type->rank - 2], .keys = type->dims[type->rank - 1]};
  while (v->def != scores->product) {
    ir_node *n = v->def;
    if (v->type.rank == 4 && !scores->has_heads) {
      scores->has_heads = true;
      scores->heads[0] = v->type.dims[0];
      scores->heads[1] = v->type.dims[1];
      bias.heads = scores->heads;
    }
    int from = n->op == IR_ADD ? !find_product(m, n->operands[0], false) : step_operand(m, n, &factor);
    if (n->op == IR_ADD) {
      add_bias(&bias, n->operands[1 - from], scores->scale);
    } else if (n->op == IR_SELECT) {
      ir_value *seen = from == 1 ? n->operands[0] : ir_unary(b, IR_NOT, n->operands[0]);
      add_mask(&bias, seen, n->operands[3 - from]);
    } else if (n->op == IR_TANH) {
      scores->softcap = scores->scale; /* so far: what follows tanh; from here on: what stands before it */
    } else {
      scores->scale *= factor;
    }
    v = n->operands[from];
  }
  scores->causal = bias.causal;
  scores->bias = bias.sum;
  return true;
}
