/*
 * rotary.c: rotary position embedding (Su et al. 2021) in the form that
 * turns feature i with feature i + R/2, as Llama's exports spell it.
 *
 *   a = concat f, f {axis = 2} : f32[1, S, R]
 *   c = cos a                         s = sin a
 *   c4 = reshape c : f32[1, 1, S, R]  s4 = reshape s : f32[1, 1, S, R]
 *   m = mul x, c4                     x: f32[B, H, S, R]
 *   h = concat (neg (slice x {R/2..})), (slice x {..R/2}) {axis = 3}
 *   n = mul h, s4
 *   y = add m, n                ->    y = rotary x, (cos f), (sin f)
 *
 * Where only the first R of D features turn, the rest is joined behind:
 *   y = concat (rotary (slice x {..R}), c, s), (slice x {R..})    ->    y = rotary x, c, s
 */
#include "pass/rewrite.h"

#include <string.h>

/* ---- the first half of what holds everything twice ---- */

static ir_value *half_of_constant(ir_builder *b, ir_value *v, ir_dim half) {
  ir_module *m = b->graph->module;
  int64_t count, size;
  const char *data = ir_value_data(v);
  int last = v->type.rank - 1;
  if (!data || !ir_type_is_static(&v->type, &count) || !ir_dim_is_const(half, &size) || size < 1) return NULL;
  size_t bytes = (size_t)size * ir_dtype_bytes(v->type.dtype);
  for (int64_t row = 0; row < count / (2 * size); row++) {
    if (memcmp(data + (size_t)row * 2 * bytes, data + ((size_t)row * 2 + 1) * bytes, bytes) != 0) return NULL;
  }
  return rewrite_lazy(b, ir_slice_axis(b, v, last, ir_dim_const(m, 0), half));
}

/* The first half of v along its last axis if the second half is the same, else NULL. */
static ir_value *half_of(ir_builder *b, ir_value *v, ir_dim half) {
  ir_module *m = b->graph->module;
  ir_node *n = v->def;
  int last = v->type.rank - 1;
  if (!n || b->failed || last < 0) return NULL;
  if (n->op == IR_CONST) return half_of_constant(b, v, half);
  if (n->op == IR_CONCAT) {
    bool is_twice = n->operand_count == 2 && n->attrs.axis == last && n->operands[0] == n->operands[1];
    return is_twice ? n->operands[0] : NULL;
  }
  ir_value *operands[3] = {0};
  if (n->op == IR_RESHAPE || n->op == IR_SLICE || n->op == IR_EXPAND) {
    const ir_type *from = &n->operands[0]->type;
    if (from->rank < 1 || !ir_dim_equal(m, from->dims[from->rank - 1], v->type.dims[last])) return NULL;
    operands[0] = half_of(b, n->operands[0], half);
    ir_attrs attrs = n->attrs;
    attrs.shape[last] = half;
    return operands[0] ? ir_build(b, n->op, operands, 1, &attrs) : NULL;
  }
  if (n->op == IR_GATHER) {
    const ir_type *table = &n->operands[0]->type;
    if (n->attrs.axis == table->rank - 1) return NULL;
    operands[0] = half_of(b, n->operands[0], half);
    return operands[0] ? ir_gather(b, operands[0], n->operands[1], n->attrs.axis) : NULL;
  }
  if (ir_op_describe(n->op)->op_class != IR_CLASS_ELEMENTWISE) return NULL;
  for (int i = 0; i < n->operand_count; i++) {
    bool is_whole = !ir_dim_is(n->operands[i]->type.dims[last], 1);
    operands[i] = is_whole ? half_of(b, n->operands[i], half) : n->operands[i];
    if (!operands[i]) return NULL;
  }
  return ir_build(b, n->op, operands, n->operand_count, &n->attrs);
}

/* cos or sin of one angle per pair, [1|B, S, R/2], from [1|B, 1, S, R]; NULL if it is no such. x: [B, H, S,
 * R] */
static ir_value *per_pair(ir_builder *b, ir_value *v, const ir_value *x, ir_dim half) {
  ir_module *m = b->graph->module;
  const ir_dim *dims = v->type.dims;
  if (v->type.rank != 4 || !ir_dim_is(dims[1], 1) || !ir_dim_equal(m, dims[2], x->type.dims[2])) return NULL;
  if (!ir_dim_is(dims[0], 1) && !ir_dim_equal(m, dims[0], x->type.dims[0])) return NULL;
  ir_value *first = half_of(b, v, half);
  return first ? ir_reshape(b, first, (ir_dim[]){dims[0], dims[2], half}, 3) : NULL;
}

