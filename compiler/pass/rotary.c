/*
 * rotary.c: rotary position embedding (Su et al. 2021). Llama's exports turn
 * feature i with feature i + R/2:
 *
 *   a = concat f, f {axis = 2} : f32[1, S, R]
 *   c = cos a                         s = sin a
 *   c4 = reshape c : f32[1, 1, S, R]  s4 = reshape s : f32[1, 1, S, R]
 *   m = mul x, c4                     x: f32[B, H, S, R]
 *   h = concat (neg (slice x {R/2..})), (slice x {..R/2}) {axis = 3}
 *   n = mul h, s4
 *   y = add m, n                ->    y = rotary x, (cos f), (sin f)
 *
 * GPT-J's turn feature 2i with 2i + 1: there c and s hold every element twice in a row, and
 *   h = reshape (concat (reshape (neg (slice x {1, 3, 5..}))), (reshape (slice x {0, 2, 4..})) {axis = 4})
 *
 * Where only the first R of D features turn, the rest is joined behind:
 *   y = concat (rotary (slice x {..R}), c, s), (slice x {R..})    ->    y = rotary x, c, s
 *
 * x may also be [B, S, H, R]; it is then transposed before and behind.
 */
#include "pass/rewrite.h"

#include <string.h>

/* Which features turn together, and so where angles stand twice. */
typedef enum { HALVES, NEIGHBOURS } pairing;

/* ---- once what is held twice ---- */

static ir_value *take_half(ir_builder *b, ir_value *v, ir_dim half, pairing pairs) {
  ir_module *m = b->graph->module;
  int last = v->type.rank - 1;
  ir_dim start[IR_MAX_RANK], size[IR_MAX_RANK];
  int64_t step[IR_MAX_RANK];
  for (int i = 0; i <= last; i++) start[i] = ir_dim_const(m, 0), size[i] = v->type.dims[i], step[i] = 1;
  size[last] = half;
  step[last] = pairs == HALVES ? 1 : 2;
  return ir_slice(b, v, start, size, step);
}

static ir_value *half_of_constant(ir_builder *b, ir_value *v, ir_dim half, pairing pairs) {
  int64_t count, size;
  const char *data = ir_value_data(v);
  if (!data || !ir_type_is_static(&v->type, &count) || !ir_dim_is_const(half, &size) || size < 1) return NULL;
  size_t bytes = ir_dtype_bytes(v->type.dtype);
  for (int64_t i = 0; i < count / 2; i++) {
    int64_t first = pairs == HALVES ? i / size * 2 * size + i % size : 2 * i;
    int64_t second = first + (pairs == HALVES ? size : 1);
    if (memcmp(data + (size_t)first * bytes, data + (size_t)second * bytes, bytes) != 0) return NULL;
  }
  return rewrite_lazy(b, take_half(b, v, half, pairs));
}

/* y of reshape (expand (reshape y : [.., R/2, 1]) : [.., R/2, 2]) : [.., R], in the dims of v but for the
 * last. */
static ir_value *before_repeat(ir_builder *b, const ir_node *reshape, ir_dim half) {
  ir_module *m = b->graph->module;
  const ir_node *expand = ir_def(reshape->operands[0], IR_EXPAND);
  const ir_type *from = expand ? &expand->operands[0]->type : NULL,
                *to = expand ? &expand->result->type : NULL;
  if (!expand || to->rank < 2 || !ir_dim_is(to->dims[to->rank - 1], 2) ||
      !ir_dim_is(from->dims[to->rank - 1], 1)) {
    return NULL;
  }
  for (int i = 0; i < to->rank - 1; i++) {
    if (!ir_dim_equal(m, from->dims[i], to->dims[i])) return NULL;
  }
  if (!ir_dim_equal(m, to->dims[to->rank - 2], half)) return NULL;
  ir_dim dims[IR_MAX_RANK];
  int rank = reshape->result->type.rank;
  memcpy(dims, reshape->result->type.dims, sizeof dims);
  dims[rank - 1] = half;
  return ir_reshape(b, expand->operands[0], dims, rank);
}

