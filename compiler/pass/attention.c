/*
 * attention.c: scores, mask, softmax and weighted values become one node
 * (Vaswani et al. 2017; grouped heads: Ainslie et al. 2023).
 *
 *   t = transpose k {perm = [0, 1, 3, 2]} : f32[B, H, D, T]
 *   p = matmul q, t : f32[B, H, S, T]
 *   d = div p, 8
 *   m = select seen, d, -3.4e38                 seen: le keys, queries (masks.h)
 *   s = softmax m
 *   y = matmul s, v : f32[B, H, S, E]     ->    y = attention q, k, v {causal = true, scale = 0.125}
 *
 * k and v that were repeated for their group of heads are read unrepeated;
 * what was computed in rank 3, [B * H, S, D], is lifted to rank 4.
 */
#include "pass/masks.h"
#include "pass/scores.h"

#include <string.h>

/* ---- operands ---- */

/* v with its last two axes swapped; where it is a transpose, of its operand. */
static ir_value *swap_last(ir_builder *b, ir_value *v) {
  int perm[IR_MAX_RANK], rank = v->type.rank;
  bool moves = false;
  for (int i = 0; i < rank; i++) perm[i] = i;
  perm[rank - 1] = rank - 2;
  perm[rank - 2] = rank - 1;
  ir_node *inner = ir_def(v, IR_TRANSPOSE);
  if (!inner) return ir_transpose(b, v, perm);
  for (int i = 0; i < rank; i++) {
    perm[i] = inner->attrs.perm[perm[i]];
    moves |= perm[i] != i;
  }
  return moves ? ir_transpose(b, inner->operands[0], perm) : inner->operands[0];
}

/* [N, X, Y] as [B, H, X, Y] */
static ir_value *lift(ir_builder *b, const attention_scores *scores, ir_value *v) {
  if (v->type.rank == 4) return v;
  ir_dim dims[4] = {ir_dim_const(b->graph->module, 1), v->type.dims[0], v->type.dims[1], v->type.dims[2]};
  if (scores->has_heads) memcpy(dims, scores->heads, sizeof scores->heads);
  while (ir_def(v, IR_RESHAPE)) v = v->def->operands[0];
  return ir_reshape(b, v, dims, 4);
}

/*
 * What was repeated over each group's heads, axis `axis` of v: x [B, G, T, D] of
 * reshape (expand (reshape x : [B, G, 1, T, D]) : [B, G, R, T, D]) : [B, G * R, T, D]; NULL if it is no such.
 */
static ir_value *unrepeated_along(ir_builder *b, ir_value *v, int axis) {
  ir_module *m = b->graph->module;
  ir_node *merge = ir_def(v, IR_RESHAPE);
  ir_node *expand = merge ? ir_def(merge->operands[0], IR_EXPAND) : NULL;
  if (!expand || expand->result->type.rank != 5 || v->type.rank != 4) return NULL;
  const ir_dim *from = expand->operands[0]->type.dims, *to = expand->result->type.dims;
  ir_dim few[4];
  for (int i = 0; i < 5; i++) {
    int without = i > axis ? i - 1 : i;
    if (i == axis + 1) {
      if (!ir_dim_is(from[i], 1)) return NULL;
      continue;
    }
    if (!ir_dim_equal(m, from[i], to[i])) return NULL;
    if (i != axis && !ir_dim_equal(m, v->type.dims[without], to[i])) return NULL;
    few[without] = from[i];
  }
  return ir_reshape(b, expand->operands[0], few, 4);
}

static const int swap_heads[4] = {0, 2, 1, 3};

/* The same for v as a whole, [B, H, T, D], or what [B, T, H, D] is transposed to; v itself if nothing was
 * repeated. */
static ir_value *unrepeated(ir_builder *b, ir_value *v) {
  ir_node *transpose = ir_def(v, IR_TRANSPOSE);
  bool swaps =
      transpose && v->type.rank == 4 && memcmp(transpose->attrs.perm, swap_heads, sizeof swap_heads) == 0;
  ir_value *few = unrepeated_along(b, swaps ? transpose->operands[0] : v, swaps ? 2 : 1);
  if (!few) return v;
  return swaps ? ir_transpose(b, few, swap_heads) : few;
}

