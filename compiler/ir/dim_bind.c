/* dim_bind.c: what is known about symbols: bindings to other dims, largest values, and the bounds that
 * follow. */
#include "ir/dim_table.h"

/* ---- replacing symbols ---- */

/* What a symbol becomes; NULL: it stays. */
typedef ir_dim map_symbol(ir_module *m, const dim_atom *symbol, const ir_dim *user);

static ir_dim map_dim(ir_module *m, ir_dim d, map_symbol *map, const ir_dim *user);

/* NULL: the atom stays. */
static ir_dim map_atom(ir_module *m, const dim_atom *atom, map_symbol *map, const ir_dim *user) {
  if (atom->op == IR_DIM_SYMBOL) return map(m, atom, user);
  ir_dim left = map_dim(m, atom->left, map, user), right = map_dim(m, atom->right, map, user);
  if (left == atom->left && right == atom->right) return NULL;
  switch (atom->op) {
  case IR_DIM_DIV:
    return ir_dim_div(m, left, right);
  case IR_DIM_MOD:
    return ir_dim_mod(m, left, right);
  case IR_DIM_MIN:
    return ir_dim_min(m, left, right);
  default:
    return ir_dim_max(m, left, right);
  }
}

static ir_dim map_dim(ir_module *m, ir_dim d, map_symbol *map, const ir_dim *user) {
  bool changed = false;
  ir_dim sum = ir_dim_const(m, 0);
  for (int i = 0; i < d->term_count; i++) {
    const dim_term *term = &d->terms[i];
    ir_dim product = ir_dim_const(m, term->coefficient);
    for (int k = 0; k < term->degree; k++) {
      ir_dim mapped = map_atom(m, term->atoms[k], map, user);
      changed |= mapped != NULL;
      product = ir_dim_mul(m, product, mapped ? mapped : dim_of_atom(m, term->atoms[k]));
    }
    sum = ir_dim_add(m, sum, product);
  }
  return changed ? sum : d;
}

static ir_dim replace_symbol(ir_module *m, const dim_atom *symbol, const ir_dim *user) {
  (void)m;
  return symbol == dim_as_atom(user[0]) ? user[1] : NULL;
}

ir_dim ir_dim_substitute(ir_module *m, ir_dim d, ir_dim symbol, ir_dim value) {
  ir_dim pair[2] = {symbol, value};
  return map_dim(m, d, replace_symbol, pair);
}

/* ---- bindings ---- */

static dim_symbol *symbol_of(ir_module *m, ir_dim symbol) {
  return &dim_table(m)->symbols[ir_dim_symbol_index(symbol)];
}

static ir_dim bound_value(ir_module *m, const dim_atom *symbol, const ir_dim *user) {
  (void)user;
  ir_dim binding = dim_table(m)->symbols[symbol->symbol].binding;
  return binding ? ir_dim_resolve(m, binding) : NULL;
}

/* Ends because a binding never leads back to its symbol: bind below sees to that. */
ir_dim ir_dim_resolve(ir_module *m, ir_dim d) {
  uint64_t epoch = dim_table(m)->epoch;
  if (epoch == 0) return d;
  if (d->memo->epoch != epoch) {
    d->memo->resolved = map_dim(m, d, bound_value, NULL);
    d->memo->epoch = epoch;
  }
  return d->memo->resolved;
}

static bool contains(ir_dim d, const dim_atom *symbol) {
  for (int i = 0; i < d->term_count; i++) {
    for (int k = 0; k < d->terms[i].degree; k++) {
      const dim_atom *atom = d->terms[i].atoms[k];
      if (atom == symbol) return true;
      if (atom->op != IR_DIM_SYMBOL && (contains(atom->left, symbol) || contains(atom->right, symbol)))
        return true;
    }
  }
  return false;
}

