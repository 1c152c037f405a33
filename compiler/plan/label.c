/* label.c: what a step is called where its time is shown: the work, its sizes, what was fused into it. */
#include "plan/cost.h"

static void print_shape(text *t, const ir_type *type) {
  text_print(t, " [");
  for (int i = 0; i < type->rank; i++) {
    text_print(t, "%s", i ? ", " : "");
    ir_dim_print(t, type->dims[i]);
  }
  text_print(t, "]");
}

/* weight [K, N] */
static void print_linear(text *t, const ir_node *n) {
  const ir_type *weight = &n->operands[1]->type;
  text_print(t, " ");
  ir_dim_print(t, weight->dims[0]);
  text_print(t, " x ");
  ir_dim_print(t, weight->dims[1]);
  if (weight->dtype != SMELT_F32) text_print(t, " %s", ir_dtype_name(weight->dtype));
  if (n->attrs.gated) text_print(t, " gated");
  if (n->attrs.activation != IR_IDENTITY) text_print(t, " %s", ir_op_describe(n->attrs.activation)->name);
  if (n->operand_count > 3 && n->operands[3]) text_print(t, " + residual");
}

/* q [B, H, S, D] */
static void print_attention(text *t, const ir_node *n) {
  const ir_type *q = &n->operands[0]->type;
  text_print(t, " ");
  ir_dim_print(t, q->dims[1]);
  text_print(t, " heads of ");
  ir_dim_print(t, q->dims[3]);
}

const char *plan_step_label(arena *a, const plan_step *step) {
  if (step->control != PLAN_CALL) return plan_control_name(step->control);
  text t = {0};
  text_print(&t, "%s", plan_step_work(step));
  switch (step->kernel) {
  case PLAN_LINEAR:
    print_linear(&t, step->nodes[0]);
    break;
  case PLAN_ATTENTION:
  case PLAN_ATTENTION_CHUNKS:
  case PLAN_ATTENTION_JOIN:
    print_attention(&t, step->nodes[0]);
    if (step->kernel == PLAN_ATTENTION_JOIN) text_print(&t, ", chunks joined");
    break;
  default:
    print_shape(&t, &step->result.value->type);
  }
  const char *label = arena_text(a, t.bytes);
  text_free(&t);
  return label;
}
