/*
 * plan.c: one walk over each graph in order. Values computed inside their
 * readers are passed over; movement becomes a view; the rest becomes steps.
 */
#include "plan/planner.h"

#include <string.h>

static const char *const kernel_names[PLAN_KERNEL_COUNT] = {
#define X(NAME, name, summary) #name,
    PLAN_KERNELS(X)
#undef X
};

const char *plan_kernel_name(plan_kernel kernel) {
  return kernel_names[kernel];
}

/* The kernel of each operator that has its own. */
static const struct {
  ir_op op;
  plan_kernel kernel;
} dedicated_kernels[] = {
    {IR_LINEAR, PLAN_LINEAR},       {IR_MATMUL, PLAN_MATMUL},       {IR_ATTENTION, PLAN_ATTENTION},
    {IR_LAYER_NORM, PLAN_NORM},     {IR_RMS_NORM, PLAN_NORM},       {IR_SOFTMAX, PLAN_SOFTMAX},
    {IR_ROTARY, PLAN_ROTARY},       {IR_CUMSUM, PLAN_CUMSUM},       {IR_CUMPROD, PLAN_CUMSUM},
    {IR_TOP_K, PLAN_TOP_K},         {IR_SCATTER, PLAN_SCATTER},     {IR_SCATTER_ADD, PLAN_SCATTER},
    {IR_SCATTER_MUL, PLAN_SCATTER}, {IR_SCATTER_MIN, PLAN_SCATTER}, {IR_SCATTER_MAX, PLAN_SCATTER},
};

void plan_set_place(planner *p, const ir_value *v, const plan_view *view) {
  pointer_map_set(p->a, &p->places, v, arena_copy(p->a, view, sizeof *view));
}

const plan_view *plan_place_of(const planner *p, const ir_value *v) {
  return pointer_map_get(&p->places, v);
}

status plan_new_dense(planner *p, const ir_type *type, plan_view *view) {
  uint64_t bytes;
  TRY(plan_type_bytes(p->m, type, &bytes));
  *view = (plan_view){
      .space = PLAN_ARENA, .base_bytes = plan_new_buffer(p, bytes), .offset = ir_dim_const(p->m, 0)};
  plan_dense_strides(p->m, type, view->stride);
  return OK;
}

/* ---- states ---- */

/* The memory of a state, seen with `type`'s rank; dims come from the value that uses the view. */
static plan_view state_view(planner *p, int state, int axis, ir_dim start) {
  const ir_state *s = &p->m->states[state];
  plan_view view = {.space = PLAN_STATE, .base_bytes = p->module->state_base_bytes[state]};
  plan_dense_strides(p->m, &s->type, view.stride);
  view.offset = axis < 0 ? ir_dim_const(p->m, 0) : ir_dim_mul(p->m, start, view.stride[axis]);
  return view;
}

/* Where the new part of an append goes: behind the past. */
static plan_view append_region(planner *p, const ir_node *append) {
  return state_view(p, append->attrs.state, append->attrs.axis,
                    append->operands[0]->type.dims[append->attrs.axis]);
}

/* ---- values into memory ---- */

enum {
  CACHE_LINE_BYTES = 64,
  CACHE_PERIOD_BYTES = 4096, /* addresses this far apart share a set of a first-level cache */
};

/* A product reads rows side by side: where all begin in the same set, few of them would fit. */
static bool wants_gaps(const ir_value *v, const ir_node *reader) {
  int64_t columns;
  ir_op maker = v->def->op;
  bool makes_rows = maker == IR_LINEAR || maker == IR_LAYER_NORM || maker == IR_RMS_NORM;
  return makes_rows && reader && reader->op == IR_LINEAR && reader->operands[0] == v && v->type.rank > 1 &&
         ir_dim_is_const(v->type.dims[v->type.rank - 1], &columns) && columns > 0 &&
         columns * (int64_t)ir_dtype_bytes(v->type.dtype) % CACHE_PERIOD_BYTES == 0;
}

