/* import_control.c: If: one of its branches where the condition is known, else a branch node (ir.h, Control
 * flow). */
#include "onnx/import.h"

/* Both branches see the names around them. */
static ir_value *import_known_if(onnx_context *c, bool condition) {
  const Onnx__GraphProto *branch = onnx_attr_graph(c, condition ? "then_branch" : "else_branch");
  if (!branch) return onnx_fail(c, "its branch is missing");
  if (branch->n_output < (size_t)c->out_count) return onnx_fail(c, "its branch has too few outputs");
  if (branch->n_output == 0) return onnx_fail(c, "its branch has no outputs");
  ir_value **values = ARENA_ARRAY(c->a, ir_value *, branch->n_output);
  if (!onnx_import_branch(c, branch, NULL, 0, values)) return c->in[0];
  for (int i = 0; i < c->out_count; i++) c->out[i] = values[i];
  return values[0];
}

/* ---- decided while the model runs ---- */

typedef struct {
  onnx_context *c;
  onnx_body ways[2]; /* then, else */
  ir_value **outputs[2];
  uint32_t *varying; /* per output, bit d: the ways differ in the size of axis d */
  int output_count, size_count;
  size_t symbol_count; /* before the bodies: their own symbols are younger */
} branch_import;

static bool import_ways(branch_import *i) {
  static const char *const NAMES[] = {"then_branch", "else_branch"};
  onnx_context *c = i->c;
  for (int w = 0; w < 2; w++) {
    const Onnx__GraphProto *proto = onnx_attr_graph(c, NAMES[w]);
    if (!proto || proto->n_output == 0 || proto->n_output < (size_t)c->out_count) {
      onnx_fail(c, "its %s is missing or has too few outputs", NAMES[w]);
      return false;
    }
    i->outputs[w] = ARENA_ARRAY(c->a, ir_value *, proto->n_output);
    onnx_body_begin(c, &i->ways[w]);
    if (!onnx_body_import(c, &i->ways[w], proto, i->outputs[w])) return false;
  }
  return true;
}

/* Gives both bodies the inputs of both, in one order: those of `then`, then those that only `else` has. */
static void share_inputs(branch_import *i) {
  onnx_body *then = &i->ways[0], *otherwise = &i->ways[1];
  for (size_t k = 0; k < otherwise->captured_count; k++)
    onnx_body_capture(i->c->model, then, otherwise->captured[k]);
  ir_value **inputs = ARENA_ARRAY(i->c->a, ir_value *, then->captured_count + 1);
  for (size_t k = 0; k < then->captured_count; k++)
    inputs[k] = onnx_body_capture(i->c->model, otherwise, then->captured[k]);
  for (size_t k = 0; k < then->captured_count; k++) otherwise->graph->inputs[k] = inputs[k];
}

static bool find_varying(branch_import *i) {
  onnx_context *c = i->c;
  i->varying = ARENA_ARRAY(c->a, uint32_t, (size_t)i->output_count + 1);
  for (int k = 0; k < i->output_count; k++) {
    const ir_type *x = &i->outputs[0][k]->type, *y = &i->outputs[1][k]->type;
    if (x->dtype != y->dtype || x->rank != y->rank) {
      onnx_fail(c, "its branches give output %d different element types or ranks", k);
      return false;
    }
    for (int d = 0; d < x->rank; d++) {
      ir_dim size = ir_dim_resolve(c->m, x->dims[d]);
      if (size == ir_dim_resolve(c->m, y->dims[d]) && onnx_is_outer_dim(size, i->symbol_count)) continue;
      i->varying[k] |= 1u << d;
      i->size_count++;
    }
  }
  return true;
}

/* Sizes that differ first, then the values. */
static void add_outputs(branch_import *i, int way) {
  onnx_context *c = i->c;
  ir_builder *b = &i->ways[way].builder;
  int n = 0;
  for (int k = 0; k < i->output_count; k++) {
    for (int d = 0; d < i->outputs[way][k]->type.rank; d++) {
      if (!(i->varying[k] >> d & 1)) continue;
      ir_value *size = ir_dim_scalar(b, i->outputs[way][k]->type.dims[d]);
      ir_graph_add_output(i->ways[way].graph, arena_format(c->a, "size_%d", n++), size);
    }
  }
  for (int k = 0; k < i->output_count; k++)
    ir_graph_add_output(i->ways[way].graph, arena_format(c->a, "result_%d", k), i->outputs[way][k]);
  if (b->failed) ir_build_fail(c->b, b->failed);
}

/* The larger of what the two ways can give. */
static ir_dim size_limit(branch_import *i, int output, int axis) {
  ir_dim x = ir_dim_resolve(i->c->m, i->outputs[0][output]->type.dims[axis]);
  ir_dim y = ir_dim_resolve(i->c->m, i->outputs[1][output]->type.dims[axis]);
  return ir_dim_max(i->c->m, x, y);
}

static ir_value *import_open_if(onnx_context *c) {
  branch_import *i = ARENA_NEW(c->a, branch_import);
  *i = (branch_import){.c = c, .output_count = c->out_count, .symbol_count = ir_dim_symbol_count(c->m)};
  if (!import_ways(i) || !find_varying(i)) return NULL;
  share_inputs(i);
  for (int way = 0; way < 2; way++) add_outputs(i, way);
  if (onnx_failed(c)) return NULL;
  int count = 1 + (int)i->ways[0].captured_count;
  ir_value **operands = ARENA_ARRAY(c->a, ir_value *, (size_t)count);
  operands[0] = ir_reshape(c->b, c->in[0], NULL, 0);
  for (int k = 1; k < count; k++) operands[k] = i->ways[0].captured[k - 1];
  ir_attrs attrs = {.body = i->ways[0].graph, .otherwise = i->ways[1].graph};
  ir_value *branch = ir_build(c->b, IR_BRANCH, operands, count, &attrs);
  for (int k = 0, size = 0; k < i->output_count; k++) {
    ir_type type = i->outputs[0][k]->type;
    for (int d = 0; d < type.rank; d++) {
      if (!(i->varying[k] >> d & 1)) continue;
      ir_value *measured = onnx_body_part(c, branch, size++, &(ir_type){.dtype = SMELT_I64});
      type.dims[d] = ir_measure(c->b, measured, "size", size_limit(i, k, d));
    }
    c->out[k] = onnx_body_part(c, branch, i->size_count + k, &type);
  }
  return onnx_failed(c) ? NULL : c->out[0];
}

static ir_value *import_if(onnx_context *c) {
  double condition;
  return ir_value_scalar(c->in[0], &condition) ? import_known_if(c, condition != 0) : import_open_if(c);
}

static const onnx_op_row rows[] = {
    {"", "If", 1, 0, 1, 1, import_if, IR_IDENTITY},
};
const onnx_op_table onnx_control_ops = ONNX_OP_TABLE(rows);