/* symbol is free, value resolved. */
static bool bind_free(ir_module *m, ir_dim symbol, ir_dim value) {
  if (contains(value, dim_as_atom(symbol)) || dim_table(m)->epoch == DIM_MAX_BINDINGS) return false;
  dim_symbol *own = symbol_of(m, symbol);
  int64_t lowest, highest;
  ir_dim_bounds(m, value, &lowest, &highest);
  if (highest < own->minimum || lowest > ir_dim_maximum(m, symbol)) return false;
  if (ir_dim_is_symbol(value)) {
    dim_symbol *other = symbol_of(m, value);
    if (other->minimum < own->minimum) other->minimum = own->minimum;
    if (other->maximum > own->maximum) other->maximum = own->maximum;
  }
  own->binding = value;
  dim_table(m)->epoch++;
  dim_table(m)->changes++;
  return true;
}

bool ir_dim_bind(ir_module *m, ir_dim symbol, ir_dim value) {
  return ir_dim_is_symbol(symbol) && ir_dim_unify(m, symbol, value);
}

bool ir_dim_equal(ir_module *m, ir_dim a, ir_dim b) {
  return a == b || ir_dim_resolve(m, a) == ir_dim_resolve(m, b);
}

/* Binds the symbol inside `d` that `other` determines. */
static bool bind_inner(ir_module *m, ir_dim d, ir_dim other) {
  ir_dim symbol, value;
  int64_t constant;
  if (ir_dim_is_const(other, &constant)) {
    return dim_solve_constant(m, d, constant, &symbol, &value) && bind_free(m, symbol, value);
  }
  return ir_dim_is_symbol(other) && dim_solve_cut(m, other, d, &symbol, &value) &&
         bind_free(m, symbol, value);
}

bool ir_dim_unify(ir_module *m, ir_dim a, ir_dim b) {
  a = ir_dim_resolve(m, a);
  b = ir_dim_resolve(m, b);
  if (a == b) return true;
  bool symbol_a = ir_dim_is_symbol(a), symbol_b = ir_dim_is_symbol(b);
  if (bind_inner(m, a, b) || bind_inner(m, b, a)) return true;
  /* Of two symbols the one that was there first stays. */
  if (symbol_a && symbol_b && ir_dim_symbol_index(a) < ir_dim_symbol_index(b)) symbol_a = false;
  if (symbol_a) return bind_free(m, a, b);
  return symbol_b && bind_free(m, b, a);
}

/* ---- symbols ---- */

static dim_symbol *changed_symbol(ir_module *m, ir_dim symbol) {
  dim_table(m)->changes++;
  return symbol_of(m, symbol);
}

void ir_dim_set_maximum(ir_module *m, ir_dim symbol, int64_t maximum) {
  changed_symbol(m, symbol)->maximum = maximum;
}
int64_t ir_dim_maximum(ir_module *m, ir_dim symbol) {
  dim_symbol *own = symbol_of(m, symbol);
  if (!own->limit) return own->maximum;
  if (own->limit_changes != dim_table(m)->changes) {
    int64_t lowest;
    ir_dim_bounds(m, own->limit, &lowest, &own->limit_bound);
    own->limit_changes = dim_table(m)->changes;
  }
  return own->limit_bound < own->maximum ? own->limit_bound : own->maximum;
}
void ir_dim_set_limit(ir_module *m, ir_dim symbol, ir_dim limit) {
  changed_symbol(m, symbol)->limit = limit;
}
ir_dim ir_dim_limit(ir_module *m, ir_dim symbol) {
  return symbol_of(m, symbol)->limit;
}
void ir_dim_set_minimum(ir_module *m, ir_dim symbol, int64_t minimum) {
  changed_symbol(m, symbol)->minimum = minimum;
}
int64_t ir_dim_minimum(ir_module *m, ir_dim symbol) {
  return symbol_of(m, symbol)->minimum;
}
size_t ir_dim_symbol_count(ir_module *m) {
  return dim_table(m)->symbol_count;
}
ir_dim ir_dim_symbol_at(ir_module *m, size_t index) {
  return dim_table(m)->symbols[index].self;
}

/* ---- bounds by interval arithmetic; INT64_MIN and INT64_MAX stand for the infinities ---- */

