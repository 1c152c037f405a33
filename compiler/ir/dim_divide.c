/*
 * dim_divide.c: floor division and modulo of symbolic dims by polynomial long
 * division (Cox, Little, O'Shea: Ideals, Varieties and Algorithms, 2.3), and
 * minimum and maximum, which bounds often decide.
 */
#include "ir/dim_table.h"

#include <string.h>

static dim_poly poly_of(ir_dim d) {
  static const dim_term one = {.degree = 0};
  dim_poly p = {.term_count = 0};
  dim_poly_add_product(&p, &one, 1, d);
  return p;
}

/* quotient = whole / part as multisets of atoms; false where part does not divide. Coefficients are left
 * alone. */
static bool divide_monomials(dim_term *quotient, const dim_term *whole, const dim_term *part) {
  *quotient = (dim_term){.degree = 0};
  int matched = 0;
  for (int i = 0; i < whole->degree; i++) {
    if (matched < part->degree && whole->atoms[i] == part->atoms[matched]) {
      matched++;
    } else {
      quotient->atoms[quotient->degree++] = whole->atoms[i];
    }
  }
  return matched == part->degree;
}

/*
 * a = quotient * n + rest, n not zero. Coefficients divide with floor, so that with a constant n > 0 the
 * rest's coefficients lie in [0, n). False where the limits are exceeded.
 */
static bool divide_long(ir_module *m, ir_dim a, ir_dim n, ir_dim *quotient, ir_dim *rest) {
  dim_poly todo = poly_of(a), q = {.term_count = 0}, r = {.term_count = 0};
  const dim_term *lead = &n->terms[0];
  for (int steps = 0; todo.term_count; steps++) {
    if (steps == 4 * DIM_MAX_TERMS || todo.beyond_limits || q.beyond_limits || r.beyond_limits) return false;
    dim_term top = todo.terms[0], factor;
    int64_t times = dim_floor_div(top.coefficient, lead->coefficient);
    if (divide_monomials(&factor, &top, lead) && times) {
      if (times == INT64_MIN || times == INT64_MAX) return false;
      dim_poly_add(&q, &factor, times);
      dim_poly_add_product(&todo, &factor, -times, n);
      if (todo.term_count == 0 || dim_compare_monomials(&todo.terms[0], &top) != 0) continue;
    }
    /* Less than the divisor's leading term is left of this monomial. */
    dim_poly_add(&r, &todo.terms[0], todo.terms[0].coefficient);
    memmove(todo.terms, todo.terms + 1, (size_t)--todo.term_count * sizeof todo.terms[0]);
  }
  if (todo.beyond_limits || q.beyond_limits || r.beyond_limits) return false;
  *quotient = dim_intern(m, &q);
  *rest = dim_intern(m, &r);
  return true;
}

