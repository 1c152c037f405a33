/*
 * precision.c: weights in the precision that the module asks for.
 *
 * bf16, added up in f32; x too, where there may be many rows, on every target alike:
 *   y = linear x, w, bias     ->    y = linear x, cast(w), bias
 *   e = gather table, ids     ->    e = cast (gather cast(table), ids)
 *
 * int8, a scale for each row of x, found while the model runs, and for each
 * column of w:
 *   y = linear x, w, bias     ->    y = linear (x / s rounded), (w / t rounded), bias, _, s, t
 *                                   s = largest |x| of the row / 127, t = largest |w| of the column / 127
 *
 * int4: the same where K is a multiple of IR_GROUP, with w from -8 to 7 and t
 * for each group of rows of a column; other weights as with int8.
 *
 * A table that is the transpose of such a w is read out of it; other tables have bytes of their own, with a
 * scale for each row:
 *   e = gather table, ids     ->    e = gather transpose(w / t rounded), ids * gather t, ids
 *
 * Each constant is made narrower once, whatever graphs read it, and by way
 * of what it was made from, so that a table that is also the output layer's
 * weight, transposed, is still one.
 */
#include "pass/precision.h"

#include <string.h>

/* Smaller tables are not worth a conversion when they are read. */
enum { LEAST_TABLE_ELEMENTS = 1 << 16 };

static bool is_large_table(const ir_value *table) {
  int64_t count;
  return table->type.rank == 2 && ir_type_is_static(&table->type, &count) && count >= LEAST_TABLE_ELEMENTS;
}

static const double LARGEST_BYTE = 127, LEAST_SCALE = 1e-30;

static bool is_wide(const ir_value *v) {
  return ir_value_is_const(v) && v->type.dtype == SMELT_F32;
}

/* ---- bf16 ---- */

/* The constant as bf16, evaluated when it is packed. */
static ir_value *shortened(ir_builder *b, ir_value *v) {
  ir_module *m = b->graph->module;
  const ir_constant *c = v->def->attrs.constant, *known = pointer_map_get(&m->shortened, c);
  if (known) return ir_const(b, known);
  const ir_node *maker = c->made_by;
  ir_value *narrow;
  if (maker && maker->op == IR_TRANSPOSE) {
    narrow = rewrite_lazy(b, ir_transpose(b, shortened(b, maker->operands[0]), maker->attrs.perm));
  } else {
    narrow = rewrite_lazy(b, ir_cast(b, v, SMELT_BF16));
  }
  if (b->failed || !ir_value_is_const(narrow)) return v;
  pointer_map_set(m->arena, &m->shortened, c, (void *)(uintptr_t)narrow->def->attrs.constant);
  return narrow;
}

/* Whether x is one row, whatever the symbols: its product is bound by memory. */
static bool is_single(const ir_type *x) {
  bool single = true;
  for (int i = 0; i < x->rank - 1; i++) single &= ir_dim_is(x->dims[i], 1);
  return single;
}

/*
 * Whether x is rounded too, where levels multiply bf16 by bf16: many rows may come, and whole tiles of K. A
 * single row stays as it is.
 */
static bool is_rounded(const ir_node *linear) {
  enum { TILE_DEPTH = 32 };
  const ir_type *x = &linear->operands[0]->type;
  int64_t K;
  return x->dtype == SMELT_F32 && !is_single(x) && ir_dim_is_const(x->dims[x->rank - 1], &K) &&
         K % TILE_DEPTH == 0;
}

static ir_value *shorten_weight(ir_builder *b, ir_node *n) {
  ir_value *operands[4] = {0};
  if (!is_wide(n->operands[1]) || n->operand_count > 4) return NULL;
  for (int i = 0; i < n->operand_count; i++) operands[i] = n->operands[i];
  operands[1] = shortened(b, n->operands[1]);
  if (operands[1] == n->operands[1]) return NULL;
  ir_attrs attrs = n->attrs;
  attrs.wide = is_rounded(n);
  if (attrs.wide) operands[0] = ir_cast(b, n->operands[0], SMELT_BF16);
  return ir_build(b, IR_LINEAR, operands, n->operand_count, &attrs);
}

static ir_value *shorten_table(ir_builder *b, ir_node *n) {
  ir_value *table = n->operands[0];
  if (!is_wide(table) || n->attrs.axis != 0 || !is_large_table(table)) return NULL;
  ir_value *narrow = shortened(b, table);
  return narrow == table ? NULL : ir_cast(b, ir_gather(b, narrow, n->operands[1], 0), SMELT_F32);
}

/* ---- int8 ---- */

static ir_value *number(ir_builder *b, double value) {
  return ir_const_scalar(b, SMELT_F32, value);
}