typedef struct {
  int64_t low, high;
} interval;

static bool infinite(int64_t x) {
  return x == INT64_MIN || x == INT64_MAX;
}

static int64_t bound_add(int64_t a, int64_t b) {
  if (infinite(a)) return a;
  return infinite(b) ? b : dim_add_saturating(a, b);
}

static int64_t bound_mul(int64_t a, int64_t b) {
  if (a == 0 || b == 0) return 0;
  if (infinite(a) || infinite(b)) return (a < 0) != (b < 0) ? INT64_MIN : INT64_MAX;
  return dim_mul_saturating(a, b);
}

static int64_t bound_div(int64_t a, int64_t positive) {
  return infinite(a) ? a : dim_floor_div(a, positive);
}
static int64_t smaller(int64_t a, int64_t b) {
  return a < b ? a : b;
}
static int64_t larger(int64_t a, int64_t b) {
  return a > b ? a : b;
}

static interval multiply(interval a, interval b) {
  int64_t corners[4] = {bound_mul(a.low, b.low), bound_mul(a.low, b.high), bound_mul(a.high, b.low),
                        bound_mul(a.high, b.high)};
  interval product = {corners[0], corners[0]};
  for (int i = 1; i < 4; i++) {
    product.low = smaller(product.low, corners[i]);
    product.high = larger(product.high, corners[i]);
  }
  return product;
}

/* A divisor of 0 gives 0, so it only ever widens towards 0. */
static interval divide(interval a, interval n) {
  if (n.low < 0) return (interval){INT64_MIN, INT64_MAX};
  int64_t least = larger(n.low, 1), most = larger(n.high, 1);
  interval quotient = {bound_div(a.low, a.low < 0 || infinite(most) ? least : most),
                       bound_div(a.high, a.high < 0 && !infinite(most) ? most : least)};
  if (a.low >= 0 && infinite(most)) quotient.low = 0;
  if (a.high < 0 && infinite(most)) quotient.high = -1;
  if (n.low == 0) quotient = (interval){smaller(quotient.low, 0), larger(quotient.high, 0)};
  return quotient;
}

static interval modulo(interval a, interval n) {
  if (n.low < 0) return (interval){INT64_MIN, INT64_MAX};
  int64_t high = infinite(n.high) ? n.high : larger(n.high - 1, 0);
  return (interval){0, a.low >= 0 ? smaller(high, a.high) : high};
}

static interval bounds_of(ir_module *m, ir_dim d);

static interval atom_bounds(ir_module *m, const dim_atom *atom) {
  if (atom->op == IR_DIM_SYMBOL) {
    const dim_symbol *symbol = &dim_table(m)->symbols[atom->symbol];
    if (symbol->binding) return bounds_of(m, symbol->binding);
    return (interval){symbol->minimum, ir_dim_maximum(m, symbol->self)};
  }
  interval a = bounds_of(m, atom->left), b = bounds_of(m, atom->right);
  switch (atom->op) {
  case IR_DIM_DIV:
    return divide(a, b);
  case IR_DIM_MOD:
    return modulo(a, b);
  case IR_DIM_MIN:
    return (interval){smaller(a.low, b.low), smaller(a.high, b.high)};
  default:
    return (interval){larger(a.low, b.low), larger(a.high, b.high)};
  }
}

static interval bounds_of(ir_module *m, ir_dim d) {
  interval sum = {0, 0};
  for (int i = 0; i < d->term_count; i++) {
    interval product = {d->terms[i].coefficient, d->terms[i].coefficient};
    for (int k = 0; k < d->terms[i].degree; k++)
      product = multiply(product, atom_bounds(m, d->terms[i].atoms[k]));
    sum = (interval){bound_add(sum.low, product.low), bound_add(sum.high, product.high)};
  }
  return sum;
}

void ir_dim_bounds(ir_module *m, ir_dim d, int64_t *lowest, int64_t *highest) {
  interval bounds = bounds_of(m, ir_dim_resolve(m, d));
  *lowest = bounds.low;
  *highest = bounds.high;
}
