/* state.c: pairs of past and present become caches that grow in place. */
#include "pass/state.h"

#include <string.h>

void pass_drop_input(ir_graph *g, size_t index) {
  g->input_count--;
  memmove(g->inputs + index, g->inputs + index + 1, sizeof *g->inputs * (g->input_count - index));
}

void pass_drop_output(ir_graph *g, size_t index) {
  g->outputs[index].value->use_count--;
  g->output_count--;
  memmove(g->outputs + index, g->outputs + index + 1, sizeof *g->outputs * (g->output_count - index));
}

status pass_state_from_pair(ir_graph *g, size_t past_input, size_t present_output, int64_t capacity) {
  ir_module *m = g->module;
  arena *a = m->arena;
  ir_value *past = g->inputs[past_input], *present = g->outputs[present_output].value;
  ir_node *join = ir_def(present, IR_CONCAT);
  if (!join || join->operand_count != 2 || join->operands[0] != past) {
    status s = fail(a, STATUS_INPUT, "output '%s' is not input '%s' with new elements behind it",
                    g->outputs[present_output].name, past->name);
    return fail_hint(a, s, "smelt needs a decoder exported with past_key_values that grow by concatenation");
  }
  ir_state state = {.name = past->name, .type = past->type, .append_axis = join->attrs.axis};
  state.type.dims[join->attrs.axis] = ir_dim_const(m, capacity);
  if (m->shortens_caches && past->type.dtype == SMELT_F32) state.type.dtype = SMELT_BF16;
  for (int i = 0; i < state.type.rank; i++) {
    if (ir_dim_is_const(state.type.dims[i], NULL)) continue;
    text t = {0};
    ir_dim_print(&t, state.type.dims[i]);
    status s = fail(a, STATUS_INPUT, "axis %d of input '%s' has no fixed size: '%s'", i, past->name, t.bytes);
    text_free(&t);
    return s;
  }
  ARENA_PUSH(a, m->states, m->state_count, m->state_capacity) = state;
  int index = (int)m->state_count - 1;

  ir_attrs load_attrs = {.state = index, .rank = past->type.rank};
  memcpy(load_attrs.shape, past->type.dims, sizeof load_attrs.shape);
  ir_builder at_start = {.graph = g, .before = g->first, .origin = join->origin};
  ir_value *load = ir_build(&at_start, IR_LOAD, NULL, 0, &load_attrs);
  ir_replace_uses(g, past, ir_cast(&at_start, load, past->type.dtype));
  ir_builder at_join = {.graph = g, .before = join, .origin = join->origin};
  ir_attrs append_attrs = {.state = index, .axis = join->attrs.axis};
  ir_value *made = ir_cast(&at_join, join->operands[1], state.type.dtype);
  ir_value *append = ir_build(&at_join, IR_APPEND, (ir_value *[]){load, made}, 2, &append_attrs);
  append = ir_cast(&at_join, append, past->type.dtype);
  if (at_start.failed) return at_start.failed;
  if (at_join.failed) return at_join.failed;
  ir_replace_uses(g, present, append);
  pass_drop_output(g, present_output);
  pass_drop_input(g, past_input);
  return OK;
}
