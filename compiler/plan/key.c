/*
 * key.c: what a step computes, as text, with values numbered and places left
 * out. Equal keys, equal kernels: a model's layers share their code.
 */
#include "plan/planner.h"

#include <string.h>

static void print_view(text *t, const plan_operand *o) {
  if (!o->value) {
    text_print(t, "_;");
    return;
  }
  ir_type_print(t, &o->value->type);
  text_print(t, "@%d", o->view.layout);
  if (o->is_outlet) text_print(t, ">%lld", (long long)o->first_column);
  for (int i = 0; i < o->value->type.rank; i++) {
    text_print(t, ",");
    ir_dim_print(t, o->view.stride[i]);
  }
  text_print(t, ";");
}

/* The number of a value inside the step: reads first, then nodes; -1: absent. */
static int number_of(const plan_step *step, const ir_value *v) {
  for (int i = 0; v && i < step->read_count; i++) {
    if (step->reads[i].value == v) return i;
  }
  for (int i = 0; v && i < step->node_count; i++) {
    if (step->nodes[i]->result == v) return step->read_count + i;
  }
  return -1;
}

static void print_dims(text *t, const ir_dim *dims, int64_t count) {
  for (int64_t i = 0; i < count; i++) {
    text_print(t, ",");
    ir_dim_print(t, dims[i]);
  }
}

static void print_attrs(text *t, const ir_node *n) {
  const ir_attrs *a = &n->attrs;
  uint32_t has = ir_op_describe(n->op)->attrs;
  int64_t count;
  if (has & IR_ATTR_CONSTANT && a->constant->data && ir_type_is_static(&a->constant->type, &count)) {
    const uint8_t *bytes = a->constant->data;
    for (size_t i = 0; i < (size_t)count * ir_dtype_bytes(a->constant->type.dtype); i++)
      text_print(t, "%02x", bytes[i]);
  }
  if (has & IR_ATTR_AXIS) text_print(t, " axis%d", a->axis);
  if (has & IR_ATTR_AXES) text_print(t, " axes%x", a->axes);
  for (int i = 0; has & IR_ATTR_PERM && i < n->result->type.rank; i++) text_print(t, " p%d", a->perm[i]);
  if (has & IR_ATTR_START) print_dims(t, a->start, IR_MAX_RANK);
  for (int i = 0; has & IR_ATTR_STEP && i < IR_MAX_RANK; i++) text_print(t, " s%lld", (long long)a->step[i]);
  if (has & IR_ATTR_DIM_LIST) print_dims(t, a->dim_list, a->dim_count);
  if (has & IR_ATTR_VALUE) text_print(t, " value%a", a->value);
  if (has & IR_ATTR_EPSILON) text_print(t, " epsilon%a", a->epsilon);
  if (has & IR_ATTR_SCALE) text_print(t, " scale%a", a->scale);
  if (has & IR_ATTR_SOFTCAP) text_print(t, " cap%a", a->softcap);
  text_print(t, " %d%d%d%d act%d", a->causal, a->interleaved, a->gated, a->apart,
             has & IR_ATTR_ACTIVATION ? (int)a->activation : 0);
}

const char *plan_step_key(arena *a, const plan_step *step) {
  text t = {0};
  text_print(&t, "%s|", plan_kernel_name(step->kernel));
  for (int i = 0; i < step->read_count; i++) print_view(&t, &step->reads[i]);
  text_print(&t, "->");
  print_view(&t, &step->result);
  for (int i = 0; i < step->node_count; i++) {
    const ir_node *n = step->nodes[i];
    text_print(&t, "|%s", ir_op_describe(n->op)->name);
    for (int k = 0; k < n->operand_count; k++) text_print(&t, " %%%d", number_of(step, n->operands[k]));
    print_attrs(&t, n);
    text_print(&t, ":");
    ir_type_print(&t, &n->result->type);
  }
  const char *key = arena_text(a, t.bytes);
  text_free(&t);
  return key;
}
