/*
 * evaluate_constant.c: constants that are made by nodes over constants, just
 * before they are packed. Weights are large, so: a reshape is what it
 * reshapes; an elementwise operator over floats that only another such one
 * reads is computed inside that, row by row; and what is stored is freed with
 * its last reader.
 */
#include "ir/evaluate/chain.h"
#include "ir/evaluate/concrete.h"

/* The making of a constant that has no data. */
typedef struct {
  const ir_constant *constant;
  bool is_ordered;
  const ir_node *reader; /* one of those left */
  int readers_left;
  int depth;     /* of links inside its reader, this one included; 0: it is stored */
  arena memory;  /* what making it took, its elements too unless they are the caller's */
  ir_tensor out; /* if it is stored */
} step;

typedef struct {
  arena *scratch;
  pointer_map steps; /* ir_constant to step */
  step **order;      /* operands first */
  size_t count, capacity;
} making;

/* The constant whose elements c's are, in another shape at most. */
static const ir_constant *base_of(const ir_constant *c) {
  while (!c->data && c->made_by && c->made_by->op == IR_RESHAPE)
    c = c->made_by->operands[0]->def->attrs.constant;
  return c;
}

static const ir_constant *operand_of(const step *s, int index) {
  const ir_value *v = s->constant->made_by->operands[index];
  return v ? base_of(v->def->attrs.constant) : NULL;
}

/* The step that makes an operand; NULL: it is absent, or has data. */
static step *operand_step(const making *m, const step *s, int index) {
  const ir_constant *c = operand_of(s, index);
  return c && !c->data ? pointer_map_get(&m->steps, c) : NULL;
}

/* ---- the order ---- */

typedef struct {
  step **items;
  size_t count, capacity;
} step_stack;

static void push(making *m, step_stack *todo, const ir_constant *c) {
  step *s = pointer_map_get(&m->steps, c);
  if (!s) {
    s = ARENA_NEW(m->scratch, step);
    *s = (step){.constant = c};
    pointer_map_set(m->scratch, &m->steps, c, s);
  }
  ARENA_PUSH(m->scratch, todo->items, todo->count, todo->capacity) = s;
}

/* Depth first with a stack of its own: a chain of makers may be longer than the C stack is deep. */
static status order_steps(making *m, const ir_constant *last) {
  step_stack todo = {0};
  push(m, &todo, last);
  while (todo.count) {
    step *top = todo.items[todo.count - 1];
    const ir_node *maker = top->constant->made_by;
    size_t before = todo.count;
    if (!maker) {
      return fail(m->scratch, STATUS_INPUT, "constant %s has no data",
                  top->constant->name ? top->constant->name : "without a name");
    }
    for (int i = 0; !top->is_ordered && i < maker->operand_count; i++) {
      const ir_constant *c = operand_of(top, i);
      const step *made = c ? pointer_map_get(&m->steps, c) : NULL;
      if (c && !c->data && !(made && made->is_ordered)) push(m, &todo, c);
    }
    if (todo.count > before) continue;
    if (!top->is_ordered) ARENA_PUSH(m->scratch, m->order, m->count, m->capacity) = top;
    top->is_ordered = true;
    todo.count--;
  }
  return OK;
}

/* ---- what is stored ---- */

static bool same_dims(const ir_type *a, const ir_type *b) {
  bool same = a->rank == b->rank;
  for (int i = 0; same && i < a->rank; i++) same = a->dims[i] == b->dims[i];
  return same;
}

static void count_readers(making *m) {
  for (size_t i = 0; i < m->count; i++) {
    const ir_node *maker = m->order[i]->constant->made_by;
    for (int k = 0; k < maker->operand_count; k++) {
      step *s = operand_step(m, m->order[i], k);
      if (!s) continue;
      s->readers_left++;
      s->reader = maker;
    }
  }
}

/* Whether some operand of the reader is the step's constant as it is, not reshaped. */
static bool is_read_whole(const step *s) {
  for (int i = 0; i < s->reader->operand_count; i++) {
    const ir_value *v = s->reader->operands[i];
    if (v && v->def->attrs.constant == s->constant) return true;
  }
  return false;
}