/* v without a constant factor, which goes to *scale; looks through what only moves or turns features. */
static ir_value *without_factor(ir_builder *b, ir_value *v, double *scale) {
  double factor;
  ir_node *n = v->def;
  if (!n || v->use_count != 1) return v;
  if (n->op == IR_MUL || n->op == IR_DIV) {
    if (!ir_value_scalar(n->operands[1], &factor) || factor <= 0) return v;
    if (!rewrite_same_dims(b->graph->module, &n->operands[0]->type, &v->type)) return v;
    *scale *= n->op == IR_MUL ? factor : 1 / factor;
    return n->operands[0];
  }
  if (n->op != IR_RESHAPE && n->op != IR_TRANSPOSE && n->op != IR_EXPAND && n->op != IR_ROTARY) return v;
  ir_value *operands[3] = {without_factor(b, n->operands[0], scale)};
  for (int i = 1; i < n->operand_count; i++) operands[i] = n->operands[i];
  return operands[0] == n->operands[0] ? v : ir_build(b, n->op, operands, n->operand_count, &n->attrs);
}

static bool are_heads_of(ir_module *m, const ir_value *q, const ir_value *k, const ir_value *v) {
  int64_t heads, groups;
  bool divides = ir_dim_equal(m, q->type.dims[1], k->type.dims[1]) ||
                 (ir_dim_is_const(q->type.dims[1], &heads) && ir_dim_is_const(k->type.dims[1], &groups) &&
                  groups > 0 && heads % groups == 0);
  return divides && ir_dim_equal(m, q->type.dims[0], k->type.dims[0]) &&
         ir_dim_equal(m, k->type.dims[0], v->type.dims[0]) &&
         ir_dim_equal(m, k->type.dims[1], v->type.dims[1]) &&
         ir_dim_equal(m, k->type.dims[2], v->type.dims[2]) &&
         ir_dim_equal(m, q->type.dims[3], k->type.dims[3]);
}

/* Whether the bias broadcasts to the scores [B, H, S, T] of q and k. */
static bool is_bias_of(ir_module *m, const ir_value *bias, const ir_value *q, const ir_value *k) {
  const ir_dim scores[4] = {q->type.dims[0], q->type.dims[1], q->type.dims[2], k->type.dims[2]};
  for (int i = 0; bias && i < 4; i++) {
    if (!ir_dim_is(bias->type.dims[i], 1) && !ir_dim_equal(m, bias->type.dims[i], scores[i])) return false;
  }
  return !bias || bias->type.rank == 4;
}

/* ---- the pattern ---- */

/*
 * select seen, (softmax (select seen, x, filler)), 0: weights that are 0 where nothing is seen, so that a
 * query that sees no key gets 0 (DeBERTa's masked softmax). The softmax, and what is seen; else NULL.
 */
static ir_node *find_zeroed_softmax(const ir_node *select, ir_value **seen) {
  ir_node *softmax = ir_def(select->operands[1], IR_SOFTMAX);
  ir_node *masked =
      softmax && softmax->result->use_count == 1 ? ir_def(softmax->operands[0], IR_SELECT) : NULL;
  if (!masked || masked->operands[0] != select->operands[0] || !rewrite_is_filled(select->operands[2], 0))
    return NULL;
  if (select->operands[0]->type.rank != 4) return NULL;
  *seen = select->operands[0];
  return softmax;
}

/* y [B, H, S, E] where the query sees any key, else 0; seen: [.., S, T] */
static ir_value *zero_the_blind(ir_builder *b, ir_value *y, ir_value *seen) {
  ir_value *any = ir_reduce(b, IR_REDUCE_MAX, ir_cast(b, seen, SMELT_F32), 1u << 3);
  return ir_select(b, ir_cast(b, any, SMELT_BOOL), y, ir_const_scalar(b, y->type.dtype, 0));
}

/*
 * The softmax that v is: behind a reshape that keeps rows, a select that replaces NaN, or one that puts 0
 * where a key is not *seen.
 */
static ir_node *find_softmax(ir_value *v, ir_value **seen) {
  ir_node *select = rewrite_only_use(v, IR_SELECT);
  ir_node *test = select ? ir_def(select->operands[0], IR_IS_NAN) : NULL;
  if (test && test->operands[0] == select->operands[2] && rewrite_is_filled(select->operands[1], 0)) {
    return ir_def(select->operands[2], IR_SOFTMAX);
  }
  if (select) return find_zeroed_softmax(select, seen);
  ir_node *reshape = rewrite_only_use(v, IR_RESHAPE);
  if (reshape) {
    const ir_type *from = &reshape->operands[0]->type, *to = &v->type;
    bool keeps_rows = from->rank >= 2 && from->dims[from->rank - 1] == to->dims[to->rank - 1] &&
                      from->dims[from->rank - 2] == to->dims[to->rank - 2];
    return keeps_rows ? rewrite_only_use(reshape->operands[0], IR_SOFTMAX) : NULL;
  }
  return rewrite_only_use(v, IR_SOFTMAX);
}

