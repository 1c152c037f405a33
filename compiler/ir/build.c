/* build.c: making nodes. ir_build is the one way in; the short forms spell common chains. */
#include "ir/content.h"
#include "ir/rules.h"

#include <string.h>

enum { FOLD_MAX_ELEMENTS = 4096, FOLD_MAX_OPERAND_BYTES = 1 << 20 };

ir_value *ir_build_fail(ir_builder *b, status s) {
  ir_module *m = b->graph->module;
  if (b->origin) s = fail_node(m->arena, s, "%s", b->origin);
  if (!b->failed) b->failed = s;
  ir_value *harmless = ARENA_NEW(m->arena, ir_value);
  /* Callers that look only at the end may read any axis of it. */
  harmless->type = (ir_type){.dtype = SMELT_F32};
  for (int i = 0; i < IR_MAX_RANK; i++) harmless->type.dims[i] = ir_dim_const(m, 1);
  return harmless;
}

static status check_operands(ir_module *m, ir_op op, ir_value *const *operands, int count) {
  const ir_op_info *info = ir_op_describe(op);
  if (count < info->min_operands || count > info->max_operands) {
    return fail(m->arena, STATUS_DEFECT, "%s takes %d to %d operands, not %d", info->name, info->min_operands,
                info->max_operands, count);
  }
  for (int i = 0; i < info->min_operands; i++) {
    if (!operands[i]) return fail(m->arena, STATUS_INPUT, "%s lacks operand %d", info->name, i);
  }
  return OK;
}

static void insert_node(ir_builder *b, ir_node *n) {
  ir_graph *g = b->graph;
  n->next = b->before;
  n->previous = b->before ? b->before->previous : g->last;
  *(n->previous ? &n->previous->next : &g->first) = n;
  *(n->next ? &n->next->previous : &g->last) = n;
  for (int i = 0; i < n->operand_count; i++) {
    if (n->operands[i]) n->operands[i]->use_count++;
  }
}

bool ir_node_is_static(const ir_node *n) {
  bool is_static =
      ir_type_is_static(&n->result->type, NULL) && ir_op_describe(n->op)->op_class < IR_CLASS_STATE;
  bool has_start = ir_op_describe(n->op)->attrs & IR_ATTR_START;
  for (int i = 0; has_start && i < IR_MAX_RANK; i++) is_static &= ir_dim_is_const(n->attrs.start[i], NULL);
  return is_static;
}

/* Whether the node is worth evaluating now: small result, small known operands. */
static bool is_foldable(const ir_node *n) {
  int64_t count;
  if (n->operand_count == 0 || !ir_node_is_static(n)) return false;
  if (!ir_type_is_static(&n->result->type, &count) || count > FOLD_MAX_ELEMENTS) return false;
  for (int i = 0; i < n->operand_count; i++) {
    if (!n->operands[i]) continue;
    if (!ir_value_data(n->operands[i])) return false;
    ir_type_is_static(&n->operands[i]->type, &count);
    if (count > FOLD_MAX_OPERAND_BYTES / (int64_t)ir_dtype_bytes(n->operands[i]->type.dtype)) return false;
  }
  return true;
}

static ir_value *fold_node(ir_builder *b, const ir_node *n) {
  ir_module *m = b->graph->module;
  ir_tensor in[3] = {0}, *pointers = in;
  const ir_tensor **list = ARENA_ARRAY(m->arena, const ir_tensor *, (size_t)n->operand_count);
  if (n->operand_count > 3) pointers = ARENA_ARRAY(m->arena, ir_tensor, (size_t)n->operand_count);
  for (int i = 0; i < n->operand_count; i++) {
    const ir_value *v = n->operands[i];
    if (!v) continue;
    pointers[i] = (ir_tensor){
        .dtype = v->type.dtype, .rank = v->type.rank, .data = (void *)(uintptr_t)ir_value_data(v)};
    for (int k = 0; k < v->type.rank; k++) ir_dim_is_const(v->type.dims[k], &pointers[i].dims[k]);
    list[i] = &pointers[i];
  }
  ir_tensor out = {.dtype = n->result->type.dtype, .rank = n->result->type.rank};
  for (int k = 0; k < out.rank; k++) ir_dim_is_const(n->result->type.dims[k], &out.dims[k]);
  status s = ir_evaluate_node(m->arena, n, list, NULL, &out);
  if (s) return ir_build_fail(b, s);
  ir_constant *c = ARENA_NEW(m->arena, ir_constant);
  *c = (ir_constant){.type = n->result->type, .data = out.data};
  return ir_const(b, c);
}