/* Dense but for a line of the cache between rows. */
static status new_with_gaps(planner *p, const ir_value *v, plan_view *view) {
  ir_type wider = v->type;
  ir_dim *columns = &wider.dims[wider.rank - 1];
  int64_t gap = CACHE_LINE_BYTES / (int64_t)ir_dtype_bytes(wider.dtype);
  *columns = ir_dim_add(p->m, *columns, ir_dim_const(p->m, gap));
  return plan_new_dense(p, &wider, view);
}

/*
 * Where a fresh result goes. Straight into the state if an append or a store
 * is its one reader; in the order of the transpose that reads it, so that the
 * transposed value is dense; apart from the next row for a product; else dense.
 */
static status new_place(planner *p, ir_value *v, plan_view *view) {
  ir_node *reader = v->use_count == 1 ? pointer_map_get(&p->consumers, v) : NULL;
  bool is_free = v->def->op != IR_LINEAR && v->def->op != IR_LAYER_NORM && v->def->op != IR_RMS_NORM &&
                 v->def->op != IR_SOFTMAX && !plan_wants_dense(v->def->op);
  if (reader && is_free && reader->op == IR_APPEND && reader->operands[1] == v) {
    *view = append_region(p, reader);
    return OK;
  }
  if (wants_gaps(v, reader)) return new_with_gaps(p, v, view);
  TRY(plan_new_dense(p, &v->type, view));
  int last = v->type.rank - 1;
  if (!reader || !is_free || reader->op != IR_TRANSPOSE || reader->attrs.perm[last] != last) return OK;
  ir_dim transposed[IR_MAX_RANK];
  plan_dense_strides(p->m, &reader->result->type, transposed);
  for (int i = 0; i <= last; i++) view->stride[reader->attrs.perm[i]] = transposed[i];
  return OK;
}

status plan_materialise(planner *p, ir_value *v) {
  if (ir_value_is_const(v)) plan_place_constant(p, v);
  if (plan_place_of(p, v)) return OK;
  plan_view view;
  TRY(new_place(p, v, &view));
  TRY(plan_add_cluster(p, v, &view));
  plan_set_place(p, v, &view);
  return OK;
}

/* ---- dedicated steps ---- */

static status read_operand(planner *p, const ir_node *n, int index, plan_operand *read) {
  ir_value *v = n->operands[index];
  *read = (plan_operand){.value = v};
  if (!v) return OK;
  plan_layout layout = n->op == IR_LINEAR ? plan_linear_layout(n, index) : PLAN_STRIDED;
  if (layout != PLAN_STRIDED) {
    if (!ir_value_is_const(v)) return fail(p->a, STATUS_DEFECT, "linear with a weight that is not constant");
    read->view = plan_weight_view(p, v->def->attrs.constant, layout);
    return OK;
  }
  TRY(plan_materialise(p, v));
  read->view = *plan_place_of(p, v);
  if (plan_view_suits(p->m, n, index, &v->type, &read->view)) return OK;
  plan_view dense;
  TRY(plan_new_dense(p, &v->type, &dense));
  TRY(plan_add_copy(p, v, &read->view, &dense));
  read->view = dense;
  return OK;
}

static status add_dedicated(planner *p, ir_node *n) {
  plan_step step = {.kernel = PLAN_KERNEL_COUNT, .node_count = 1, .read_count = n->operand_count};
  for (size_t i = 0; i < sizeof dedicated_kernels / sizeof *dedicated_kernels; i++) {
    if (dedicated_kernels[i].op == n->op) step.kernel = dedicated_kernels[i].kernel;
  }
  if (step.kernel == PLAN_KERNEL_COUNT) {
    return fail(p->a, STATUS_DEFECT, "operator %s has no kernel", ir_op_describe(n->op)->name);
  }
  step.nodes = arena_copy(p->a, &n, sizeof n);
  step.reads = ARENA_ARRAY(p->a, plan_operand, (size_t)n->operand_count);
  for (int i = 0; i < n->operand_count; i++) TRY(read_operand(p, n, i, &step.reads[i]));
  step.result.value = n->result;
  TRY(new_place(p, n->result, &step.result.view));
  plan_set_place(p, n->result, &step.result.view);
  return step.kernel == PLAN_ATTENTION ? plan_add_attention(p, &step) : plan_add_step(p, &step);
}

