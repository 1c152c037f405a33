/* evaluate.c: the reference evaluator's single nodes and lazy constants; operators are in evaluate/, graphs
 * in evaluate_graph.c. */
#include "ir/evaluate/concrete.h"
#include "ir/evaluate/walk.h"

#include <string.h>

int64_t ir_tensor_count(const ir_tensor *t) {
  int64_t count = 1;
  for (int i = 0; i < t->rank; i++) {
    if (t->dims[i] <= 0) return 0;
    if (__builtin_mul_overflow(count, t->dims[i], &count)) return INT64_MAX;
  }
  return count;
}

/* ---- one node ---- */

static status concrete_attributes(arena *scratch, const ir_node *node, const int64_t *symbols) {
  int64_t value;
  uint32_t attrs = ir_op_describe(node->op)->attrs;
  for (int i = 0; attrs & IR_ATTR_START && i < IR_MAX_RANK; i++) {
    if (node->attrs.start[i]) TRY(concrete_dim(scratch, node->attrs.start[i], symbols, &value));
  }
  for (int64_t i = 0; attrs & IR_ATTR_DIM_LIST && i < node->attrs.dim_count; i++) {
    TRY(concrete_dim(scratch, node->attrs.dim_list[i], symbols, &value));
  }
  return OK;
}

static status evaluate_node(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                            const int64_t *symbols, ir_tensor *out) {
  TRY(concrete_type(scratch, &node->result->type, symbols, out));
  TRY(concrete_attributes(scratch, node, symbols));
  for (int i = 0; i < node->operand_count; i++) {
    if (in[i]) TRY(concrete_check_size(scratch, in[i]));
  }
  if (!out->data) out->data = arena_alloc(scratch, (size_t)ir_tensor_count(out) * ir_dtype_bytes(out->dtype));
  return ir_op_describe(node->op)->evaluate(scratch, node, in, symbols, out);
}

static status at_node(arena *scratch, status s, const ir_node *node) {
  if (!s) return OK;
  text t = {0};
  ir_print_node(&t, node);
  if (node->origin) {
    s = fail_node(scratch, s, "%s", node->origin);
  } else {
    s = fail_node(scratch, s, "%s", t.bytes ? t.bytes : "");
  }
  text_free(&t);
  return s;
}

status ir_evaluate_node(arena *scratch, const ir_node *node, const ir_tensor *const *in,
                        const int64_t *symbols, ir_tensor *out) {
  return at_node(scratch, evaluate_node(scratch, node, in, symbols, out), node);
}

/* ---- lazy constants ---- */

typedef struct {
  const ir_constant **items;
  size_t count, capacity;
} constant_stack;

static const void *known_bytes(const pointer_map *done, const ir_constant *c) {
  return c->data ? c->data : pointer_map_get(done, c);
}

/* Pushes constants that c's maker needs and that are not known yet; false where there were none. */
static bool push_needed(arena *a, constant_stack *todo, const pointer_map *done, const ir_constant *c) {
  size_t before = todo->count;
  for (int i = 0; i < c->made_by->operand_count; i++) {
    const ir_value *v = c->made_by->operands[i];
    if (!v || known_bytes(done, v->def->attrs.constant)) continue;
    ARENA_PUSH(a, todo->items, todo->count, todo->capacity) = v->def->attrs.constant;
  }
  return todo->count > before;
}

static status make_constant(arena *scratch, pointer_map *done, const ir_constant *c) {
  const ir_node *maker = c->made_by;
  ir_tensor *in = ARENA_ARRAY(scratch, ir_tensor, (size_t)maker->operand_count), out = {0};
  const ir_tensor **list = ARENA_ARRAY(scratch, const ir_tensor *, (size_t)maker->operand_count);
  for (int i = 0; i < maker->operand_count; i++) {
    const ir_value *v = maker->operands[i];
    if (!v) continue;
    TRY(concrete_type(scratch, &v->type, NULL, &in[i]));
    in[i].data = (void *)(uintptr_t)known_bytes(done, v->def->attrs.constant);
    list[i] = &in[i];
  }
  TRY(ir_evaluate_node(scratch, maker, list, NULL, &out));
  pointer_map_set(scratch, done, c, out.data);
  return OK;
}

/* Depth first with a stack of its own: a chain of makers may be longer than the C stack is deep. */
status ir_constant_bytes(arena *scratch, const ir_constant *c, const void **bytes) {
  pointer_map done = {0};
  constant_stack todo = {0};
  ARENA_PUSH(scratch, todo.items, todo.count, todo.capacity) = c;
  while (todo.count) {
    const ir_constant *top = todo.items[todo.count - 1];
    if (!known_bytes(&done, top)) {
      if (!top->made_by) {
        return fail(scratch, STATUS_INPUT, "constant %s has no data",
                    top->name ? top->name : "without a name");
      }
      if (push_needed(scratch, &todo, &done, top)) continue;
      TRY(make_constant(scratch, &done, top));
    }
    todo.count--;
  }
  *bytes = known_bytes(&done, c);
  return OK;
}