/* ---- the pattern ---- */

/* v is x, or a slice of x's last axis alone: where it starts in x. */
static bool part_of(ir_module *m, ir_value *v, const ir_value *x, ir_dim *start) {
  ir_node *slice = ir_def(v, IR_SLICE);
  int last = v->type.rank - 1;
  *start = ir_dim_const(m, 0);
  if (v == x) return true;
  if (!slice || slice->operands[0] != x || slice->attrs.step[last] != 1) return false;
  for (int i = 0; i < last; i++) {
    if (!ir_dim_equal(m, v->type.dims[i], x->type.dims[i])) return false;
  }
  *start = slice->attrs.start[last];
  return true;
}

/* h = concat (neg second), first, the halves of x's last axis: the size of a half, else NULL. */
static ir_dim turned_half(ir_module *m, const ir_value *h, ir_value *x) {
  const ir_node *concat = ir_def(h, IR_CONCAT);
  int last = x->type.rank - 1;
  if (!concat || concat->operand_count != 2 || concat->attrs.axis != last) return NULL;
  const ir_node *neg = ir_def(concat->operands[0], IR_NEG);
  if (!neg) return NULL;
  ir_value *first = concat->operands[1], *second = neg->operands[0];
  const ir_node *slice = ir_def(first, IR_SLICE);
  ir_dim x_start, first_start, second_start, half = first->type.dims[last];
  const ir_value *base = slice ? slice->operands[0] : NULL;
  bool are_parts = base && part_of(m, x, base, &x_start) && part_of(m, first, base, &first_start) &&
                   part_of(m, second, base, &second_start);
  bool are_halves = are_parts && ir_dim_equal(m, first_start, x_start) &&
                    ir_dim_equal(m, second_start, ir_dim_add(m, x_start, half)) &&
                    ir_dim_equal(m, x->type.dims[last], ir_dim_add(m, half, half)) &&
                    ir_dim_equal(m, second->type.dims[last], half);
  return are_halves ? half : NULL;
}

/* add (mul x, cos), (mul (turned x), sin)  ->  rotary x, cos, sin */
static ir_value *turn(ir_builder *b, ir_node *n) {
  ir_module *m = b->graph->module;
  if (n->result->type.rank != 4) return NULL;
  for (int i = 0; i < 8; i++) { /* each of the three commutative operators either way round */
    ir_node *straight = ir_def(n->operands[i & 1], IR_MUL), *turned = ir_def(n->operands[!(i & 1)], IR_MUL);
    if (!straight || !turned) return NULL;
    ir_value *x = straight->operands[i >> 1 & 1], *cosines = straight->operands[!(i >> 1 & 1)];
    ir_value *h = turned->operands[i >> 2 & 1], *sines = turned->operands[!(i >> 2 & 1)];
    ir_dim half = rewrite_same_dims(m, &x->type, &n->result->type) ? turned_half(m, h, x) : NULL;
    if (!half) continue;
    ir_value *c = per_pair(b, cosines, x, half), *s = per_pair(b, sines, x, half);
    if (c && s) return ir_build(b, IR_ROTARY, (ir_value *[]){x, c, s}, 3, NULL);
  }
  return NULL;
}

/* concat (rotary (slice x {..R}), c, s), (slice x {R..})  ->  rotary x, c, s */
static ir_value *turn_part(ir_builder *b, ir_node *n) {
  ir_module *m = b->graph->module;
  ir_node *rotary = n->operand_count == 2 ? rewrite_only_use(n->operands[0], IR_ROTARY) : NULL;
  ir_node *rest = rotary ? ir_def(n->operands[1], IR_SLICE) : NULL;
  if (!rest || n->attrs.axis != 3) return NULL;
  ir_value *x = rest->operands[0];
  ir_dim start, rest_start, turned = rotary->result->type.dims[3];
  bool fits = rewrite_same_dims(m, &x->type, &n->result->type) &&
              part_of(m, rotary->operands[0], x, &start) && part_of(m, n->operands[1], x, &rest_start) &&
              ir_dim_is(start, 0) && ir_dim_equal(m, rest_start, turned) && !rotary->attrs.interleaved;
  return fits ? ir_build(b, IR_ROTARY, (ir_value *[]){x, rotary->operands[1], rotary->operands[2]}, 3, NULL)
              : NULL;
}

bool pass_rotary(ir_graph *g, pass_report *report) {
  static const rewrite_rule rules[] = {{IR_ADD, turn}, {IR_CONCAT, turn_part}};
  return rewrite_graph(g, report, REWRITE_RULES(rules));
}