static uint64_t greatest_divisor(uint64_t a, uint64_t b) {
  while (b) {
    uint64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

static uint64_t magnitude(int64_t x) {
  return x < 0 ? 0 - (uint64_t)x : (uint64_t)x;
}

/* Narrows `common` to the atoms and the factor that it shares with every term of d. */
static void narrow_common(dim_term *common, ir_dim d) {
  for (int i = 0; i < d->term_count; i++) {
    const dim_term *term = &d->terms[i];
    dim_term shared = {.degree = 0};
    for (int x = 0, y = 0; x < common->degree && y < term->degree;) {
      int order = dim_compare_atoms(common->atoms[x], term->atoms[y]);
      if (order == 0) shared.atoms[shared.degree++] = common->atoms[x];
      x += order <= 0;
      y += order >= 0;
    }
    uint64_t divisor = greatest_divisor(magnitude(common->coefficient), magnitude(term->coefficient));
    shared.coefficient = divisor > INT64_MAX ? 1 : (int64_t)divisor;
    *common = shared;
  }
}

static ir_dim divide_by_monomial(ir_module *m, ir_dim d, const dim_term *divisor) {
  dim_poly p = {.term_count = 0};
  for (int i = 0; i < d->term_count; i++) {
    dim_term factor;
    divide_monomials(&factor, &d->terms[i], divisor);
    dim_poly_add(&p, &factor, d->terms[i].coefficient / divisor->coefficient);
  }
  return dim_intern(m, &p);
}

/* (g*x) / (g*y) is x / y. Returns whether there was such a factor. */
static bool cancel_common(ir_module *m, ir_dim *a, ir_dim *n) {
  dim_term common = (*n)->terms[0];
  narrow_common(&common, *n);
  narrow_common(&common, *a);
  if (common.degree == 0 && magnitude(common.coefficient) <= 1) return false;
  *a = divide_by_monomial(m, *a, &common);
  *n = divide_by_monomial(m, *n, &common);
  return true;
}

static bool at_least(ir_module *m, ir_dim d, int64_t least) {
  int64_t lowest, highest;
  ir_dim_bounds(m, d, &lowest, &highest);
  return lowest >= least;
}

/* Whether 0 <= a < n. */
static bool within(ir_module *m, ir_dim a, ir_dim n) {
  return at_least(m, a, 0) && at_least(m, ir_dim_sub(m, n, a), 1);
}

/* floor(rest / n) where nothing divides any more: 0, -1, or an atom. */
static ir_dim divide_rest(ir_module *m, ir_dim rest, ir_dim n) {
  if (ir_dim_is(rest, 0) || within(m, rest, n)) return ir_dim_const(m, 0);
  ir_dim raised = ir_dim_add(m, rest, n);
  if (at_least(m, n, 1) && within(m, raised, n)) return ir_dim_const(m, -1);
  const dim_atom *inner = dim_as_atom(rest);
  int64_t outer_divisor, inner_divisor, product;
  if (inner && inner->op == IR_DIM_DIV && ir_dim_is_const(n, &outer_divisor) && outer_divisor > 0 &&
      ir_dim_is_const(inner->right, &inner_divisor) && inner_divisor > 0 &&
      !__builtin_mul_overflow(outer_divisor, inner_divisor, &product)) {
    return ir_dim_div(m, inner->left, ir_dim_const(m, product));
  }
  return dim_make_atom(m, IR_DIM_DIV, rest, n);
}

ir_dim ir_dim_div(ir_module *m, ir_dim a, ir_dim n) {
  int64_t x, y;
  if (ir_dim_is_const(n, &y) && (y == 0 || ir_dim_is_const(a, &x))) {
    return ir_dim_const(m, y == 0 ? 0 : dim_floor_div(x, y));
  }
  if (ir_dim_is(a, 0)) return a;
  cancel_common(m, &a, &n);
  if (ir_dim_is(n, 1)) return a;
  if (within(m, a, n)) return ir_dim_const(m, 0);
  ir_dim quotient, rest;
  if (!divide_long(m, a, n, &quotient, &rest)) return dim_make_atom(m, IR_DIM_DIV, a, n);
  if (ir_dim_is(rest, 0)) return quotient;
  if (cancel_common(m, &rest, &n)) return ir_dim_add(m, quotient, ir_dim_div(m, rest, n));
  return ir_dim_add(m, quotient, divide_rest(m, rest, n));
}

ir_dim ir_dim_mod(ir_module *m, ir_dim a, ir_dim n) {
  int64_t x, y;
  if (ir_dim_is_const(n, &y) && (y == 0 || ir_dim_is_const(a, &x))) {
    return ir_dim_const(m, y == 0 ? 0 : dim_floor_mod(x, y));
  }
  if (ir_dim_is(a, 0) || within(m, a, n)) return a;
  ir_dim quotient, rest;
  if (!divide_long(m, a, n, &quotient, &rest)) return dim_make_atom(m, IR_DIM_MOD, a, n);
  if (ir_dim_is(rest, 0) || within(m, rest, n)) return rest;
  return dim_make_atom(m, IR_DIM_MOD, rest, n);
}

/* max(a, max(a, b)) is max(a, b). */
static bool absorbs(ir_dim whole, ir_dim_op op, ir_dim part) {
  const dim_atom *atom = dim_as_atom(whole);
  return atom && atom->op == op && (atom->left == part || atom->right == part);
}

static ir_dim choose(ir_module *m, ir_dim_op op, ir_dim a, ir_dim b) {
  int64_t lowest = 0, highest = 0;
  if (ir_dim_is(a, INT64_MAX) || ir_dim_is(b, INT64_MIN)) { /* what saturates stands for infinity */
    highest = INT64_MAX;
  } else if (ir_dim_is(b, INT64_MAX) || ir_dim_is(a, INT64_MIN)) {
    lowest = INT64_MIN;
  } else {
    ir_dim_bounds(m, ir_dim_sub(m, a, b), &lowest, &highest);
  }
  if (lowest >= 0) return op == IR_DIM_MAX ? a : b;
  if (highest <= 0) return op == IR_DIM_MAX ? b : a;
  if (absorbs(a, op, b)) return a;
  if (absorbs(b, op, a)) return b;
  /* Symbols before constants, as people write it: max(s, 1). */
  bool swapped = dim_compare_dims(a, b) > 0;
  return swapped ? dim_make_atom(m, op, b, a) : dim_make_atom(m, op, a, b);
}

ir_dim ir_dim_min(ir_module *m, ir_dim a, ir_dim b) {
  return choose(m, IR_DIM_MIN, a, b);
}
ir_dim ir_dim_max(ir_module *m, ir_dim a, ir_dim b) {
  return choose(m, IR_DIM_MAX, a, b);
}
