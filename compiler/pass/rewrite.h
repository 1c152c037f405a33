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

/* Whether v is a constant whose every element is `value` (one element, or many equal ones of at most 4096). */
bool rewrite_is_filled(const ir_value *v, double value);

/* Whether v is a one-element constant within 1e-6 (relative) of `value`: exporters round the numbers they write. */
bool rewrite_is_about(const ir_value *v, double value);

#define REWRITE_RULES(rules) rules, sizeof(rules) / sizeof *(rules)

#endif