/* What v, whose last axis holds everything twice, holds; NULL if it does not. */
static ir_value *half_of(ir_builder *b, ir_value *v, ir_dim half, pairing pairs) {
  ir_module *m = b->graph->module;
  ir_node *n = v->def;
  int last = v->type.rank - 1;
  if (!n || b->failed || last < 0) return NULL;
  if (n->op == IR_CONST) return half_of_constant(b, v, half, pairs);
  if (n->op == IR_CONCAT) {
    bool is_twice = n->operand_count == 2 && n->attrs.axis == last && n->operands[0] == n->operands[1];
    return is_twice && pairs == HALVES ? n->operands[0] : NULL;
  }
  ir_value *operands[3] = {0};
  if (n->op == IR_RESHAPE || n->op == IR_SLICE || n->op == IR_EXPAND) {
    ir_value *repeated = n->op == IR_RESHAPE && pairs == NEIGHBOURS ? before_repeat(b, n, half) : NULL;
    if (repeated) return repeated;
    const ir_type *from = &n->operands[0]->type;
    if (from->rank < 1 || !ir_dim_equal(m, from->dims[from->rank - 1], v->type.dims[last])) return NULL;
    operands[0] = half_of(b, n->operands[0], half, pairs);
    ir_attrs attrs = n->attrs;
    attrs.shape[last] = half;
    return operands[0] ? ir_build(b, n->op, operands, 1, &attrs) : NULL;
  }
  if (n->op == IR_GATHER) {
    const ir_type *table = &n->operands[0]->type;
    if (n->attrs.axis == table->rank - 1) return NULL;
    operands[0] = half_of(b, n->operands[0], half, pairs);
    return operands[0] ? ir_gather(b, operands[0], n->operands[1], n->attrs.axis) : NULL;
  }
  if (ir_op_describe(n->op)->op_class != IR_CLASS_ELEMENTWISE) return NULL;
  for (int i = 0; i < n->operand_count; i++) {
    bool is_whole = !ir_dim_is(n->operands[i]->type.dims[last], 1);
    operands[i] = is_whole ? half_of(b, n->operands[i], half, pairs) : n->operands[i];
    if (!operands[i]) return NULL;
  }
  return ir_build(b, n->op, operands, n->operand_count, &n->attrs);
}

/* ---- the pattern ---- */

/* What is looked for: which features turn together, and x's axis of heads: 1, or 2 in [B, S, H, R]. */
typedef struct {
  pairing pairs;
  int head_axis;
} rotary_form;

/* cos or sin of one angle per pair, [1|B, S, R/2], from [1|B, 1, S, R] or [1|B, S, 1, R]; NULL if it is no
 * such. */
static ir_value *per_pair(ir_builder *b, ir_value *v, const ir_value *x, ir_dim half, rotary_form form) {
  ir_module *m = b->graph->module;
  const ir_dim *dims = v->type.dims;
  int position_axis = 3 - form.head_axis;
  if (v->type.rank != 4 || !ir_dim_is(dims[form.head_axis], 1)) return NULL;
  if (!ir_dim_equal(m, dims[position_axis], x->type.dims[position_axis])) return NULL;
  if (!ir_dim_is(dims[0], 1) && !ir_dim_equal(m, dims[0], x->type.dims[0])) return NULL;
  ir_value *first = half_of(b, v, half, form.pairs);
  return first ? ir_reshape(b, first, (ir_dim[]){dims[0], dims[position_axis], half}, 3) : NULL;
}