/* A node over constants: a constant that is evaluated when it is packed. */
static ir_value *lazy_binary(ir_builder *b, ir_op op, ir_value *x, ir_value *y) {
  return rewrite_lazy(b, ir_binary(b, op, x, y));
}

typedef struct {
  const ir_constant *wide; /* a weight's: what it was */
  ir_value *bytes;         /* from -127 to 127 */
  ir_value *scale;         /* f32, size 1 along the axes; bytes * scale is about what it was */
} quantised;

static ir_value *lazy_unary(ir_builder *b, ir_op op, ir_value *x) {
  return rewrite_lazy(b, ir_unary(b, op, x));
}

/* Largest size over the axes. A weight's without a copy of the weight: by its highest and lowest element. */
static ir_value *largest_size(ir_builder *b, ir_value *x, uint32_t axes) {
  if (!ir_value_is_const(x)) return ir_reduce(b, IR_REDUCE_MAX, ir_unary(b, IR_ABS, x), axes);
  ir_value *lowest = rewrite_lazy(b, ir_reduce(b, IR_REDUCE_MIN, x, axes));
  ir_value *highest = rewrite_lazy(b, ir_reduce(b, IR_REDUCE_MAX, x, axes));
  return lazy_binary(b, IR_MAX, highest, lazy_unary(b, IR_NEG, lowest));
}

/*
 * Over the axes a scale of its own for each of the rest; the bytes are kept as `dtype`. Of a computed x two
 * steps: the scale ends a reduction, and has two readers; all else is inside the second.
 */
static quantised quantise(ir_builder *b, ir_value *x, uint32_t axes, ir_dtype dtype) {
  ir_value *largest = lazy_binary(b, IR_MAX, largest_size(b, x, axes), number(b, LEAST_SCALE));
  ir_value *scale = lazy_binary(b, IR_MUL, largest, number(b, 1 / LARGEST_BYTE));
  ir_value *scaled = lazy_unary(b, IR_ROUND, lazy_binary(b, IR_DIV, x, scale));
  return (quantised){.bytes = rewrite_lazy(b, ir_cast(b, scaled, dtype)), .scale = scale};
}

ir_value *precision_bytes(ir_builder *b, ir_value *x, uint32_t axes, ir_value **scale) {
  quantised q = quantise(b, x, axes, SMELT_I8);
  *scale = q.scale;
  return q.bytes;
}

/*
 * w [K, N] in 4 bits, from -8 to 7, a scale for each IR_GROUP rows of a column. The largest element of a
 * group, with its sign, becomes -8: so the range that has one number more is used (as in llama.cpp's q4_0).
 */
static quantised quantise_groups(ir_builder *b, ir_value *w) {
  ir_module *m = b->graph->module;
  ir_dim groups = ir_dim_div(m, w->type.dims[0], ir_dim_const(m, IR_GROUP)), N = w->type.dims[1];
  ir_value *grouped = rewrite_lazy(b, ir_reshape(b, w, (ir_dim[]){groups, ir_dim_const(m, IR_GROUP), N}, 3));
  ir_value *highest = rewrite_lazy(b, ir_reduce(b, IR_REDUCE_MAX, grouped, 1u << 1));
  ir_value *lowest = rewrite_lazy(b, ir_reduce(b, IR_REDUCE_MIN, grouped, 1u << 1));
  lowest = lazy_binary(b, IR_MIN, lowest, number(b, -LEAST_SCALE));
  ir_value *is_above = lazy_binary(b, IR_LT, lazy_unary(b, IR_NEG, lowest), highest);
  ir_value *largest = rewrite_lazy(b, ir_select(b, is_above, highest, lowest));
  ir_value *scale = lazy_binary(b, IR_MUL, largest, number(b, -1.0 / 8));
  ir_value *scaled = lazy_unary(b, IR_ROUND, lazy_binary(b, IR_DIV, grouped, scale));
  scaled = lazy_binary(b, IR_MIN, lazy_binary(b, IR_MAX, scaled, number(b, -8)), number(b, 7));
  ir_value *bytes = rewrite_lazy(b, ir_cast(b, scaled, SMELT_I8));
  ir_value *kept =
      rewrite_lazy(b, ir_cast(b, scale, SMELT_BF16)); /* 2^-9 of it is less than rounding loses */
  return (quantised){.bytes = rewrite_lazy(b, ir_reshape(b, bytes, w->type.dims, 2)),
                     .scale = rewrite_lazy(b, ir_reshape(b, kept, (ir_dim[]){groups, N}, 2))};
}

/* Whether bytes can be multiplied in fours, in vectors of at least two columns on either side of a gate. */
static bool fits_quads(const ir_value *weight, bool gated) {
  int64_t K, N;
  if (!ir_dim_is_const(weight->type.dims[0], &K) || !ir_dim_is_const(weight->type.dims[1], &N)) return false;
  return K % 4 == 0 && (!gated || N % 4 == 0);
}