/* Elements that are known integers become a const: later nodes may fold over it, floats included. */
static ir_value *const_from_content(ir_builder *b, const ir_type *type, const ir_dim *content,
                                    int64_t count) {
  size_t bytes = ir_dtype_bytes(type->dtype);
  char *data = arena_alloc(b->graph->module->arena, (size_t)count * bytes + 1);
  for (int64_t i = 0; i < count; i++) {
    int64_t value = 0;
    ir_dim_is_const(content[i], &value);
    memcpy(data + (size_t)i * bytes, &value,
           bytes); /* little-endian: the low bytes are the narrower integer */
  }
  ir_constant *c = ARENA_NEW(b->graph->module->arena, ir_constant);
  *c = (ir_constant){.type = *type, .data = data};
  return ir_const(b, c);
}

/* Another shape for the same elements: no evaluation, no copy. */
static ir_value *reshape_constant(ir_builder *b, const ir_node *n) {
  ir_constant *c = arena_copy(b->graph->module->arena, n->operands[0]->def->attrs.constant, sizeof *c);
  c->type = n->result->type;
  return ir_const(b, c);
}

/* Shape arithmetic that has no answer: a program may divide by zero when it runs, a shape may not. */
static bool divides_by_zero(const ir_node *n) {
  int64_t count;
  if ((n->op != IR_DIV && n->op != IR_MOD) || !n->operands[0]->content || !n->operands[1]->content)
    return false;
  if (!ir_type_is_static(&n->operands[1]->type, &count)) return false;
  for (int64_t i = 0; i < count; i++) {
    if (ir_dim_is(n->operands[1]->content[i], 0)) return true;
  }
  return false;
}

ir_value *ir_build(ir_builder *b, ir_op op, ir_value *const *operands, int operand_count,
                   const ir_attrs *attrs) {
  ir_module *m = b->graph->module;
  if (b->failed) return ir_build_fail(b, b->failed);
  status s = check_operands(m, op, operands, operand_count);
  if (s) return ir_build_fail(b, s);

  ir_node *n = ARENA_NEW(m->arena, ir_node);
  *n = (ir_node){.op = op, .operand_count = operand_count, .origin = b->origin};
  if (attrs) n->attrs = *attrs;
  for (int i = 0; i < IR_MAX_RANK; i++) {
    if (!n->attrs.step[i]) n->attrs.step[i] = 1;
    if (!n->attrs.start[i]) n->attrs.start[i] = ir_dim_const(m, 0);
  }
  n->operands = ARENA_ARRAY(m->arena, ir_value *, (size_t)operand_count);
  for (int i = 0; i < operand_count; i++) n->operands[i] = operands[i];
  n->result = ARENA_NEW(m->arena, ir_value);
  n->result->def = n;
  s = ir_op_describe(op)->infer(m, n, &n->result->type);
  if (s) return ir_build_fail(b, s);

  int64_t count;
  if (divides_by_zero(n)) return ir_build_fail(b, fail(m->arena, STATUS_INPUT, "a size is divided by zero"));
  n->result->content = ir_content_compute(m, n);
  bool is_static = ir_type_is_static(&n->result->type, &count);
  if (op != IR_CONST && n->result->content && is_static && ir_content_is_const(n->result->content, count)) {
    return const_from_content(b, &n->result->type, n->result->content, count);
  }
  if (op == IR_RESHAPE && is_static && ir_value_data(n->operands[0])) return reshape_constant(b, n);
  if (is_foldable(n)) return fold_node(b, n);
  insert_node(b, n);
  return n->result;
}

/* ---- elementwise ---- */

ir_value *ir_unary(ir_builder *b, ir_op op, ir_value *x) {
  return ir_build(b, op, &x, 1, NULL);
}

/* x with 1s before its dims up to `rank`. */
static ir_value *raise_rank(ir_builder *b, ir_value *x, int rank) {
  if (x->type.rank >= rank) return x;
  ir_dim dims[IR_MAX_RANK];
  int missing = rank - x->type.rank;
  for (int i = 0; i < rank; i++)
    dims[i] = i < missing ? ir_dim_const(b->graph->module, 1) : x->type.dims[i - missing];
  return ir_reshape(b, x, dims, rank);
}

ir_value *ir_binary(ir_builder *b, ir_op op, ir_value *x, ir_value *y) {
  int rank = x->type.rank > y->type.rank ? x->type.rank : y->type.rank;
  return ir_build(b, op, (ir_value *[]){raise_rank(b, x, rank), raise_rank(b, y, rank)}, 2, NULL);
}

