/*
 * fold.c: what can be known at build time is.
 *
 *   n = dims {list = [4, seq]} : i64[2]          (whatever chain made it)
 *   t = transpose w {perm = [1, 0]} : f32[64, 512]   w const
 * becomes
 *   t = const : f32[64, 512]                      evaluated when it is packed
 */
#include "ir/content.h"
#include "pass/rewrite.h"

/* A broadcast constant costs more as data than as a loop. */
enum { FOLD_MAX_GROWTH_BYTES = 1 << 16 };

static bool all_const(const ir_node *n) {
  for (int i = 0; i < n->operand_count; i++) {
    if (n->operands[i] && !ir_value_is_const(n->operands[i])) return false;
  }
  return n->operand_count > 0;
}

/* Sizes beyond any memory count as that: sums of them must not overflow. */
static int64_t bytes_of(const ir_type *type) {
  int64_t count, most = INT64_C(1) << 40;
  if (!ir_type_is_static(type, &count) || count > most) count = most;
  return count * (int64_t)ir_dtype_bytes(type->dtype);
}

/* A const that stands for the node, evaluated only when its bytes are needed. */
static ir_value *defer(ir_builder *b, const ir_node *n) {
  arena *a = b->graph->module->arena;
  int64_t operand_bytes = 0, result_bytes = bytes_of(&n->result->type);
  for (int i = 0; i < n->operand_count; i++) {
    if (!n->operands[i]) continue;
    const ir_constant *c = n->operands[i]->def->attrs.constant;
    if (!c->data && !c->made_by) return NULL; /* declared in text form only */
    operand_bytes += bytes_of(&n->operands[i]->type);
  }
  if (result_bytes > operand_bytes && result_bytes > FOLD_MAX_GROWTH_BYTES) return NULL;
  ir_node *maker = arena_copy(a, n, sizeof *n);
  maker->operands = arena_copy(a, n->operands, sizeof *n->operands * (size_t)n->operand_count);
  maker->previous = maker->next = NULL;
  ir_constant *c = ARENA_NEW(a, ir_constant);
  *c = (ir_constant){.type = n->result->type, .made_by = maker};
  return ir_const(b, c);
}

ir_value *rewrite_lazy(ir_builder *b, ir_value *v) {
  bool is_computed = v->def && v->def->op != IR_CONST && !b->failed;
  ir_value *lazy = is_computed && all_const(v->def) && ir_node_is_static(v->def) ? defer(b, v->def) : NULL;
  return lazy ? lazy : v;
}

/* Whether the node already is the plain spelling of sizes: dims, reshaped and cast at most. */
static bool is_dims_spelling(const ir_node *n) {
  if (n->op == IR_CAST) n = n->operands[0]->def;
  if (n && n->op == IR_RESHAPE) n = n->operands[0]->def;
  return n && n->op == IR_DIMS;
}

/* A value whose elements are known sizes: a const if they are numbers, dims otherwise. */
static ir_value *fold_content(ir_builder *b, const ir_node *n) {
  int64_t count;
  bool is_known = true;
  const ir_type *type = &n->result->type;
  if (!ir_type_is_static(type, &count)) return NULL;
  for (int64_t i = 0; i < count; i++) is_known &= ir_dim_is_const(n->result->content[i], NULL);
  if (!is_known && (n->op == IR_IOTA || is_dims_spelling(n))) return NULL;
  ir_value *dims = ir_dims(b, n->result->content, count);
  return ir_cast(b, ir_reshape(b, dims, type->dims, type->rank), type->dtype);
}

/* reduce_sum (expand c)  ->  dims {list = [c * size]}   the length of a mask of ones */
static ir_value *fold_sum(ir_builder *b, ir_node *n) {
  ir_module *m = b->graph->module;
  ir_node *expand = ir_def(n->operands[0], IR_EXPAND);
  double each;
  if (!expand || ir_dtype_is_float(n->result->type.dtype) || !ir_value_scalar(expand->operands[0], &each))
    return NULL;
  ir_dim sum = ir_dim_const(m, (int64_t)each);
  for (int i = 0; i < expand->result->type.rank; i++) {
    if (n->attrs.axes >> i & 1) sum = ir_dim_mul(m, sum, expand->result->type.dims[i]);
  }
  ir_value *same = ir_cast(b, ir_dim_scalar(b, sum), n->result->type.dtype);
  return ir_expand(b, same, n->result->type.dims, n->result->type.rank);
}

static ir_value *fold_node(ir_builder *b, ir_node *n) {
  if (n->op == IR_CONST || ir_op_describe(n->op)->op_class >= IR_CLASS_STATE) return NULL;
  if (!n->result->content) n->result->content = ir_content_compute(b->graph->module, n); /* known by now */
  if (n->result->content) return fold_content(b, n);
  if (!all_const(n) || !ir_node_is_static(n)) return NULL;
  /* Building it again evaluates it if it is small by now: bindings have made sizes known. */
  ir_value *again = ir_build(b, n->op, n->operands, n->operand_count, &n->attrs);
  return ir_value_is_const(again) ? again : defer(b, n);
}

bool pass_fold(ir_graph *g, pass_report *report) {
  static const rewrite_rule rules[] = {{IR_REDUCE_SUM, fold_sum}, {REWRITE_ANY_OP, fold_node}};
  return rewrite_graph(g, report, REWRITE_RULES(rules));
}