/* In bytes, or by groups in 4 bits. Made once for each constant, and found by its bytes too; NULL where it
 * cannot be. */
static const quantised *quantise_weight(ir_builder *b, ir_value *weight, bool by_groups) {
  ir_module *m = b->graph->module;
  const ir_constant *c = weight->def->attrs.constant;
  quantised *w = pointer_map_get(&m->quantised, c);
  if (w) return w;
  w = ARENA_NEW(m->arena, quantised);
  if (by_groups) {
    *w = quantise_groups(b, weight);
  } else {
    *w = quantise(b, weight, 1, SMELT_I8);
    w->scale = rewrite_lazy(b, ir_reshape(b, w->scale, &weight->type.dims[1], 1));
  }
  if (b->failed || !ir_value_is_const(w->bytes) || !ir_value_is_const(w->scale)) return NULL;
  w->wide = c;
  pointer_map_set(m->arena, &m->quantised, c, w);
  pointer_map_set(m->arena, &m->quantised, w->bytes->def->attrs.constant, w);
  return w;
}

/* What people call the weight, or its first part: its name in the model, or, where that says nothing, its
 * node. */
static const char *weight_name(const ir_constant *c, const ir_node *reader) {
  while (!c->name && c->made_by && c->made_by->operand_count && ir_value_is_const(c->made_by->operands[0]))
    c = c->made_by->operands[0]->def->attrs.constant;
  bool is_numbered = !c->name || strstr(c->name, "::"); /* "onnx::MatMul_123" */
  return !is_numbered ? c->name : reader->origin ? reader->origin : "a weight without a name";
}

bool precision_number(ir_module *m, const ir_node *n, size_t *number) {
  const ir_value *weight = n->operands[1];
  if (!is_wide(weight) || n->operand_count > 4 || !fits_quads(weight, n->attrs.gated) ||
      n->operands[0]->type.dtype != SMELT_F32)
    return false;
  const ir_constant *c = weight->def->attrs.constant;
  uintptr_t known = (uintptr_t)pointer_map_get(&m->weight_numbers, c); /* the number + 1 */
  *number = known ? known - 1 : m->weight_count;
  if (known) return true;
  ARENA_PUSH(m->arena, m->weight_names, m->weight_count, m->weight_capacity) = weight_name(c, n);
  pointer_map_set(m->arena, &m->weight_numbers, c, (void *)(uintptr_t)m->weight_count);
  return true;
}

ir_value *precision_quantise(ir_builder *b, ir_node *n) {
  ir_module *m = b->graph->module;
  ir_value *x = n->operands[0], *weight = n->operands[1];
  bool by_groups = m->precision == IR_PRECISION_INT4 &&
                   ir_dim_is(ir_dim_mod(m, weight->type.dims[0], ir_dim_const(m, IR_GROUP)), 0);
  const quantised *w = quantise_weight(b, weight, by_groups);
  if (!w) return NULL;
  /*
   * Of x bytes, as some levels multiply them; the others widen many rows once for many columns (product.c). A
   * single row is kept in 16 bits, of which they make products of pairs, but beside 4 bits in bytes: their
   * products with those are small enough to be made of bytes. Where every level takes bytes, all rows are.
   */
  bool is_widened = is_single(&x->type) && !by_groups && !m->keeps_bytes;
  ir_dtype dtype = is_widened ? SMELT_I16 : SMELT_I8;
  quantised rows = quantise(b, x, 1u << (x->type.rank - 1), dtype);
  ir_value *operands[6] = {rows.bytes,
                           ir_const(b, w->bytes->def->attrs.constant),
                           n->operand_count > 2 ? n->operands[2] : NULL,
                           n->operand_count > 3 ? n->operands[3] : NULL,
                           rows.scale,
                           ir_const(b, w->scale->def->attrs.constant)};
  return ir_build(b, IR_LINEAR, operands, 6, &n->attrs);
}

static ir_value *quantise_linear(ir_builder *b, ir_node *n) {
  ir_module *m = b->graph->module;
  size_t number;
  if (!precision_number(m, n, &number)) return NULL;
  if (number < m->kept_count && m->kept[number]) return shorten_weight(b, n);
  return precision_quantise(b, n);
}

/* ---- tables in bytes ---- */

static ir_value *gather_floats(ir_builder *b, const ir_value *from, ir_value *ids) {
  ir_value *own = ir_const(b, from->def->attrs.constant);
  return ir_cast(b, ir_gather(b, own, ids, 0), SMELT_F32);
}