ir_value *ir_select(ir_builder *b, ir_value *condition, ir_value *x, ir_value *y) {
  int rank = condition->type.rank;
  if (x->type.rank > rank) rank = x->type.rank;
  if (y->type.rank > rank) rank = y->type.rank;
  ir_value *operands[] = {raise_rank(b, condition, rank), raise_rank(b, x, rank), raise_rank(b, y, rank)};
  return ir_build(b, IR_SELECT, operands, 3, NULL);
}

ir_value *ir_cast(ir_builder *b, ir_value *x, ir_dtype dtype) {
  return x->type.dtype == dtype ? x : ir_build(b, IR_CAST, &x, 1, &(ir_attrs){.dtype = dtype});
}

/* ---- movement ---- */

static bool same_dims(ir_module *m, const ir_type *type, const ir_dim *dims, int rank) {
  if (type->rank != rank) return false;
  for (int i = 0; i < rank; i++) {
    if (!ir_dim_equal(m, type->dims[i], dims[i])) return false;
  }
  return true;
}

static ir_attrs shape_attrs(const ir_dim *dims, int rank) {
  ir_attrs attrs = {.rank = rank};
  for (int i = 0; i < rank && i < IR_MAX_RANK; i++) attrs.shape[i] = dims[i];
  return attrs;
}

ir_value *ir_reshape(ir_builder *b, ir_value *x, const ir_dim *dims, int rank) {
  if (same_dims(b->graph->module, &x->type, dims, rank)) return x;
  ir_attrs attrs = shape_attrs(dims, rank);
  return ir_build(b, IR_RESHAPE, &x, 1, &attrs);
}

ir_value *ir_transpose(ir_builder *b, ir_value *x, const int *perm) {
  ir_attrs attrs = {0};
  bool moves = false;
  for (int i = 0; i < x->type.rank; i++) {
    attrs.perm[i] = perm[i];
    moves |= perm[i] != i;
  }
  return moves ? ir_build(b, IR_TRANSPOSE, &x, 1, &attrs) : x;
}

ir_value *ir_expand(ir_builder *b, ir_value *x, const ir_dim *dims, int rank) {
  ir_module *m = b->graph->module;
  x = raise_rank(b, x, rank);
  ir_attrs attrs = shape_attrs(dims, rank);
  /* numpy's rule is two-sided: a 1 in dims keeps x's size. */
  for (int i = 0; i < rank && i < IR_MAX_RANK && x->type.rank == rank; i++) {
    if (ir_dim_is(dims[i], 1)) attrs.shape[i] = x->type.dims[i];
  }
  if (same_dims(m, &x->type, attrs.shape, rank)) return x;
  return ir_build(b, IR_EXPAND, &x, 1, &attrs);
}

ir_value *ir_slice(ir_builder *b, ir_value *x, const ir_dim *start, const ir_dim *size, const int64_t *step) {
  ir_attrs attrs = shape_attrs(size, x->type.rank);
  bool whole = same_dims(b->graph->module, &x->type, size, x->type.rank);
  for (int i = 0; i < x->type.rank; i++) {
    attrs.start[i] = start[i];
    attrs.step[i] = step ? step[i] : 1;
    whole &= ir_dim_is(start[i], 0) && attrs.step[i] == 1;
  }
  return whole ? x : ir_build(b, IR_SLICE, &x, 1, &attrs);
}

ir_value *ir_slice_axis(ir_builder *b, ir_value *x, int axis, ir_dim start, ir_dim size) {
  ir_dim starts[IR_MAX_RANK], sizes[IR_MAX_RANK];
  for (int i = 0; i < x->type.rank; i++) {
    starts[i] = i == axis ? start : ir_dim_const(b->graph->module, 0);
    sizes[i] = i == axis ? size : x->type.dims[i];
  }
  return ir_slice(b, x, starts, sizes, NULL);
}

/* More operands than a node may have are joined piece by piece. */
ir_value *ir_concat(ir_builder *b, ir_value *const *xs, int count, int axis) {
  int most = ir_op_describe(IR_CONCAT)->max_operands;
  if (count > most) {
    int piece_count = 0;
    ir_value **pieces = ARENA_ARRAY(b->graph->module->arena, ir_value *, (size_t)(count / most + 1));
    for (int i = 0; i < count; i += most) {
      pieces[piece_count++] = ir_concat(b, xs + i, count - i < most ? count - i : most, axis);
    }
    return ir_concat(b, pieces, piece_count, axis);
  }
  return count == 1 ? xs[0] : ir_build(b, IR_CONCAT, xs, count, &(ir_attrs){.axis = axis});
}