/* matmul (softmax scores), v  ->  attention */
static ir_value *weighted_values(ir_builder *b, ir_node *n) {
  ir_module *m = b->graph->module;
  attention_scores scores;
  int rank = n->result->type.rank;
  ir_value *seen = NULL;
  ir_node *softmax = rank == 3 || rank == 4 ? find_softmax(n->operands[0], &seen) : NULL;
  if (!softmax || !scores_read(b, softmax->operands[0], &scores)) return NULL;
  if (softmax->result->type.rank == 4 && !scores.has_heads) {
    scores.has_heads = true;
    memcpy(scores.heads, softmax->result->type.dims, sizeof scores.heads);
  }
  if (rank != scores.product->result->type.rank && !scores.has_heads) return NULL;
  ir_value *q = lift(b, &scores, without_factor(b, scores.product->operands[0], &scores.scale));
  ir_value *k = lift(b, &scores, swap_last(b, without_factor(b, scores.product->operands[1], &scores.scale)));
  ir_value *v = lift(b, &scores, n->operands[1]);
  ir_value *few_k = unrepeated(b, k), *few_v = unrepeated(b, v);
  if (few_k != k && few_v != v && are_heads_of(m, q, few_k, few_v)) k = few_k, v = few_v;
  if (b->failed || !are_heads_of(m, q, k, v) || !is_bias_of(m, scores.bias, q, k)) return NULL;
  ir_value *operands[4] = {q, k, v, scores.bias};
  ir_attrs attrs = {.scale = scores.scale, .softcap = scores.softcap, .causal = scores.causal};
  ir_value *y = ir_build(b, IR_ATTENTION, operands, scores.bias ? 4 : 3, &attrs);
  if (seen) y = zero_the_blind(b, y, seen);
  return ir_reshape(b, y, n->result->type.dims, rank);
}

enum { ATTENTION_OPERANDS = 6 };

/* attention q, k, v, (select seen, 0, f)  ->  attention q, k, v {causal = true} */
static ir_value *causal_bias(ir_builder *b, ir_node *n) {
  bool causal;
  ir_value *bias = n->operand_count > 3 ? n->operands[3] : NULL;
  if (!bias) return NULL;
  ir_dim queries = n->operands[0]->type.dims[2], keys = n->operands[1]->type.dims[2];
  ir_value *rest = scores_split_bias(b, bias, queries, keys, &causal);
  if (rest && !causal) return NULL;
  if (!is_bias_of(b->graph->module, rest, n->operands[0], n->operands[1])) return NULL;
  ir_attrs attrs = n->attrs;
  attrs.causal |= causal;
  ir_value *operands[ATTENTION_OPERANDS];
  memcpy(operands, n->operands, sizeof *operands * (size_t)n->operand_count);
  operands[3] = rest;
  return ir_build(b, IR_ATTENTION, operands, n->operand_count > 4 || rest ? n->operand_count : 3, &attrs);
}

/* attention {causal = true} of one query  ->  without: the last position sees all keys */
static ir_value *one_query(ir_builder *b, ir_node *n) {
  if (!n->attrs.causal || !ir_dim_is(n->operands[0]->type.dims[2], 1)) return NULL;
  ir_attrs attrs = n->attrs;
  attrs.causal = false;
  return ir_build(b, IR_ATTENTION, n->operands, n->operand_count, &attrs);
}

/* attention (mul q, c), k, v {scale = s}  ->  attention q, k, v {scale = s * c} */
static ir_value *scaled_query(ir_builder *b, ir_node *n) {
  ir_attrs attrs = n->attrs;
  ir_value *operands[ATTENTION_OPERANDS];
  memcpy(operands, n->operands, sizeof *operands * (size_t)n->operand_count);
  operands[0] = without_factor(b, n->operands[0], &attrs.scale);
  return operands[0] == n->operands[0] ? NULL : ir_build(b, IR_ATTENTION, operands, n->operand_count, &attrs);
}

bool pass_attention(ir_graph *g, pass_report *report) {
  static const rewrite_rule rules[] = {
      {IR_MATMUL, weighted_values},
      {IR_ATTENTION, causal_bias},
      {IR_ATTENTION, one_query},
      {IR_ATTENTION, scaled_query},
  };
  return rewrite_graph(g, report, REWRITE_RULES(rules));
}
