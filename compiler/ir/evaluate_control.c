/* evaluate_control.c: the reference evaluator's loops, branches and measured sizes. */
#include "ir/element.h"
#include "ir/evaluate/concrete.h"
#include "ir/evaluate/evaluation.h"

#include <string.h>

/* Beyond as many a loop counts as endless. */
enum { MOST_TURNS = 1 << 14 };

static const ir_tensor *operand(const evaluation *e, const ir_node *node, int index) {
  return pointer_map_get(&e->tensors, node->operands[index]);
}

/* The body on `inputs`, in `memory`; its results go to `outputs`. */
static status run_body(evaluation *e, arena *memory, ir_graph *body, const ir_tensor *inputs,
                       ir_tensor *outputs) {
  evaluation inner = *e;
  inner.scratch = memory;
  inner.graph = body;
  inner.tensors = (pointer_map){0};
  for (size_t i = 0; i < body->input_count; i++) {
    pointer_map_set(memory, &inner.tensors, body->inputs[i],
                    arena_copy(memory, &inputs[i], sizeof inputs[i]));
  }
  return evaluate_nodes(&inner, outputs);
}

static status run_measure(evaluation *e, const ir_node *node) {
  const ir_tensor *x = operand(e, node, 0);
  ir_dim size = node->attrs.dim_list[0];
  int64_t value = element_integer(x->dtype, x->data, 0), known;
  if (value < 0) value = 0;
  if (concrete_is_known(ir_dim_resolve(e->graph->module, size), e->symbols) && !ir_dim_is_symbol(size)) {
    TRY(concrete_dim(e->scratch, ir_dim_resolve(e->graph->module, size), e->symbols, &known));
    if (known == value) return OK;
    status s = fail(e->scratch, STATUS_INPUT, "a size that is computed does not fit the others");
    return fail_found(e->scratch, fail_expected(e->scratch, s, "%lld", (long long)known), "%lld",
                      (long long)value);
  }
  if (!ir_dim_is_symbol(size)) return fail(e->scratch, STATUS_DEFECT, "measure without a symbol");
  evaluation_set_symbol(e, ir_dim_symbol_index(size), value);
  return OK;
}

/* One gathered value of all turns, an axis of turns in front. turns[i * stride]: what turn i gave. */
static status gather_turns(arena *a, const ir_tensor *turns, size_t stride, int64_t turn_count,
                           const ir_type *element, ir_tensor *all) {
  *all = (ir_tensor){.dtype = element->dtype, .rank = element->rank + 1, .dims = {turn_count}};
  for (int i = 0; turn_count && i < turns[0].rank; i++) all->dims[i + 1] = turns[0].dims[i];
  TRY(concrete_check_size(a, all));
  size_t bytes = turn_count ? (size_t)ir_tensor_count(&turns[0]) * ir_dtype_bytes(all->dtype) : 0;
  char *data = all->data = arena_alloc(a, bytes * (size_t)turn_count + 1);
  for (int64_t i = 0; i < turn_count; i++) {
    const ir_tensor *turn = &turns[(size_t)i * stride];
    if (memcmp(turn->dims, turns[0].dims, (size_t)turn->rank * sizeof *turn->dims) != 0)
      return fail(a, STATUS_INPUT, "turn %lld gives a gathered value another shape", (long long)i);
    if (bytes) memcpy(data + (size_t)i * bytes, turn->data, bytes);
  }
  return OK;
}

/* A loop that is evaluated. The two arenas take turns: one holds what the last turn left, the other is free.
 */
typedef struct {
  evaluation *e;
  const ir_node *node;
  ir_tensor *in, *out;
  ir_tensor *turns; /* gathered values of all turns, one turn after the other */
  size_t gathered, kept, capacity;
  arena memory[2];
} loop_evaluation;

static ir_tensor copy_tensor(arena *a, const ir_tensor *t) {
  ir_tensor copy = *t;
  copy.data = arena_copy(a, t->data, (size_t)ir_tensor_count(t) * ir_dtype_bytes(t->dtype));
  return copy;
}

static status run_turn(loop_evaluation *l, int64_t turn, bool *goes_on) {
  evaluation *e = l->e;
  size_t carried = (size_t)l->node->attrs.carried;
  arena *memory = &l->memory[turn % 2];
  arena_free(memory);
  *memory = (arena){0};
  evaluation_set_symbol(e, ir_dim_symbol_index(l->node->attrs.dim_list[0]), turn);
  status s = run_body(e, memory, l->node->attrs.body, l->in, l->out);
  if (s) return fail_keep(e->scratch, s); /* it may lie in memory that is freed with the turn */
  *goes_on = element_integer(SMELT_BOOL, l->out[0].data, 0) != 0;
  /* A carried value may be what the body was given: memory of the turn before, which the next turn frees. */
  for (size_t i = 0; i < carried; i++) l->in[i] = copy_tensor(memory, &l->out[1 + i]);
  for (size_t i = 0; i < l->gathered; i++)
    ARENA_PUSH(e->scratch, l->turns, l->kept, l->capacity) =
        copy_tensor(e->scratch, &l->out[1 + carried + i]);
  return OK;
}

