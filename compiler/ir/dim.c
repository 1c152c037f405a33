/* dim.c: symbolic dims as interned polynomials: the table, sums and products. dim_table.h has the invariants.
 */
#include "ir/dim_table.h"

#include <string.h>

struct ir_dim_table *dim_table(ir_module *m) {
  if (!m->dims) m->dims = ARENA_NEW(m->arena, struct ir_dim_table);
  return m->dims;
}

/* ---- int64 arithmetic ---- */

int64_t dim_add_saturating(int64_t a, int64_t b) {
  int64_t sum;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return a < 0 ? INT64_MIN : INT64_MAX;
}

int64_t dim_mul_saturating(int64_t a, int64_t b) {
  int64_t product;
  if (!__builtin_mul_overflow(a, b, &product)) return product;
  return (a < 0) != (b < 0) ? INT64_MIN : INT64_MAX;
}

int64_t dim_floor_div(int64_t a, int64_t b) {
  if (b == 0) return 0;
  if (b == -1) return dim_mul_saturating(a, -1);
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

int64_t dim_floor_mod(int64_t a, int64_t b) {
  if (b == 0 || b == -1) return 0;
  int64_t rest = a % b;
  return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
}

int64_t dim_apply(ir_dim_op op, int64_t a, int64_t b) {
  switch (op) {
  case IR_DIM_ADD:
    return dim_add_saturating(a, b);
  case IR_DIM_MUL:
    return dim_mul_saturating(a, b);
  case IR_DIM_DIV:
    return dim_floor_div(a, b);
  case IR_DIM_MOD:
    return dim_floor_mod(a, b);
  case IR_DIM_MIN:
    return a < b ? a : b;
  case IR_DIM_MAX:
    return a > b ? a : b;
  default:
    return 0;
  }
}

/* ---- order ---- */

int dim_compare_dims(ir_dim a, ir_dim b) {
  if (a == b) return 0;
  for (int i = 0; i < a->term_count && i < b->term_count; i++) {
    int order = dim_compare_monomials(&b->terms[i], &a->terms[i]);
    if (order) return order;
    int64_t x = a->terms[i].coefficient, y = b->terms[i].coefficient;
    if (x != y) return x < y ? -1 : 1;
  }
  return b->term_count - a->term_count;
}

int dim_compare_atoms(const dim_atom *a, const dim_atom *b) {
  if (a == b) return 0;
  if (a->op != b->op) return (int)a->op - (int)b->op;
  if (a->op == IR_DIM_SYMBOL) return strcmp(a->name, b->name);
  int order = dim_compare_dims(a->left, b->left);
  return order ? order : dim_compare_dims(a->right, b->right);
}

int dim_compare_monomials(const dim_term *a, const dim_term *b) {
  if (a->degree != b->degree) return a->degree - b->degree;
  for (int i = 0; i < a->degree; i++) {
    int order = dim_compare_atoms(b->atoms[i], a->atoms[i]);
    if (order) return order;
  }
  return 0;
}

/* ---- polynomials ---- */

void dim_poly_add(dim_poly *p, const dim_term *term, int64_t coefficient) {
  if (coefficient == 0 || p->beyond_limits) return;
  int at = 0, order = 1;
  while (at < p->term_count && (order = dim_compare_monomials(&p->terms[at], term)) > 0) at++;
  dim_term *slot = &p->terms[at];
  if (at < p->term_count && order == 0) {
    int64_t sum = dim_add_saturating(slot->coefficient, coefficient);
    bool saturated = sum == INT64_MAX || sum == INT64_MIN;
    if (saturated && term->degree) p->beyond_limits = true;
    slot->coefficient = sum;
    if (sum == 0) memmove(slot, slot + 1, (size_t)(--p->term_count - at) * sizeof *slot);
    return;
  }
  if (p->term_count == DIM_MAX_TERMS) {
    p->beyond_limits = true;
    return;
  }
  memmove(slot + 1, slot, (size_t)(p->term_count++ - at) * sizeof *slot);
  *slot = *term;
  slot->coefficient = coefficient;
}

/* product = a * b without their coefficients; false where the degree is beyond the limit. */
static bool multiply_monomials(dim_term *product, const dim_term *a, const dim_term *b) {
  *product = (dim_term){.degree = a->degree + b->degree};
  if (product->degree > DIM_MAX_DEGREE) return false;
  for (int i = 0, x = 0, y = 0; i < product->degree; i++) {
    bool from_a = y == b->degree || (x < a->degree && dim_compare_atoms(a->atoms[x], b->atoms[y]) <= 0);
    product->atoms[i] = from_a ? a->atoms[x++] : b->atoms[y++];
  }
  return true;
}

void dim_poly_add_product(dim_poly *p, const dim_term *term, int64_t coefficient, ir_dim d) {
  for (int i = 0; i < d->term_count; i++) {
    dim_term product;
    int64_t scaled = dim_mul_saturating(coefficient, d->terms[i].coefficient);
    if (!multiply_monomials(&product, term, &d->terms[i])) {
      p->beyond_limits = true;
    } else if (product.degree && (scaled == INT64_MAX || scaled == INT64_MIN)) {
      p->beyond_limits = true;
    } else {
      dim_poly_add(p, &product, scaled);
    }
  }
}

/* ---- interning ---- */

static uint64_t mix(uint64_t hash, uint64_t more) {
  hash = (hash ^ more) * 0x9E3779B97F4A7C15u;
  return hash ^ hash >> 29;
}

typedef bool same_key(const void *item, const void *key);
typedef uint64_t hash_of(const void *item);

static const void *set_find(const dim_set *set, uint64_t hash, const void *key, same_key *same) {
  if (!set->capacity) return NULL;
  for (size_t i = hash & (set->capacity - 1); set->slots[i]; i = (i + 1) & (set->capacity - 1)) {
    if (same(set->slots[i], key)) return set->slots[i];
  }
  return NULL;
}

static void set_place(dim_set *set, uint64_t hash, const void *item) {
  size_t i = hash & (set->capacity - 1);
  while (set->slots[i]) i = (i + 1) & (set->capacity - 1);
  set->slots[i] = item;
}

static void set_insert(arena *a, dim_set *set, hash_of *hash, const void *item) {
  if (set->count * 2 >= set->capacity) {
    dim_set larger = {.count = set->count, .capacity = set->capacity ? set->capacity * 2 : 64};
    larger.slots = ARENA_ARRAY(a, const void *, larger.capacity);
    for (size_t i = 0; i < set->capacity; i++) {
      if (set->slots[i]) set_place(&larger, hash(set->slots[i]), set->slots[i]);
    }
    *set = larger;
  }
  set_place(set, hash(item), item);
  set->count++;
}

static uint64_t expression_hash(const void *item) {
  return ((ir_dim)item)->hash;
}
static uint64_t atom_hash(const void *item) {
  return ((const dim_atom *)item)->hash;
}

static bool same_polynomial(const void *item, const void *key) {
  ir_dim d = item;
  const dim_poly *p = key;
  if (d->term_count != p->term_count) return false;
  for (int i = 0; i < p->term_count; i++) {
    const dim_term *x = &d->terms[i], *y = &p->terms[i];
    if (x->coefficient != y->coefficient || x->degree != y->degree) return false;
    if (memcmp(x->atoms, y->atoms, (size_t)x->degree * sizeof x->atoms[0]) != 0) return false;
  }
  return true;
}

ir_dim ir_dim_new_symbol(ir_module *m, const char *hint) {
  struct ir_dim_table *table = dim_table(m);
  for (;;) {
    size_t before = table->symbol_count;
    ir_dim d = ir_dim_symbol(m, arena_format(m->arena, "%s_%d", hint, ++table->fresh_count));
    if (table->symbol_count > before) return d;
  }
}

/* Of two unknowns none is equal to the other: nothing is known about either. */
static ir_dim unknown(ir_module *m) {
  return ir_dim_new_symbol(m, "unknown");
}

ir_dim dim_intern(ir_module *m, const dim_poly *p) {
  if (p->beyond_limits) return unknown(m);
  struct ir_dim_table *table = dim_table(m);
  uint64_t hash = (uint64_t)p->term_count;
  int depth = 0, size = 1;
  for (int i = 0; i < p->term_count; i++) {
    hash = mix(hash, (uint64_t)p->terms[i].coefficient);
    size++;
    for (int k = 0; k < p->terms[i].degree; k++) {
      const dim_atom *atom = p->terms[i].atoms[k];
      hash = mix(hash, atom->hash);
      size++;
      if (atom->op == IR_DIM_SYMBOL) continue;
      int inner = 1 + (atom->left->depth > atom->right->depth ? atom->left->depth : atom->right->depth);
      if (inner > depth) depth = inner;
      size += atom->left->size + atom->right->size;
    }
  }
  if (depth > DIM_MAX_DEPTH || size > DIM_MAX_SIZE) return unknown(m);

  ir_dim known = set_find(&table->expressions, hash, p, same_polynomial);
  if (known) return known;
  struct ir_dim_expr *d = ARENA_NEW(m->arena, struct ir_dim_expr);
  d->terms = arena_copy(m->arena, p->terms, (size_t)p->term_count * sizeof p->terms[0]);
  d->term_count = p->term_count;
  d->depth = depth;
  d->size = size;
  d->hash = hash;
  d->memo = ARENA_NEW(m->arena, struct dim_memo);
  set_insert(m->arena, &table->expressions, expression_hash, d);
  return d;
}

static bool same_atom(const void *item, const void *key) {
  const dim_atom *x = item, *y = key;
  if (x->op != y->op) return false;
  if (x->op == IR_DIM_SYMBOL) return strcmp(x->name, y->name) == 0;
  return x->left == y->left && x->right == y->right;
}

static const dim_atom *intern_atom(ir_module *m, dim_atom *key) {
  struct ir_dim_table *table = dim_table(m);
  const dim_atom *known = set_find(&table->atoms, key->hash, key, same_atom);
  if (known) return known;
  if (key->op == IR_DIM_SYMBOL) {
    key->name = arena_text(m->arena, key->name);
    key->symbol = table->symbol_count;
  }
  const dim_atom *atom = arena_copy(m->arena, key, sizeof *key);
  set_insert(m->arena, &table->atoms, atom_hash, atom);
  if (key->op == IR_DIM_SYMBOL) {
    ir_dim self = dim_of_atom(m, atom);
    ARENA_PUSH(m->arena, table->symbols, table->symbol_count, table->symbol_capacity) =
        (dim_symbol){.self = self, .maximum = INT64_MAX};
  }
  return atom;
}

ir_dim dim_of_atom(ir_module *m, const dim_atom *atom) {
  dim_poly p = {.term_count = 1};
  p.terms[0] = (dim_term){.coefficient = 1, .degree = 1, .atoms = {atom}};
  return dim_intern(m, &p);
}

ir_dim dim_make_atom(ir_module *m, ir_dim_op op, ir_dim left, ir_dim right) {
  dim_atom key = {.op = op, .left = left, .right = right};
  key.hash = mix(mix(mix(0, (uint64_t)op), left->hash), right->hash);
  return dim_of_atom(m, intern_atom(m, &key));
}

const dim_atom *dim_as_atom(ir_dim d) {
  bool single = d->term_count == 1 && d->terms[0].degree == 1 && d->terms[0].coefficient == 1;
  return single ? d->terms[0].atoms[0] : NULL;
}

/* ---- the public constructors ---- */

ir_dim ir_dim_const(ir_module *m, int64_t value) {
  dim_poly p = {.term_count = value != 0};
  p.terms[0] = (dim_term){.coefficient = value};
  return dim_intern(m, &p);
}

ir_dim ir_dim_symbol(ir_module *m, const char *name) {
  dim_atom key = {.op = IR_DIM_SYMBOL, .name = name, .hash = name_hash(name)};
  const dim_atom *atom = intern_atom(m, &key);
  return dim_table(m)->symbols[atom->symbol].self;
}

static ir_dim add_scaled(ir_module *m, ir_dim a, ir_dim b, int64_t scale) {
  static const dim_term one = {.degree = 0};
  dim_poly p = {.term_count = 0};
  dim_poly_add_product(&p, &one, 1, a);
  dim_poly_add_product(&p, &one, scale, b);
  return dim_intern(m, &p);
}

ir_dim ir_dim_add(ir_module *m, ir_dim a, ir_dim b) {
  return add_scaled(m, a, b, 1);
}

/*
 * a - max(x, y) is min(a - x, a - y): better where one of them is a constant, as in s - max(s - 1, 0), the
 * length of a slice from -1 on.
 */
static ir_dim subtract_choice(ir_module *m, ir_dim a, const dim_atom *choice) {
  ir_dim x = add_scaled(m, a, choice->left, -1), y = add_scaled(m, a, choice->right, -1);
  if (!ir_dim_is_const(x, NULL) && !ir_dim_is_const(y, NULL)) return NULL;
  return choice->op == IR_DIM_MAX ? ir_dim_min(m, x, y) : ir_dim_max(m, x, y);
}

ir_dim ir_dim_sub(ir_module *m, ir_dim a, ir_dim b) {
  const dim_atom *atom = dim_as_atom(b);
  ir_dim chosen = NULL;
  if (atom && (atom->op == IR_DIM_MAX || atom->op == IR_DIM_MIN) && !ir_dim_is_const(a, NULL)) {
    chosen = subtract_choice(m, a, atom);
  }
  return chosen ? chosen : add_scaled(m, a, b, -1);
}

ir_dim ir_dim_mul(ir_module *m, ir_dim a, ir_dim b) {
  dim_poly p = {.term_count = 0};
  for (int i = 0; i < a->term_count; i++) dim_poly_add_product(&p, &a->terms[i], a->terms[i].coefficient, b);
  return dim_intern(m, &p);
}

/* ---- looking at a dim ---- */

bool ir_dim_is_const(ir_dim d, int64_t *value) {
  if (d->term_count > 1 || (d->term_count == 1 && d->terms[0].degree)) return false;
  if (value) *value = d->term_count ? d->terms[0].coefficient : 0;
  return true;
}

bool ir_dim_is(ir_dim d, int64_t value) {
  int64_t own;
  return ir_dim_is_const(d, &own) && own == value;
}

bool ir_dim_is_symbol(ir_dim d) {
  const dim_atom *atom = dim_as_atom(d);
  return atom && atom->op == IR_DIM_SYMBOL;
}

const char *ir_dim_symbol_name(ir_dim d) {
  return ir_dim_is_symbol(d) ? dim_as_atom(d)->name : NULL;
}
size_t ir_dim_symbol_index(ir_dim symbol) {
  return dim_as_atom(symbol)->symbol;
}

static int64_t evaluate_atom(const dim_atom *atom, const int64_t *values) {
  if (atom->op == IR_DIM_SYMBOL) return values[atom->symbol];
  return dim_apply(atom->op, ir_dim_evaluate(atom->left, values), ir_dim_evaluate(atom->right, values));
}

int64_t ir_dim_evaluate(ir_dim d, const int64_t *values) {
  int64_t sum = 0;
  for (int i = 0; i < d->term_count; i++) {
    int64_t product = d->terms[i].coefficient;
    for (int k = 0; k < d->terms[i].degree; k++) {
      product = dim_mul_saturating(product, evaluate_atom(d->terms[i].atoms[k], values));
    }
    sum = dim_add_saturating(sum, product);
  }
  return sum;
}

void ir_dim_visit_postfix(ir_dim d, ir_dim_visitor *visit, void *user) {
  if (d->term_count == 0) visit(user, IR_DIM_CONST, 0);
  for (int i = 0; i < d->term_count; i++) {
    const dim_term *term = &d->terms[i];
    bool scaled = term->coefficient != 1 || term->degree == 0;
    if (scaled) visit(user, IR_DIM_CONST, term->coefficient);
    for (int k = 0; k < term->degree; k++) {
      const dim_atom *atom = term->atoms[k];
      if (atom->op == IR_DIM_SYMBOL) {
        visit(user, IR_DIM_SYMBOL, (int64_t)atom->symbol);
      } else {
        ir_dim_visit_postfix(atom->left, visit, user);
        ir_dim_visit_postfix(atom->right, visit, user);
        visit(user, atom->op, 0);
      }
      if (scaled || k) visit(user, IR_DIM_MUL, 0);
    }
    if (i) visit(user, IR_DIM_ADD, 0);
  }
}
