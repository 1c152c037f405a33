/*
 * dim_table.h: how dim expressions are stored. Private to the dim_*.c files.
 *
 * An expression is a sum of terms, a term an integer coefficient times a
 * product of atoms. Terms are sorted by degree (highest first), then by their
 * atoms; atoms by dim_compare_atoms, which depends on names only, so that the
 * same text gives the same order in every module. That order is a monomial
 * order (graded lexicographic), which long division relies on. The constant
 * is the term of degree 0; the zero polynomial has no terms.
 *
 * A hostile model must not cost unbounded time or stack: an expression beyond
 * the limits below, or with a coefficient beyond int64, becomes a fresh
 * symbol ("unknown_1"), of which nothing is known. Constants saturate.
 */
#ifndef SMELT_IR_DIM_TABLE_H
#define SMELT_IR_DIM_TABLE_H

#include "ir/ir.h"

enum {
  DIM_MAX_TERMS = 32,
  DIM_MAX_DEGREE = 12,
  DIM_MAX_DEPTH = 24,      /* atoms inside atoms */
  DIM_MAX_SIZE = 400,      /* atoms and terms in the whole tree */
  DIM_MAX_BINDINGS = 2000, /* a chain of them is followed recursively */
};

typedef struct dim_atom {
  ir_dim_op op;       /* SYMBOL, DIV, MOD, MIN or MAX */
  const char *name;   /* SYMBOL */
  size_t symbol;      /* SYMBOL: its index */
  ir_dim left, right; /* the other four */
  uint64_t hash;
} dim_atom;

typedef struct {
  int64_t coefficient; /* never 0 */
  int degree;
  const dim_atom *atoms[DIM_MAX_DEGREE]; /* sorted; a power is a repetition */
} dim_term;

struct ir_dim_expr {
  const dim_term *terms;
  int term_count;
  int depth, size; /* what DIM_MAX_DEPTH and DIM_MAX_SIZE limit */
  uint64_t hash;
  struct dim_memo *memo;
};

/* The expression after bindings; valid while the table's epoch is the same. */
struct dim_memo {
  ir_dim resolved;
  uint64_t epoch;
};

typedef struct {
  ir_dim self;
  ir_dim binding; /* NULL: free */
  int64_t minimum, maximum;
  ir_dim limit; /* of other symbols, never less than this one; NULL: none */
  /* The limit's upper bound; valid while the table's `changes` is the same. */
  int64_t limit_bound;
  uint64_t limit_changes;
} dim_symbol;

/* A set of interned pointers: open addressing, never shrinks. */
typedef struct {
  const void **slots;
  size_t count, capacity; /* capacity is a power of two */
} dim_set;

struct ir_dim_table {
  dim_set expressions, atoms;
  dim_symbol *symbols;
  size_t symbol_count, symbol_capacity;
  uint64_t epoch;   /* how many bindings were made */
  uint64_t changes; /* how often anything was said about a symbol */
  int fresh_count;  /* of symbols named by ir_dim_new_symbol */
};

/* A polynomial while it is computed. */
typedef struct {
  int term_count;
  bool beyond_limits; /* the result must become an unknown */
  dim_term terms[DIM_MAX_TERMS];
} dim_poly;

/* ---- dim.c ---- */

struct ir_dim_table *dim_table(ir_module *m); /* made on first use */
int dim_compare_dims(ir_dim a, ir_dim b);
int dim_compare_atoms(const dim_atom *a, const dim_atom *b);
int dim_compare_monomials(const dim_term *a, const dim_term *b); /* > 0: a comes first */
/* p += coefficient * (atoms of term) */
void dim_poly_add(dim_poly *p, const dim_term *term, int64_t coefficient);
/* p += coefficient * (atoms of term) * d */
void dim_poly_add_product(dim_poly *p, const dim_term *term, int64_t coefficient, ir_dim d);
ir_dim dim_intern(ir_module *m, const dim_poly *p);
/* The atom `op(left, right)` as it stands, unsimplified. */
ir_dim dim_make_atom(ir_module *m, ir_dim_op op, ir_dim left, ir_dim right);
ir_dim dim_of_atom(ir_module *m, const dim_atom *atom);
/* The atom that d is, or NULL. */
const dim_atom *dim_as_atom(ir_dim d);

/* ---- dim_solve.c: the symbol and its value that an equation asks for; false where it asks for none ---- */

/* part = cut, where cut is max(symbol - start, 0) */
bool dim_solve_cut(ir_module *m, ir_dim part, ir_dim cut, ir_dim *symbol, ir_dim *value);
/* d = constant, where d is made of one symbol by sums, products, floor divisions and bounds with constants */
bool dim_solve_constant(ir_module *m, ir_dim d, int64_t constant, ir_dim *symbol, ir_dim *value);

/* ---- int64 arithmetic that saturates; division and modulo by zero give 0, as the graph's div does ---- */

int64_t dim_add_saturating(int64_t a, int64_t b);
int64_t dim_mul_saturating(int64_t a, int64_t b);
int64_t dim_floor_div(int64_t a, int64_t b);
int64_t dim_floor_mod(int64_t a, int64_t b); /* sign of b */

/* The operation of IR_DIM_ADD .. IR_DIM_MAX on constants. */
int64_t dim_apply(ir_dim_op op, int64_t a, int64_t b);

#endif
