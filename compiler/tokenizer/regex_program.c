/*
 * regex_program.c: the NFA of a syntax tree, built from its end to its start so
 * that each part knows where it continues.
 */
#include "tokenizer/regex.h"

enum { MAX_STEPS = 4000 };

typedef struct {
  arena *a;
  regex_program *program;
} builder;

static status build(builder *b, const regex_node *node, uint32_t next, uint32_t *entry);

static status add_step(builder *b, regex_step step, uint32_t *index) {
  regex_program *p = b->program;
  if (p->step_count == MAX_STEPS) return fail(b->a, STATUS_INPUT, "regular expression: it is too large");
  *index = (uint32_t)p->step_count;
  ARENA_PUSH(b->a, p->steps, p->step_count, p->step_capacity) = step;
  return OK;
}

static uint32_t add_set(builder *b, const code_set *set) {
  regex_program *p = b->program;
  for (size_t i = 0; i < p->set_count; i++)
    if (p->sets[i] == set) return (uint32_t)i;
  ARENA_PUSH(b->a, p->sets, p->set_count, p->set_capacity) = set;
  return (uint32_t)(p->set_count - 1);
}

/*
 * A possessive loop gives nothing back. It equals a greedy one if what follows
 * cannot begin inside the loop's set, for then giving back never helps: checked
 * over everything that is reached from `next` without consuming.
 */
static status check_possessive(builder *b, const regex_node *node, uint32_t next) {
  const regex_program *p = b->program;
  const regex_node *body = node->children[0];
  bool *seen = ARENA_ARRAY(b->a, bool, p->step_count);
  uint32_t *stack = ARENA_ARRAY(b->a, uint32_t, p->step_count + 1);
  size_t depth = 0;
  bool equal = body->kind == REGEX_SET;
  for (stack[depth++] = next; equal && depth;) {
    uint32_t at = stack[--depth];
    if (seen[at]) continue;
    seen[at] = true;
    const regex_step *step = &p->steps[at];
    if (step->kind == REGEX_STEP_SET) equal = !code_sets_meet(&body->set, p->sets[step->set]);
    if (step->kind == REGEX_STEP_LOOK || (step->kind == REGEX_STEP_SPLIT && step->x == at)) equal = false;
    if (step->kind != REGEX_STEP_SPLIT) continue;
    if (depth + 2 > p->step_count) return fail(b->a, STATUS_INPUT, "regular expression: it is too large");
    stack[depth++] = step->y;
    stack[depth++] = step->x;
  }
  return equal ? OK : fail(b->a, STATUS_INPUT, "regular expression: an unsupported possessive repetition");
}

static regex_step split_to(const regex_node *repeat, uint32_t again, uint32_t on) {
  bool lazy = repeat->mode == REGEX_LAZY;
  return (regex_step){.kind = REGEX_STEP_SPLIT, .x = lazy ? on : again, .y = lazy ? again : on};
}

static status build_repeat(builder *b, const regex_node *node, uint32_t next, uint32_t *entry) {
  const regex_node *body = node->children[0];
  if (node->mode == REGEX_POSSESSIVE) TRY(check_possessive(b, node, next));
  uint32_t on = next;
  if (node->max == REGEX_NO_LIMIT) {
    uint32_t loop, again;
    TRY(add_step(b, (regex_step){.kind = REGEX_STEP_SPLIT}, &loop));
    b->program->steps[loop].x = loop; /* for check_possessive: not known yet */
    TRY(build(b, body, loop, &again));
    b->program->steps[loop] = split_to(node, again, next);
    on = loop;
  } else {
    for (uint32_t i = node->min; i < node->max; i++) {
      uint32_t again;
      TRY(build(b, body, on, &again));
      TRY(add_step(b, split_to(node, again, next), &on));
    }
  }
  for (uint32_t i = 0; i < node->min; i++) TRY(build(b, body, on, &on));
  *entry = on;
  return OK;
}

static status build(builder *b, const regex_node *node, uint32_t next, uint32_t *entry) {
  *entry = next;
  switch (node->kind) {
  case REGEX_SET:
    return add_step(b, (regex_step){.kind = REGEX_STEP_SET, .x = next, .set = add_set(b, &node->set)}, entry);
  case REGEX_LOOK_AHEAD:
    return add_step(
        b,
        (regex_step){
            .kind = REGEX_STEP_LOOK, .x = next, .set = add_set(b, &node->set), .at_end = node->at_end},
        entry);
  case REGEX_SEQUENCE:
    for (size_t i = node->child_count; i-- > 0;) TRY(build(b, node->children[i], *entry, entry));
    return OK;
  case REGEX_CHOICE:
    TRY(build(b, node->children[node->child_count - 1], next, entry));
    for (size_t i = node->child_count - 1; i-- > 0;) {
      uint32_t first;
      TRY(build(b, node->children[i], next, &first));
      TRY(add_step(b, (regex_step){.kind = REGEX_STEP_SPLIT, .x = first, .y = *entry}, entry));
    }
    return OK;
  case REGEX_REPEAT:
    return build_repeat(b, node, next, entry);
  }
  return OK;
}

status regex_compile(arena *a, const regex_node *tree, regex_program *program) {
  builder b = {.a = a, .program = program};
  uint32_t match;
  *program = (regex_program){0};
  TRY(add_step(&b, (regex_step){.kind = REGEX_STEP_MATCH}, &match));
  return build(&b, tree, match, &program->start);
}
