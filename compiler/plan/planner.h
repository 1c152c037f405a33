/* planner.h: what the files of plan/ share while one graph is planned. Private to plan/. */
#ifndef SMELT_PLAN_PLANNER_H
#define SMELT_PLAN_PLANNER_H

#include "plan/plan.h"

typedef struct {
  arena *a;
  ir_module *m;
  plan_module *module;
  ir_graph *g;
  plan_entry *entry;
  pointer_map places;    /* ir_value -> plan_view: where it lies; no entry: computed inside its readers */
  pointer_map consumers; /* ir_value -> ir_node: the only node that reads it, if use_count is 1 */
  int depth;             /* loops and branches around the node that is planned */
  pointer_map parts;     /* ir_node (loop, branch) -> plan_view[]: where its results lie, strides not set */
  size_t step_capacity;
  /* While planning, base_bytes of a PLAN_ARENA view is an index into buffers. */
  plan_buffer *buffers;
  size_t buffer_count, buffer_capacity;
  size_t weight_capacity;
} planner;

/* ---- view.c ---- */

/* Row-major strides for the type's dims. */
void plan_dense_strides(ir_module *m, const ir_type *type, ir_dim *stride);
bool plan_view_is_dense(ir_module *m, const ir_type *type, const plan_view *view);
/*
 * The view of a movement node's result in the memory of its operand, which
 * lies as `source` says; false where no strides describe it.
 */
bool plan_view_through(ir_module *m, const ir_node *movement, const plan_view *source, plan_view *result);
/* Operators whose kernels read and write dense memory only. */
bool plan_wants_dense(ir_op op);
/* Whether a dedicated kernel may read operand `index` of `n` (or write its result: -1) through the view. */
bool plan_view_suits(ir_module *m, const ir_node *n, int index, const ir_type *type, const plan_view *view);

/* ---- plan.c ---- */

void plan_set_place(planner *p, const ir_value *v, const plan_view *view);
const plan_view *plan_place_of(const planner *p, const ir_value *v); /* NULL: none yet */
/* Gives v a place in memory if it has none: a constant's in the weights, else the result of a loop nest. */
status plan_materialise(planner *p, ir_value *v);
/* Dense memory for a value of the type. */
status plan_new_dense(planner *p, const ir_type *type, plan_view *view);
status plan_nodes(planner *p, ir_graph *g);

/* ---- control.c ---- */

/* The steps of a measure, loop, branch or part. */
status plan_control_node(planner *p, ir_node *n);

/* ---- cluster.c ---- */

/* Decides whether a loop value is computed inside its readers (true) or kept in memory. */
bool plan_is_inlined(planner *p, const ir_value *v);
/* Adds the LOOPS step that computes v, whose place is not decided yet, into `view`. */
status plan_add_cluster(planner *p, ir_value *v, const plan_view *view);
/* Adds the LOOPS step that copies `source` (of v's type) into `view`. */
status plan_add_copy(planner *p, ir_value *v, const plan_view *source, const plan_view *view);
/* Appends a step and notes the lifetimes of the buffers it touches. */
status plan_add_step(planner *p, const plan_step *step);

/* ---- outlet.c ---- */

/*
 * Has the step that makes v's elements write them to `view`, where a cache wants them, in place of `source`,
 * if that is a linear whose readers allow it; false: it takes a copy.
 */
bool plan_add_outlet(planner *p, ir_value *v, const plan_view *source, const plan_view *view);

/* ---- attention.c ---- */

/* Adds an attention's step; two steps where one query may have many keys. */
status plan_add_attention(planner *p, const plan_step *step);

/* ---- weights.c ---- */

/* The layout of operand `index` of a linear: of its weight, and of scales for groups of the weight's rows. */
plan_layout plan_linear_layout(const ir_node *linear, int index);
/* The view of a constant in the weights, added there if it is new. Panels for LINEAR's weight. */
plan_view plan_weight_view(planner *p, const ir_constant *c, plan_layout layout);
/*
 * Gives a constant that is read as it is (not as a linear's panels) its place among the weights, the first
 * time someone does.
 */
void plan_place_constant(planner *p, ir_value *v);
/* Gives every weight its place, once all graphs are planned, and patches the steps' views. */
status plan_lay_out_weights(plan_module *module);

/* ---- memory.c ---- */

/* Most bytes the type can take at the symbols' maxima. */
status plan_type_bytes(ir_module *m, const ir_type *type, uint64_t *bytes);
size_t plan_new_buffer(planner *p, uint64_t bytes);
/* Gives the buffers offsets so that none overlap that live at once. */
void plan_assign_arena(planner *p);
/* Sets `barrier` on the steps after which threads must meet; between assigning and patching. */
void plan_place_barriers(planner *p);
/* Turns buffer indices in steps and outputs into offsets. */
void plan_patch_arena(planner *p);

/* ---- key.c ---- */
const char *plan_step_key(arena *a, const plan_step *step);

#endif
