/* infer_control.c: shape rules of loops and branches, and what fits between them and their bodies. */
#include "ir/rules.h"

static status misfit(ir_module *m, const char *what) {
  return fail(m->arena, STATUS_INPUT, "%s", what);
}

static bool is_scalar(const ir_value *v, ir_dtype dtype) {
  return v->type.rank == 0 && v->type.dtype == dtype;
}

status ir_infer_measure(ir_module *m, const ir_node *n, ir_type *result) {
  *result = n->operands[0]->type;
  if (result->rank || !ir_dtype_is_integer(result->dtype))
    return misfit(m, "measure needs an integer scalar");
  return n->attrs.dim_count == 1 ? OK : misfit(m, "measure gives one size its value");
}

/* Whether the node's operands from `first` on are of the kinds that the body's inputs are. */
static status check_body_inputs(ir_module *m, const ir_node *n, const ir_graph *body, int first) {
  if (!body || !body->is_body) return misfit(m, "it has no body");
  if (n->operand_count - first != (int)body->input_count)
    return misfit(m, "the body has another number of inputs than are given");
  for (size_t i = 0; i < body->input_count; i++) {
    const ir_type *given = &n->operands[first + (int)i]->type, *wanted = &body->inputs[i]->type;
    if (given->dtype != wanted->dtype || given->rank != wanted->rank)
      return misfit(m, "an input of the body has another dtype or rank than what is given");
  }
  return OK;
}

/* While text is read a body may still be empty; ir_verify sees it whole. */
static bool is_unread(const ir_graph *body) {
  return body && body->is_body && body->output_count == 0;
}

status ir_infer_loop(ir_module *m, const ir_node *n, ir_type *result) {
  const ir_graph *body = n->attrs.body;
  *result = (ir_type){.dtype = SMELT_I64};
  for (int i = 0; i < n->operand_count; i++) {
    if (!n->operands[i]) return misfit(m, "an operand of a loop is missing");
  }
  if (!is_scalar(n->operands[0], SMELT_I64) || !is_scalar(n->operands[1], SMELT_BOOL))
    return misfit(m, "a loop needs a count (i64 []) and a condition (bool [])");
  if (n->attrs.dim_count != 1 || !ir_dim_is_symbol(n->attrs.dim_list[0]))
    return misfit(m, "a loop needs a symbol for the number of its turn");
  if (n->attrs.carried < 0 || n->attrs.carried > n->operand_count - 2)
    return misfit(m, "a loop carries more values than it is given");
  if (is_unread(body)) return OK;
  TRY(check_body_inputs(m, n, body, 2));
  if (body->output_count < (size_t)n->attrs.carried + 1)
    return misfit(m, "the body of a loop has too few outputs");
  if (!is_scalar(body->outputs[0].value, SMELT_BOOL))
    return misfit(m, "the body's first output is not a condition (bool [])");
  for (int i = 0; i < n->attrs.carried; i++) {
    const ir_type *made = &body->outputs[1 + i].value->type, *taken = &body->inputs[i]->type;
    if (made->dtype != taken->dtype || made->rank != taken->rank)
      return misfit(m, "a carried value changes its dtype or rank");
  }
  return OK;
}

status ir_infer_branch(ir_module *m, const ir_node *n, ir_type *result) {
  *result = (ir_type){.dtype = SMELT_I64};
  for (int i = 0; i < n->operand_count; i++) {
    if (!n->operands[i]) return misfit(m, "an operand of a branch is missing");
  }
  if (!is_scalar(n->operands[0], SMELT_BOOL)) return misfit(m, "a branch needs a condition (bool [])");
  if (is_unread(n->attrs.body) || is_unread(n->attrs.otherwise)) return OK;
  TRY(check_body_inputs(m, n, n->attrs.body, 1));
  TRY(check_body_inputs(m, n, n->attrs.otherwise, 1));
  if (n->attrs.body->output_count != n->attrs.otherwise->output_count)
    return misfit(m, "the two bodies of a branch have different numbers of outputs");
  return OK;
}

/* Rank and dtype of what the loop or branch leaves under that number. */
static bool part_kind(const ir_node *from, int index, ir_dtype *dtype, int *rank) {
  bool is_loop = from->op == IR_LOOP;
  size_t output = (size_t)index + is_loop;
  if (index < 0 || output >= from->attrs.body->output_count) return false;
  const ir_type *type = &from->attrs.body->outputs[output].value->type;
  *dtype = type->dtype;
  *rank = type->rank + (is_loop && index >= from->attrs.carried);
  return true;
}

status ir_infer_part(ir_module *m, const ir_node *n, ir_type *result) {
  const ir_node *from = n->operands[0]->def;
  if (!from || (from->op != IR_LOOP && from->op != IR_BRANCH))
    return misfit(m, "a part is taken of something that is no loop or branch");
  *result = (ir_type){.dtype = n->attrs.dtype, .rank = n->attrs.rank};
  if (n->attrs.rank < 0 || n->attrs.rank > IR_MAX_RANK)
    return misfit(m, "the rank of a part is beyond the limit");
  for (int i = 0; i < n->attrs.rank; i++) {
    if (!n->attrs.shape[i]) return misfit(m, "a part has an axis without a size");
    result->dims[i] = n->attrs.shape[i];
  }
  ir_dtype dtype;
  int rank;
  if (is_unread(from->attrs.body)) return OK;
  if (!part_kind(from, n->attrs.index, &dtype, &rank)) return misfit(m, "there is no part of that number");
  return dtype == n->attrs.dtype && rank == n->attrs.rank ? OK
                                                          : misfit(m, "a part has another dtype or rank");
}

status ir_evaluate_control(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                           const int64_t *symbols, ir_tensor *out) {
  (void)in, (void)symbols, (void)out;
  return fail(scratch, STATUS_DEFECT, "%s is evaluated outside a graph", ir_op_describe(node->op)->name);
}