/* Puts v where a state wants it: nothing to do if it was made there. `is_new`: nobody reads what was there.
 */
static status put(planner *p, ir_value *v, const plan_view *view, bool is_new) {
  const plan_view *source = plan_place_of(p, v);
  if (!source && !ir_value_is_const(v)) return plan_add_cluster(p, v, view);
  TRY(plan_materialise(p, v));
  source = plan_place_of(p, v);
  if (source->space == PLAN_STATE && source->base_bytes == view->base_bytes) return OK;
  return is_new && plan_add_outlet(p, v, source, view) ? OK : plan_add_copy(p, v, source, view);
}

static status plan_state_node(planner *p, ir_node *n) {
  plan_view whole = state_view(p, n->attrs.state, -1, NULL), region;
  switch (n->op) {
  case IR_APPEND:
    region = append_region(p, n);
    TRY(put(p, n->operands[1], &region, true));
    break;
  case IR_STORE:
    TRY(put(p, n->operands[0], &whole, false));
    break;
  default:
    break; /* a load is a view */
  }
  plan_set_place(p, n->result, &whole);
  return OK;
}

/* ---- one graph ---- */

static status plan_node(planner *p, ir_node *n) {
  switch (ir_op_describe(n->op)->op_class) {
  case IR_CLASS_STATE:
    return plan_state_node(p, n);
  case IR_CLASS_CONTROL:
    return plan_control_node(p, n);
  case IR_CLASS_DEDICATED:
    return add_dedicated(p, n);
  case IR_CLASS_SOURCE:
    if (n->op == IR_CONST) return OK; /* placed when it is read */
    break;
  case IR_CLASS_MOVEMENT: {
    plan_view view;
    int64_t count;
    ir_value *x = n->operands[0];
    if (ir_value_is_const(x) && ir_type_is_static(&x->type, &count) && count > 1) plan_place_constant(p, x);
    const plan_view *source = plan_place_of(p, x);
    if (n->operand_count == 1 && source && plan_view_through(p->m, n, source, &view)) {
      plan_set_place(p, n->result, &view);
      return OK;
    }
    break;
  }
  default:
    break;
  }
  return plan_is_inlined(p, n->result) ? OK : plan_materialise(p, n->result);
}

status plan_nodes(planner *p, ir_graph *g) {
  for (ir_node *n = g->first; n; n = n->next) {
    status s = plan_node(p, n);
    if (s) return fail_node(p->a, s, "%s", n->origin ? n->origin : ir_op_describe(n->op)->name);
  }
  return OK;
}

static void note_consumers(planner *p, ir_graph *g) {
  for (ir_node *n = g->first; n; n = n->next) {
    if (n->attrs.body) note_consumers(p, n->attrs.body);
    if (n->attrs.otherwise) note_consumers(p, n->attrs.otherwise);
    for (int i = 0; i < n->operand_count; i++) {
      if (n->operands[i] && n->operands[i]->use_count == 1)
        pointer_map_set(p->a, &p->consumers, n->operands[i], n);
    }
  }
}

static plan_io describe_io(const char *name, const ir_value *v) {
  plan_io io = {.name = name, .dtype = v->type.dtype, .rank = v->type.rank};
  memcpy(io.dims, v->type.dims, sizeof io.dims);
  return io;
}

