/* dim.h: sizes, which are integers or symbolic expressions: a part of ir.h. */
#ifndef SMELT_IR_DIM_H
#define SMELT_IR_DIM_H

#include "base/base.h"

typedef struct ir_module ir_module;

/*
 * An integer polynomial over atoms; an atom is a symbol or a floor division,
 * modulo, minimum or maximum of two polynomials that could not be simplified.
 * Interned in the module: equal expressions are the same pointer. Symbols are
 * sizes given by the caller and never negative.
 */
typedef const struct ir_dim_expr *ir_dim;

ir_dim ir_dim_const(ir_module *m, int64_t value);
ir_dim ir_dim_symbol(ir_module *m, const char *name); /* the same name is the same symbol */
ir_dim ir_dim_add(ir_module *m, ir_dim a, ir_dim b);
ir_dim ir_dim_sub(ir_module *m, ir_dim a, ir_dim b);
ir_dim ir_dim_mul(ir_module *m, ir_dim a, ir_dim b);
ir_dim ir_dim_div(ir_module *m, ir_dim a, ir_dim b); /* floor; exact polynomial division where possible */
ir_dim ir_dim_mod(ir_module *m, ir_dim a, ir_dim b); /* sign of the divisor */
ir_dim ir_dim_min(ir_module *m, ir_dim a, ir_dim b);
ir_dim ir_dim_max(ir_module *m, ir_dim a, ir_dim b);

bool ir_dim_is_const(ir_dim d, int64_t *value); /* value may be NULL */
bool ir_dim_is(ir_dim d, int64_t value);        /* a constant equal to value */
bool ir_dim_is_symbol(ir_dim d);
const char *ir_dim_symbol_name(ir_dim d); /* of a dim for which ir_dim_is_symbol */
/* Inclusive bounds from the symbols' own (minimum .. maximum); INT64_MIN / INT64_MAX where unbounded. */
void ir_dim_bounds(ir_module *m, ir_dim d, int64_t *lowest, int64_t *highest);
/* Whether the dims are equal once symbol bindings are applied. */
bool ir_dim_equal(ir_module *m, ir_dim a, ir_dim b);
/*
 * Makes a and b equal if that is possible: equal already, or one of them is an
 * unbound symbol that the other does not contain, which is then bound for the
 * whole module (checked at run time against the actual input). A symbol and
 * max(whole - start, 0), what is behind a cut, bind whole = start + symbol. A
 * constant binds the symbol that the other side is made of: 1 + div(s - 1, 2)
 * and 1500 bind s = 3000, of those that fit the one that the stride divides.
 */
bool ir_dim_unify(ir_module *m, ir_dim a, ir_dim b);
ir_dim ir_dim_resolve(ir_module *m, ir_dim d); /* bindings applied */
/* Binds a symbol by hand, as specialisation does ("batch_size" -> 1). */
bool ir_dim_bind(ir_module *m, ir_dim symbol, ir_dim value);
/* `symbol` replaced by `value` in d. */
ir_dim ir_dim_substitute(ir_module *m, ir_dim d, ir_dim symbol, ir_dim value);
/* The build-time limit of a symbol: its largest value. */
void ir_dim_set_maximum(ir_module *m, ir_dim symbol, int64_t maximum);
int64_t ir_dim_maximum(ir_module *m, ir_dim symbol); /* INT64_MAX: no limit yet */
/*
 * The same, where it follows from other symbols' maxima: the symbol's value is never above `limit`, whose
 * symbols' own limits must not lead back to this one.
 */
void ir_dim_set_limit(ir_module *m, ir_dim symbol, ir_dim limit);
ir_dim ir_dim_limit(ir_module *m, ir_dim symbol); /* NULL: none */
/* A symbol of its own, named for `hint`. */
ir_dim ir_dim_new_symbol(ir_module *m, const char *hint);
/* The least value a symbol can have, 0 unless set: with 1, max(s - 1, 0) is s - 1. To be set before use. */
void ir_dim_set_minimum(ir_module *m, ir_dim symbol, int64_t minimum);
int64_t ir_dim_minimum(ir_module *m, ir_dim symbol);
/* Module's symbols in order of creation: 0 <= index < ir_dim_symbol_count. */
size_t ir_dim_symbol_count(ir_module *m);
ir_dim ir_dim_symbol_at(ir_module *m, size_t index);
size_t ir_dim_symbol_index(ir_dim symbol);
/* values[i] is symbol i's. Overflow saturates. */
int64_t ir_dim_evaluate(ir_dim d, const int64_t *values);
void ir_dim_print(text *t, ir_dim d); /* "past + sequence", "4*batch", "div(s + 1, 2)" */

/* The expression as a tree walk, for code generation and manifests (postorder, in a stable order). */
typedef enum {
  IR_DIM_CONST,
  IR_DIM_SYMBOL,
  IR_DIM_ADD,
  IR_DIM_MUL,
  IR_DIM_DIV,
  IR_DIM_MOD,
  IR_DIM_MIN,
  IR_DIM_MAX
} ir_dim_op;
typedef void ir_dim_visitor(void *user, ir_dim_op op, int64_t operand); /* constant, or symbol index */
void ir_dim_visit_postfix(ir_dim d, ir_dim_visitor *visit, void *user);

/*
 * Reads the longest expression at the start of `source`: what ir_dim_print prints, and also parentheses, "a /
 * b", "a // b", "a % b", "Min(a, b)", "Max(a, b)" as exporters write them in dim_param. *consumed is how many
 * bytes belong to it. NULL where there is none; *consumed is then the place of the mistake.
 */
ir_dim ir_dim_parse(ir_module *m, const char *source, size_t bytes, size_t *consumed);

#endif