static status run_turns(loop_evaluation *l, int64_t *turn_count) {
  evaluation *e = l->e;
  int64_t most = element_integer(SMELT_I64, operand(e, l->node, 0)->data, 0);
  bool goes_on = element_integer(SMELT_BOOL, operand(e, l->node, 1)->data, 0) != 0;
  for (*turn_count = 0; *turn_count < most && goes_on; (*turn_count)++) {
    if (*turn_count == MOST_TURNS) return fail(e->scratch, STATUS_INPUT, "the loop does not end");
    TRY(run_turn(l, *turn_count, &goes_on));
  }
  evaluation_set_symbol(e, ir_dim_symbol_index(l->node->attrs.dim_list[0]), *turn_count); /* for `largest` */
  return OK;
}

/* Returns the loop's results: carried values, then gathered ones. */
static status run_loop(evaluation *e, const ir_node *node, ir_tensor **results, int64_t *turn_count) {
  ir_graph *body = node->attrs.body;
  size_t carried = (size_t)node->attrs.carried;
  loop_evaluation l = {.e = e, .node = node, .gathered = body->output_count - 1 - carried};
  l.in = ARENA_ARRAY(e->scratch, ir_tensor, body->input_count);
  l.out = ARENA_ARRAY(e->scratch, ir_tensor, body->output_count);
  for (size_t i = 0; i < body->input_count; i++) l.in[i] = *operand(e, node, 2 + (int)i);
  status s = run_turns(&l, turn_count);
  *results = ARENA_ARRAY(e->scratch, ir_tensor, carried + l.gathered + 1);
  for (size_t i = 0; i < carried && !s; i++) (*results)[i] = copy_tensor(e->scratch, &l.in[i]);
  arena_free(&l.memory[0]);
  arena_free(&l.memory[1]);
  for (size_t i = 0; i < l.gathered && !s; i++) {
    const ir_type *element = &body->outputs[1 + carried + i].value->type;
    const ir_tensor *first = l.turns ? l.turns + i : NULL;
    s = gather_turns(e->scratch, first, l.gathered, *turn_count, element, &(*results)[carried + i]);
  }
  return s;
}

static status run_branch(evaluation *e, const ir_node *node, ir_tensor **results, int64_t *taken) {
  *taken = element_integer(SMELT_BOOL, operand(e, node, 0)->data, 0) != 0;
  ir_graph *body = *taken ? node->attrs.body : node->attrs.otherwise;
  ir_tensor *in = ARENA_ARRAY(e->scratch, ir_tensor, body->input_count + 1);
  *results = ARENA_ARRAY(e->scratch, ir_tensor, body->output_count + 1);
  for (size_t i = 0; i < body->input_count; i++) in[i] = *operand(e, node, 1 + (int)i);
  return run_body(e, e->scratch, body, in, *results);
}

/* The tensor of a loop's or branch's own value comes first in its array of results. */
static status run_parts(evaluation *e, const ir_node *node) {
  ir_tensor *results;
  int64_t number;
  TRY((node->op == IR_LOOP ? run_loop : run_branch)(e, node, &results, &number));
  size_t count = node->op == IR_LOOP ? node->attrs.body->output_count - 1 : node->attrs.body->output_count;
  ir_tensor *all = ARENA_ARRAY(e->scratch, ir_tensor, count + 1);
  all[0] = (ir_tensor){.dtype = SMELT_I64, .data = arena_copy(e->scratch, &number, sizeof number)};
  for (size_t i = 0; i < count; i++) all[i + 1] = results[i];
  pointer_map_set(e->scratch, &e->tensors, node->result, all);
  return OK;
}

static status run_part(evaluation *e, const ir_node *node) {
  ir_tensor *out = arena_copy(e->scratch, operand(e, node, 0) + 1 + node->attrs.index, sizeof *out);
  ir_tensor wanted;
  TRY(concrete_type(e->scratch, &node->result->type, e->symbols, &wanted));
  bool empty = ir_tensor_count(&wanted) == 0 && ir_tensor_count(out) == 0;
  for (int i = 0; i < wanted.rank && !empty; i++) {
    if (wanted.dims[i] == out->dims[i]) continue;
    status s = fail(e->scratch, STATUS_INPUT, "axis %d of a result has the wrong size", i);
    s = fail_expected(e->scratch, s, "%lld", (long long)wanted.dims[i]);
    return fail_found(e->scratch, s, "%lld", (long long)out->dims[i]);
  }
  memcpy(out->dims, wanted.dims, sizeof wanted.dims);
  pointer_map_set(e->scratch, &e->tensors, node->result, out);
  return OK;
}

status evaluate_control(evaluation *e, const ir_node *node) {
  for (int i = 0; i < node->operand_count; i++) {
    if (!operand(e, node, i))
      return fail(e->scratch, STATUS_DEFECT, "operand %d is used before it is made", i);
  }
  switch (node->op) {
  case IR_MEASURE:
    TRY(run_measure(e, node));
    pointer_map_set(e->scratch, &e->tensors, node->result, (void *)(uintptr_t)operand(e, node, 0));
    return OK;
  case IR_PART:
    return run_part(e, node);
  default:
    return run_parts(e, node);
  }
}