ir_value *ir_gather(ir_builder *b, ir_value *data, ir_value *indices, int axis) {
  return ir_build(b, IR_GATHER, (ir_value *[]){data, indices}, 2, &(ir_attrs){.axis = axis});
}

ir_value *ir_reduce(ir_builder *b, ir_op op, ir_value *x, uint32_t axes) {
  return axes ? ir_build(b, op, &x, 1, &(ir_attrs){.axes = axes}) : x;
}

ir_value *ir_matmul(ir_builder *b, ir_value *x, ir_value *y) {
  ir_module *m = b->graph->module;
  if (b->failed) return ir_build_fail(b, b->failed);
  if (x->type.rank == 0 || y->type.rank == 0) {
    return ir_build_fail(b, fail(m->arena, STATUS_INPUT, "a matrix product has an operand of rank 0"));
  }
  bool is_row = x->type.rank == 1, is_column = y->type.rank == 1;
  if (is_row) x = ir_reshape(b, x, (ir_dim[]){ir_dim_const(m, 1), x->type.dims[0]}, 2);
  if (is_column) y = ir_reshape(b, y, (ir_dim[]){y->type.dims[0], ir_dim_const(m, 1)}, 2);
  int rank = x->type.rank > y->type.rank ? x->type.rank : y->type.rank;
  ir_value *product =
      ir_build(b, IR_MATMUL, (ir_value *[]){raise_rank(b, x, rank), raise_rank(b, y, rank)}, 2, NULL);
  if (b->failed || (!is_row && !is_column)) return product;
  ir_dim dims[IR_MAX_RANK];
  int kept = 0;
  for (int i = 0; i < rank; i++) {
    if ((is_row && i == rank - 2) || (is_column && i == rank - 1)) continue;
    dims[kept++] = product->type.dims[i];
  }
  return ir_reshape(b, product, dims, kept);
}

/* ---- sources ---- */

ir_value *ir_iota(ir_builder *b, const ir_dim *dims, int rank, int axis, ir_dim start, int64_t step) {
  ir_attrs attrs = shape_attrs(dims, rank);
  attrs.axis = axis;
  attrs.start[0] = start;
  attrs.step[0] = step;
  return ir_build(b, IR_IOTA, NULL, 0, &attrs);
}

ir_value *ir_dims(ir_builder *b, const ir_dim *list, int64_t count) {
  const ir_dim *copy = arena_copy(b->graph->module->arena, list, (size_t)count * sizeof *list);
  return ir_build(b, IR_DIMS, NULL, 0, &(ir_attrs){.dim_list = copy, .dim_count = count});
}

ir_value *ir_dim_scalar(ir_builder *b, ir_dim d) {
  return ir_reshape(b, ir_dims(b, &d, 1), NULL, 0);
}

ir_dim ir_measure(ir_builder *b, ir_value *x, const char *hint, ir_dim limit) {
  ir_module *m = b->graph->module;
  if (b->failed) return ir_dim_const(m, 0);
  if (x->content) return ir_dim_resolve(m, x->content[0]);
  ir_dim *symbol = ARENA_NEW(m->arena, ir_dim);
  *symbol = ir_dim_new_symbol(m, hint);
  if (limit) ir_dim_set_limit(m, *symbol, limit);
  ir_build(b, IR_MEASURE, &x, 1, &(ir_attrs){.dim_list = symbol, .dim_count = 1});
  return *symbol;
}

ir_value *ir_const(ir_builder *b, const ir_constant *c) {
  return ir_build(b, IR_CONST, NULL, 0, &(ir_attrs){.constant = c});
}

ir_value *ir_const_data(ir_builder *b, const ir_type *type, const void *data) {
  ir_module *m = b->graph->module;
  int64_t count;
  if (!ir_type_is_static(type, &count)) {
    return ir_build_fail(b, fail(m->arena, STATUS_DEFECT, "a constant needs a static shape"));
  }
  ir_constant *c = ARENA_NEW(m->arena, ir_constant);
  *c = (ir_constant){.type = *type};
  c->data = arena_copy(m->arena, data, (size_t)count * ir_dtype_bytes(type->dtype));
  return ir_const(b, c);
}

ir_value *ir_const_scalar(ir_builder *b, ir_dtype dtype, double value) {
  ir_value *x = ir_const_data(b, &(ir_type){.dtype = SMELT_F64}, &value);
  return ir_cast(b, x, dtype);
}