/* v is x, or a slice of x's last axis alone by `step`: where it starts in x. */
static bool part_of(ir_module *m, ir_value *v, const ir_value *x, int64_t step, ir_dim *start) {
  ir_node *slice = ir_def(v, IR_SLICE);
  int last = v->type.rank - 1;
  *start = ir_dim_const(m, 0);
  if (v == x) return step == 1;
  if (!slice || slice->operands[0] != x || slice->attrs.step[last] != step) return false;
  for (int i = 0; i < last; i++) {
    if (!ir_dim_equal(m, v->type.dims[i], x->type.dims[i])) return false;
  }
  *start = slice->attrs.start[last];
  return true;
}

/* Whether first and second are the features of x that turn together; *half: how many pairs. */
static bool are_pairs(ir_module *m, ir_value *first, ir_value *second, ir_value *x, pairing pairs,
                      ir_dim *half) {
  const ir_node *slice = ir_def(first, IR_SLICE);
  const ir_value *base = slice ? slice->operands[0] : NULL;
  int last = x->type.rank - 1;
  int64_t step = pairs == HALVES ? 1 : 2;
  ir_dim x_start, first_start, second_start;
  if (!base || first->type.rank != x->type.rank) return false;
  *half = first->type.dims[last];
  if (!part_of(m, x, base, 1, &x_start) || !part_of(m, first, base, step, &first_start)) return false;
  if (!part_of(m, second, base, step, &second_start)) return false;
  ir_dim apart = pairs == HALVES ? *half : ir_dim_const(m, 1);
  return ir_dim_equal(m, first_start, x_start) &&
         ir_dim_equal(m, second_start, ir_dim_add(m, x_start, apart)) &&
         ir_dim_equal(m, x->type.dims[last], ir_dim_add(m, *half, *half)) &&
         ir_dim_equal(m, second->type.dims[last], *half);
}

/* v, or what is reshaped to it by an axis of size 1 behind. */
static ir_value *without_last_one(ir_value *v) {
  ir_node *reshape = ir_def(v, IR_RESHAPE);
  int last = v->type.rank - 1;
  bool adds_one = reshape && reshape->operands[0]->type.rank == last && ir_dim_is(v->type.dims[last], 1);
  return adds_one ? reshape->operands[0] : v;
}

/* h holds the pairs of x turned by 90 degrees, (-second, first): how many pairs, else NULL. */
static ir_dim turned_pairs(ir_module *m, ir_value *h, ir_value *x, pairing pairs) {
  ir_dim half;
  int rank = x->type.rank;
  ir_node *stack = pairs == NEIGHBOURS ? ir_def(h, IR_RESHAPE) : NULL;
  if (pairs == NEIGHBOURS && (!stack || !rewrite_same_dims(m, &h->type, &x->type))) return NULL;
  const ir_node *concat = ir_def(stack ? stack->operands[0] : h, IR_CONCAT);
  if (!concat || concat->operand_count != 2 || concat->attrs.axis != (stack ? rank : rank - 1)) return NULL;
  ir_value *left = concat->operands[0], *right = concat->operands[1];
  if (stack && (without_last_one(left) == left || without_last_one(right) == right)) return NULL;
  if (stack) left = without_last_one(left), right = without_last_one(right);
  const ir_node *neg = ir_def(left, IR_NEG);
  return neg && are_pairs(m, right, neg->operands[0], x, pairs, &half) ? half : NULL;
}

static const int swap_heads[4] = {0, 2, 1, 3};

static ir_value *build_rotary(ir_builder *b, ir_value *x, ir_value *c, ir_value *s, rotary_form form) {
  bool swaps = form.head_axis == 2;
  if (swaps) x = ir_transpose(b, x, swap_heads);
  ir_attrs attrs = {.interleaved = form.pairs == NEIGHBOURS};
  ir_value *y = ir_build(b, IR_ROTARY, (ir_value *[]){x, c, s}, 3, &attrs);
  return swaps ? ir_transpose(b, y, swap_heads) : y;
}