static void choose_links(making *m) {
  for (size_t i = 0; i < m->count; i++) {
    step *s = m->order[i];
    int deepest = 0;
    if (s->readers_left != 1 || !chain_links(s->constant->made_by) || !chain_computes(s->reader)) continue;
    if (!is_read_whole(s) || !same_dims(&s->constant->type, &s->reader->result->type)) continue;
    for (int k = 0; k < s->constant->made_by->operand_count; k++) {
      const step *operand = operand_step(m, s, k);
      if (operand && operand->depth > deepest) deepest = operand->depth;
    }
    if (deepest + 1 < CHAIN_MAX_DEPTH) s->depth = deepest + 1;
  }
}

/* ---- making ---- */

/* Operand `index` of s as the maker sees it. */
static status operand_tensor(const making *m, const step *s, int index, ir_tensor *t) {
  const step *made = operand_step(m, s, index);
  TRY(concrete_type(m->scratch, &s->constant->made_by->operands[index]->type, NULL, t));
  t->data = made ? made->out.data : (void *)(uintptr_t)operand_of(s, index)->data;
  return OK;
}

/* s as the last of a chain, or a link of it, over what is stored. */
static status make_chain(making *m, const step *s, chain *c) {
  c->node = s->constant->made_by;
  for (int i = 0; i < c->node->operand_count; i++) {
    const step *operand = operand_step(m, s, i);
    chain *in = c->in[i] = ARENA_NEW(m->scratch, chain);
    *in = (chain){0};
    if (operand && operand->depth) {
      TRY(make_chain(m, operand, in));
      continue;
    }
    ir_tensor *t = ARENA_NEW(m->scratch, ir_tensor);
    TRY(operand_tensor(m, s, i, t));
    in->memory = t;
  }
  return OK;
}

static status evaluate(making *m, step *s) {
  const ir_node *maker = s->constant->made_by;
  if (chain_computes(maker)) {
    chain last = {0};
    TRY(make_chain(m, s, &last));
    return chain_evaluate(m->scratch, &last, &s->out);
  }
  ir_tensor *in = ARENA_ARRAY(m->scratch, ir_tensor, (size_t)maker->operand_count);
  const ir_tensor **list = ARENA_ARRAY(m->scratch, const ir_tensor *, (size_t)maker->operand_count);
  for (int i = 0; i < maker->operand_count; i++) {
    if (!maker->operands[i]) continue;
    TRY(operand_tensor(m, s, i, &in[i]));
    list[i] = &in[i];
  }
  return ir_evaluate_node(&s->memory, maker, list, NULL, &s->out);
}

/* Frees what nobody reads any more, now that s is made. */
static void release_operands(const making *m, const step *s) {
  for (int i = 0; i < s->constant->made_by->operand_count; i++) {
    step *operand = operand_step(m, s, i);
    if (!operand || --operand->readers_left) continue;
    if (operand->depth) {
      release_operands(m, operand);
    } else {
      arena_free(&operand->memory);
    }
  }
}

static status make(making *m, step *s, arena *elements) {
  TRY(concrete_type(m->scratch, &s->constant->type, NULL, &s->out));
  s->out.data = arena_alloc(elements, (size_t)ir_tensor_count(&s->out) * ir_dtype_bytes(s->out.dtype));
  status failed = fail_keep(m->scratch, evaluate(m, s));
  release_operands(m, s);
  return failed;
}

status ir_constant_bytes(arena *scratch, const ir_constant *c, const void **bytes) {
  making m = {.scratch = scratch};
  status failed = OK;
  c = base_of(c);
  *bytes = c->data;
  if (c->data) return OK;
  TRY(order_steps(&m, c));
  count_readers(&m);
  choose_links(&m);
  for (size_t i = 0; i < m.count && !failed; i++) {
    step *s = m.order[i];
    if (!s->depth) failed = make(&m, s, s->constant == c ? scratch : &s->memory);
    if (s->constant == c) *bytes = s->out.data;
  }
  for (size_t i = 0; i < m.count; i++) arena_free(&m.order[i]->memory);
  return failed;
}
