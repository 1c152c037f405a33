/* rewrite.h: how passes look for patterns and replace them. Private to pass/. */
#ifndef SMELT_PASS_REWRITE_H
#define SMELT_PASS_REWRITE_H

#include "pass/pass.h"

/*
 * Looks at a node and builds, through `b` (which inserts before it), a value
 * that may stand for its result; NULL if the rule does not apply. The value
 * must have the result's type.
 */
typedef ir_value *rewrite_function(ir_builder *b, ir_node *n);

#define REWRITE_ANY_OP IR_OP_COUNT

typedef struct {
  ir_op op; /* the node the pattern ends in, or REWRITE_ANY_OP */
  rewrite_function *apply;
} rewrite_rule;

/*
 * Applies the rules to all nodes in order, again and again until none
 * applies, and removes what died. Returns whether anything changed.
 */
bool rewrite_graph(ir_graph *g, pass_report *report, const rewrite_rule *rules, size_t rule_count);

/* The one value if `v` is defined by `op` and nothing else reads it; NULL otherwise. */
ir_node *rewrite_only_use(const ir_value *v, ir_op op);

/* Whether the linear n is x times weights, plus bias at most: no residual, scales, activation or gate. */
bool rewrite_is_bare(const ir_node *n);

/* Whether v is a constant whose every element is `value` (one element, or many equal ones of at most 4096).
 */
bool rewrite_is_filled(const ir_value *v, double value);

/* Whether v is a one-element constant within 1e-6 (relative) of `value`: exporters round the numbers they
 * write. */
bool rewrite_is_about(const ir_value *v, double value);

/* v as a constant that is evaluated when it is packed, if its node reads nothing but constants; otherwise v.
 */
ir_value *rewrite_lazy(ir_builder *b, ir_value *v);

/* Whether v is a constant whose axes before the last have size 1, and the last `size`: a vector to broadcast.
 */
bool rewrite_is_vector(ir_module *m, const ir_value *v, ir_dim size);

/* The constant v in another shape, still a constant; what it was before an earlier reshape if that fits. */
ir_value *rewrite_reshape_constant(ir_builder *b, ir_value *v, const ir_dim *dims, int rank);

/* Whether the two types have the same dims. */
bool rewrite_same_dims(ir_module *m, const ir_type *a, const ir_type *b);

#define REWRITE_RULES(rules) rules, sizeof(rules) / sizeof *(rules)

#endif
