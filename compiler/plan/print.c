/* print.c: the plan as a table, for --print-plan, inspect and tests. */
#include "plan/plan.h"

static const char *space_name(plan_space space) {
  static const char *const names[] = {"arena", "weights", "state", "input"};
  return names[space];
}

static void print_place(text *t, const plan_operand *o) {
  if (!o->value) {
    text_print(t, "_");
    return;
  }
  ir_type_print(t, &o->value->type);
  text_print(t, " %s+%llu", space_name(o->view.space), (unsigned long long)o->view.base_bytes);
  static const char *const layouts[PLAN_LAYOUT_COUNT] = {
      "", " panels", " pairs", " quads", " nibbles", " panels^T", " pairs^T", " quads^T", " nibbles^T"};
  text_print(t, "%s", layouts[o->view.layout]);
}

const char *plan_control_name(plan_control control) {
  static const char *const names[] = {
#define X(NAME, text) text,
      PLAN_CONTROLS(X)
#undef X
  };
  return names[control];
}

static const char *step_name(const plan_step *step) {
  return step->control == PLAN_CALL ? plan_kernel_name(step->kernel) : plan_control_name(step->control);
}

static void print_step(text *t, const plan_step *step, size_t index) {
  text_print(t, "  %3zu %-9s ", index, step_name(step));
  print_place(t, &step->result);
  text_print(t, " <- ");
  for (int i = 0; i < step->read_count; i++) {
    if (i) text_print(t, ", ");
    if (step->reads[i].is_outlet) text_print(t, "columns %lld -> ", (long long)step->reads[i].first_column);
    print_place(t, &step->reads[i]);
  }
  if (step->control == PLAN_CALL && step->kernel == PLAN_LOOPS) {
    text_print(t, " {");
    for (int i = 0; i < step->node_count; i++) {
      text_print(t, "%s%s", i ? " " : "", ir_op_describe(step->nodes[i]->op)->name);
    }
    text_print(t, "}");
  }
  text_print(t, "%s\n", step->barrier ? " |" : "");
}

void plan_print(text *t, const plan_module *plan) {
  text_print(t, "weights %llu bytes in %zu constants, state %llu bytes, arena %llu bytes\n",
             (unsigned long long)plan->weights_bytes, plan->weight_count,
             (unsigned long long)plan->state_bytes, (unsigned long long)plan->arena_bytes);
  for (size_t i = 0; i < plan->entry_count; i++) {
    const plan_entry *entry = &plan->entries[i];
    text_print(t, "%s: %zu steps, arena %llu bytes; '|' is a barrier\n", entry->graph->name,
               entry->step_count, (unsigned long long)entry->arena_bytes);
    for (size_t k = 0; k < entry->step_count; k++) print_step(t, &entry->steps[k], k);
  }
}