static status plan_inputs(planner *p) {
  p->entry->input_count = p->g->input_count;
  p->entry->inputs = ARENA_ARRAY(p->a, plan_io, p->g->input_count);
  for (size_t i = 0; i < p->g->input_count; i++) {
    ir_value *v = p->g->inputs[i];
    plan_view view = {.space = PLAN_INPUT, .base_bytes = i, .offset = ir_dim_const(p->m, 0)};
    plan_dense_strides(p->m, &v->type, view.stride);
    plan_set_place(p, v, &view);
    p->entry->inputs[i] = describe_io(v->name, v);
  }
  return OK;
}

/* Outputs are dense in the arena and live until the next call. */
static status plan_outputs(planner *p) {
  p->entry->output_count = p->g->output_count;
  p->entry->outputs = ARENA_ARRAY(p->a, plan_io, p->g->output_count);
  for (size_t i = 0; i < p->g->output_count; i++) {
    ir_value *v = p->g->outputs[i].value;
    TRY(plan_materialise(p, v));
    plan_view view = *plan_place_of(p, v);
    bool is_whole =
        view.space == PLAN_ARENA && ir_dim_is(view.offset, 0) && plan_view_is_dense(p->m, &v->type, &view);
    if (!is_whole) {
      plan_view source = view;
      TRY(plan_new_dense(p, &v->type, &view));
      TRY(plan_add_copy(p, v, &source, &view));
    }
    if (view.base_bytes >= p->buffer_count) return fail(p->a, STATUS_DEFECT, "an output has no buffer");
    p->buffers[view.base_bytes].last = PLAN_LAST_STEP;
    p->entry->outputs[i] = describe_io(p->g->outputs[i].name, v);
    p->entry->outputs[i].arena_bytes_offset = view.base_bytes;
  }
  return OK;
}

static status plan_graph(plan_module *module, plan_entry *entry, ir_graph *g, size_t *weight_capacity) {
  planner p = {.a = module->module->arena,
               .m = module->module,
               .module = module,
               .g = g,
               .entry = entry,
               .weight_capacity = *weight_capacity};
  *entry = (plan_entry){.graph = g};
  note_consumers(&p, g);
  TRY(plan_inputs(&p));
  TRY(plan_nodes(&p, g));
  TRY(plan_outputs(&p));
  plan_assign_arena(&p);
  plan_place_barriers(&p);
  plan_patch_arena(&p);
  entry->buffers = p.buffers;
  entry->buffer_count = p.buffer_count;
  if (entry->arena_bytes > module->arena_bytes) module->arena_bytes = entry->arena_bytes;
  *weight_capacity = p.weight_capacity;
  return OK;
}

static status place_states(plan_module *module) {
  ir_module *m = module->module;
  module->state_base_bytes = ARENA_ARRAY(m->arena, uint64_t, m->state_count);
  for (size_t i = 0; i < m->state_count; i++) {
    uint64_t bytes;
    TRY(plan_type_bytes(m, &m->states[i].type, &bytes));
    module->state_base_bytes[i] = module->state_bytes;
    module->state_bytes += bytes;
  }
  return OK;
}

status plan_make(ir_module *m, plan_module **plan) {
  plan_module *module = ARENA_NEW(m->arena, plan_module);
  *module = (plan_module){.module = m};
  module->entries = ARENA_ARRAY(m->arena, plan_entry, m->graph_count);
  TRY(place_states(module));
  size_t weight_capacity = 0;
  for (size_t i = 0; i < m->graph_count; i++) {
    if (m->graphs[i]->is_body) continue;
    TRY(plan_graph(module, &module->entries[module->entry_count++], m->graphs[i], &weight_capacity));
  }
  TRY(plan_lay_out_weights(module));
  for (size_t i = 0; i < module->entry_count; i++) {
    plan_entry *entry = &module->entries[i];
    for (size_t k = 0; k < entry->step_count; k++)
      entry->steps[k].key = plan_step_key(m->arena, &entry->steps[k]);
  }
  *plan = module;
  return OK;
}
