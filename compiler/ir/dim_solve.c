/* dim_solve.c: equations between dims read backwards: what a symbol inside one of them must be. */
#include "ir/dim_table.h"

/* d is max(whole - start, 0), what a cut from `start` on leaves of an axis: its size, a symbol, else NULL. */
static ir_dim cut_symbol(ir_module *m, ir_dim d, ir_dim *start) {
  const dim_atom *max = dim_as_atom(d);
  if (!max || max->op != IR_DIM_MAX) return NULL;
  bool is_left = ir_dim_is(max->right, 0);
  if (!is_left && !ir_dim_is(max->left, 0)) return NULL;
  ir_dim left = is_left ? max->left : max->right, whole = NULL;
  for (int i = 0; i < left->term_count; i++) {
    const dim_term *term = &left->terms[i];
    if (term->coefficient < 0) continue;
    if (whole || term->coefficient != 1 || term->degree != 1) return NULL;
    whole = dim_of_atom(m, term->atoms[0]);
  }
  if (!whole || !ir_dim_is_symbol(whole)) return NULL;
  *start = ir_dim_sub(m, whole, left);
  return whole;
}

/* Sizes `part` and max(whole - start, 0): whole = start + part says both are sizes, none of them cut short.
 */
bool dim_solve_cut(ir_module *m, ir_dim part, ir_dim cut, ir_dim *symbol, ir_dim *value) {
  ir_dim start;
  *symbol = cut_symbol(m, cut, &start);
  if (*symbol) *value = ir_dim_add(m, start, part);
  return *symbol != NULL;
}

/* ---- d = constant ---- */

/* What a dim may be, both ends included, and how many of it are one of the whole equation's: the strides. */
typedef struct {
  int64_t low, high, stride;
} range;

static int64_t ceil_div(int64_t a, int64_t b) {
  return dim_mul_saturating(dim_floor_div(dim_mul_saturating(a, -1), b), -1);
}

/* d = coefficient * atom + rest: the atom, and its range from that of d. NULL where d is nothing so simple.
 */
static const dim_atom *solve_sum(ir_dim d, range *r) {
  const dim_term *only = d->terms;
  if (d->term_count < 1 || d->term_count > 2 || only->degree != 1) return NULL;
  if (d->term_count == 2 && d->terms[1].degree) return NULL;
  int64_t rest = d->term_count == 2 ? dim_mul_saturating(d->terms[1].coefficient, -1) : 0;
  int64_t low = dim_add_saturating(r->low, rest), high = dim_add_saturating(r->high, rest);
  bool falls = only->coefficient < 0;
  r->low = ceil_div(falls ? high : low, only->coefficient);
  r->high = dim_floor_div(falls ? low : high, only->coefficient);
  return only->atoms[0];
}

/* The dim inside an atom that depends on nothing else, and its range from the atom's; NULL where none does.
 */
static ir_dim solve_atom(const dim_atom *atom, range *r) {
  int64_t constant;
  bool is_right = ir_dim_is_const(atom->right, &constant);
  if (!is_right && !ir_dim_is_const(atom->left, &constant)) return NULL;
  ir_dim inner = is_right ? atom->left : atom->right;
  switch (atom->op) {
  case IR_DIM_DIV:
    if (!is_right || constant < 1) return NULL;
    r->low = dim_mul_saturating(r->low, constant);
    r->high = dim_add_saturating(dim_mul_saturating(r->high, constant), constant - 1);
    r->stride = dim_mul_saturating(r->stride, constant);
    return inner;
  case IR_DIM_MAX:
    return r->low > constant ? inner : NULL;
  case IR_DIM_MIN:
    return r->high < constant ? inner : NULL;
  default:
    return NULL;
  }
}

/* Of several sizes of which strides make the same, the one that they divide: no element is then left over. */
static int64_t choose_size(range r) {
  int64_t whole = dim_mul_saturating(dim_floor_div(r.high, r.stride), r.stride);
  return whole >= r.low ? whole : r.high;
}

bool dim_solve_constant(ir_module *m, ir_dim d, int64_t constant, ir_dim *symbol, ir_dim *value) {
  range r = {constant, constant, 1};
  while (d && r.low <= r.high) {
    const dim_atom *atom = solve_sum(d, &r);
    if (!atom || r.low > r.high) return false;
    if (atom->op == IR_DIM_SYMBOL) {
      *symbol = dim_of_atom(m, atom);
      *value = ir_dim_const(m, choose_size(r));
      return true;
    }
    d = solve_atom(atom, &r);
  }
  return false;
}