/* A scale for each row. Made once for each constant. */
static ir_value *gather_bytes(ir_builder *b, const ir_node *n) {
  ir_module *m = b->graph->module;
  ir_value *table = n->operands[0], *ids = n->operands[1];
  const ir_constant *c = table->def->attrs.constant;
  quantised *q = pointer_map_get(&m->quantised_tables, c);
  if (!q) {
    q = ARENA_NEW(m->arena, quantised);
    *q = quantise(b, table, 1u << 1, SMELT_I8);
    if (b->failed || !ir_value_is_const(q->bytes) || !ir_value_is_const(q->scale)) return NULL;
    pointer_map_set(m->arena, &m->quantised_tables, c, q);
  }
  return ir_binary(b, IR_MUL, gather_floats(b, q->bytes, ids), gather_floats(b, q->scale, ids));
}

/* ---- tables that are weights too ---- */

static const quantised *tied_weight_of(const ir_graph *g, const ir_constant *table) {
  for (const ir_node *n = g->first; n; n = n->next) {
    if (n->op != IR_LINEAR || !ir_value_is_const(n->operands[1])) continue;
    const quantised *w = pointer_map_get(&g->module->quantised, n->operands[1]->def->attrs.constant);
    if (w && ir_constant_is_transpose(w->wide, table)) return w;
  }
  return NULL;
}

/* The weight of a linear, quantised by now, that is the table transposed; NULL: none is. An encoder, whose
 * passes run later, may have a decoder's. */
static const quantised *tied_weight(const ir_module *m, const ir_constant *table) {
  const quantised *w = NULL;
  for (size_t i = 0; i < m->graph_count && !w; i++) w = tied_weight_of(m->graphs[i], table);
  return w;
}

static ir_value *gather_columns(ir_builder *b, const ir_value *matrix, ir_value *ids) {
  ir_value *own = ir_const(b, matrix->def->attrs.constant);
  return gather_floats(b, rewrite_lazy(b, ir_transpose(b, own, (int[]){1, 0})), ids);
}

/* Columns of w, K numbers each, at ids: [ids..., K] */
static ir_value *gather_tied(ir_builder *b, const quantised *w, ir_value *ids) {
  ir_module *m = b->graph->module;
  ir_value *rows = gather_columns(b, w->bytes, ids), *scale;
  int rank = rows->type.rank;
  ir_dim one = ir_dim_const(m, 1), dims[IR_MAX_RANK], whole[IR_MAX_RANK];
  if (b->failed || rank >= IR_MAX_RANK) return NULL;
  for (int i = 0; i < rank; i++) whole[i] = dims[i] = rows->type.dims[i];
  if (w->scale->type.rank == 1) {
    scale = gather_floats(b, w->scale, ids);
    dims[rank - 1] = one;
    return ir_binary(b, IR_MUL, rows, ir_reshape(b, scale, dims, rank));
  }
  scale = gather_columns(b, w->scale, ids);
  dims[rank - 1] = w->scale->type.dims[0];
  dims[rank] = ir_dim_const(m, IR_GROUP);
  rows = ir_reshape(b, rows, dims, rank + 1);
  dims[rank] = one;
  rows = ir_binary(b, IR_MUL, rows, ir_reshape(b, scale, dims, rank + 1));
  return ir_reshape(b, rows, whole, rank);
}

/* Where weights are kept in bf16 one by one, by what they lose, nobody asked what tables lose. */
static ir_value *quantise_table(ir_builder *b, ir_node *n) {
  ir_value *table = n->operands[0];
  if (!is_wide(table) || n->attrs.axis != 0) return NULL;
  const quantised *w = tied_weight(b->graph->module, table->def->attrs.constant);
  if (w) return gather_tied(b, w, n->operands[1]);
  if (b->graph->module->kept) return shorten_table(b, n);
  return is_large_table(table) ? gather_bytes(b, n) : NULL;
}

bool pass_precision(ir_graph *g, pass_report *report) {
  static const rewrite_rule shorter[] = {{IR_LINEAR, shorten_weight}, {IR_GATHER, shorten_table}};
  static const rewrite_rule weights[] = {{IR_LINEAR, quantise_linear}};
  static const rewrite_rule tables[] = {{IR_GATHER, quantise_table}};
  bool changed = false;
  switch (g->module->precision) {
  case IR_PRECISION_BF16:
    changed = rewrite_graph(g, report, REWRITE_RULES(shorter));
    break;
  case IR_PRECISION_INT8:
  case IR_PRECISION_INT4:
    changed = rewrite_graph(g, report, REWRITE_RULES(weights));
    changed |= rewrite_graph(g, report, REWRITE_RULES(tables));
    break;
  default:
    return g->module->measures_losses && precision_measure(g, report);
  }
  if (changed) pass_dedupe(g, report); /* linears of one input round it once */
  return changed;
}
