/* state.c: pairs of past and present become caches that grow in place. */
#include "pass/precision.h"
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

/* A state that `made` is appended to; *load is what it held before, of past's size along the axis. */
static ir_value *grow(ir_builder *at_start, ir_builder *at_join, ir_state state, const ir_value *past,
                      ir_value *made, ir_value **load) {
  ir_module *m = at_join->graph->module;
  ARENA_PUSH(m->arena, m->states, m->state_count, m->state_capacity) = state;
  int index = (int)m->state_count - 1, axis = state.append_axis;
  ir_attrs load_attrs = {.state = index, .rank = state.type.rank};
  memcpy(load_attrs.shape, state.type.dims, sizeof load_attrs.shape);
  load_attrs.shape[axis] = past->type.dims[axis];
  *load = ir_build(at_start, IR_LOAD, NULL, 0, &load_attrs);
  ir_attrs append_attrs = {.state = index, .axis = axis};
  return ir_build(at_join, IR_APPEND, (ir_value *[]){*load, made}, 2, &append_attrs);
}

/* Bytes with a scale for each token and head, which a state of its own holds; *load and the result are f32.
 */
static ir_value *grow_bytes(ir_builder *at_start, ir_builder *at_join, ir_state bytes, const ir_node *join,
                            ir_value **load) {
  ir_module *m = at_join->graph->module;
  int features = bytes.append_axis == bytes.type.rank - 1 ? bytes.type.rank - 2 : bytes.type.rank - 1;
  ir_state scales = bytes;
  scales.name = arena_format(m->arena, "%s.scale", bytes.name);
  scales.type.dtype = SMELT_F32;
  scales.type.dims[features] = ir_dim_const(m, 1);
  ir_value *scale, *made = precision_bytes(at_join, join->operands[1], 1u << features, &scale);
  ir_value *past_bytes, *past_scales;
  ir_value *grown = grow(at_start, at_join, bytes, join->operands[0], made, &past_bytes);
  ir_value *grown_scales = grow(at_start, at_join, scales, join->operands[0], scale, &past_scales);
  *load = ir_binary(at_start, IR_MUL, ir_cast(at_start, past_bytes, SMELT_F32), past_scales);
  return ir_binary(at_join, IR_MUL, ir_cast(at_join, grown, SMELT_F32), grown_scales);
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
  bool has_rows = past->type.rank > 1; /* of bytes each has a scale */
  if (past->type.dtype == SMELT_F32 && (has_rows || m->cache_dtype != SMELT_I8))
    state.type.dtype = m->cache_dtype;
  for (int i = 0; i < state.type.rank; i++) {
    if (ir_dim_is_const(state.type.dims[i], NULL)) continue;
    text t = {0};
    ir_dim_print(&t, state.type.dims[i]);
    status s = fail(a, STATUS_INPUT, "axis %d of input '%s' has no fixed size: '%s'", i, past->name, t.bytes);
    text_free(&t);
    return s;
  }
  ir_builder at_start = {.graph = g, .before = g->first, .origin = join->origin};
  ir_builder at_join = {.graph = g, .before = join, .origin = join->origin};
  ir_value *grown, *load;
  bool has_scales = state.type.dtype == SMELT_I8 && past->type.dtype == SMELT_F32;
  if (has_scales) {
    grown = grow_bytes(&at_start, &at_join, state, join, &load);
  } else {
    ir_value *made = ir_cast(&at_join, join->operands[1], state.type.dtype);
    grown = ir_cast(&at_join, grow(&at_start, &at_join, state, past, made, &load), past->type.dtype);
    load = ir_cast(&at_start, load, past->type.dtype);
  }
  if (at_start.failed) return at_start.failed;
  if (at_join.failed) return at_join.failed;
  ir_replace_uses(g, past, load);
  ir_replace_uses(g, present, grown);
  pass_drop_output(g, present_output);
  pass_drop_input(g, past_input);
  return OK;
}