static ir_value *turn_as(ir_builder *b, ir_node *n, rotary_form form) {
  ir_module *m = b->graph->module;
  for (int i = 0; i < 8; i++) { /* each of the three commutative operators either way round */
    ir_node *straight = ir_def(n->operands[i & 1], IR_MUL), *turned = ir_def(n->operands[!(i & 1)], IR_MUL);
    if (!straight || !turned) return NULL;
    ir_value *x = straight->operands[i >> 1 & 1], *cosines = straight->operands[!(i >> 1 & 1)];
    ir_value *h = turned->operands[i >> 2 & 1], *sines = turned->operands[!(i >> 2 & 1)];
    bool is_whole = rewrite_same_dims(m, &x->type, &n->result->type);
    ir_dim half = is_whole ? turned_pairs(m, h, x, form.pairs) : NULL;
    if (!half) continue;
    ir_value *c = per_pair(b, cosines, x, half, form), *s = per_pair(b, sines, x, half, form);
    if (c && s) return build_rotary(b, x, c, s, form);
  }
  return NULL;
}

/* add (mul x, cos), (mul (turned x), sin)  ->  rotary x, cos, sin */
static ir_value *turn(ir_builder *b, ir_node *n) {
  static const rotary_form forms[] = {{HALVES, 1}, {HALVES, 2}, {NEIGHBOURS, 1}, {NEIGHBOURS, 2}};
  ir_value *y = NULL;
  for (size_t i = 0; i < sizeof forms / sizeof *forms && n->result->type.rank == 4 && !y; i++) {
    y = turn_as(b, n, forms[i]);
  }
  return y;
}

/* The rotary that v is, perhaps with its axes of heads and positions swapped before and behind; *x is what it
 * turns. */
static ir_node *find_rotary(ir_value *v, ir_value **x, rotary_form *form) {
  ir_node *behind = rewrite_only_use(v, IR_TRANSPOSE);
  bool swaps = behind && memcmp(behind->attrs.perm, swap_heads, sizeof swap_heads) == 0;
  ir_node *rotary = rewrite_only_use(swaps ? behind->operands[0] : v, IR_ROTARY);
  if (!rotary) return NULL;
  ir_node *before = ir_def(rotary->operands[0], IR_TRANSPOSE);
  if (swaps && (!before || memcmp(before->attrs.perm, swap_heads, sizeof swap_heads) != 0)) return NULL;
  *x = swaps ? before->operands[0] : rotary->operands[0];
  *form = (rotary_form){rotary->attrs.interleaved ? NEIGHBOURS : HALVES, swaps ? 2 : 1};
  return rotary;
}

/* concat (rotary (slice x {..R}), c, s), (slice x {R..})  ->  rotary x, c, s */
static ir_value *turn_part(ir_builder *b, ir_node *n) {
  ir_module *m = b->graph->module;
  ir_value *part;
  rotary_form form;
  ir_node *rotary = n->operand_count == 2 ? find_rotary(n->operands[0], &part, &form) : NULL;
  ir_node *rest = rotary ? ir_def(n->operands[1], IR_SLICE) : NULL;
  if (!rest || n->attrs.axis != 3) return NULL;
  ir_value *x = rest->operands[0];
  ir_dim start, rest_start, turned = rotary->result->type.dims[3];
  bool fits = rewrite_same_dims(m, &x->type, &n->result->type) && part_of(m, part, x, 1, &start) &&
              part_of(m, n->operands[1], x, 1, &rest_start) && ir_dim_is(start, 0) &&
              ir_dim_equal(m, rest_start, turned);
  /* halves are those of the R features that turn, which the operator knows from cos */
  return fits ? build_rotary(b, x, rotary->operands[1], rotary->operands[2], form) : NULL;
}

bool pass_rotary(ir_graph *g, pass_report *report) {
  static const rewrite_rule rules[] = {{IR_ADD, turn}, {IR_CONCAT, turn_part}};
  return rewrite_graph(g, report, REWRITE_RULES(rules));
}
