/*
 * regex_dfa.c: code point classes and the leftmost-first DFA (Cox, "Regular
 * Expression Matching in the Wild"): a state is a list of NFA steps in order of
 * preference, and a match cuts off whatever is less preferred. States hold the
 * steps before their empty moves: those are made once the class of the next
 * code point is known, which decides look-aheads.
 */
#include "tokenizer/regex.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#define UTF8_REPLACEMENT 0xfffd /* stands for what is not UTF-8 */

enum { MAX_CLASSES = 255, MAX_STATES = 4000 };

/* ---- classes ------------------------------------------------------------------------------ */

static int compare_codes(const void *x, const void *y) {
  uint32_t p = *(const uint32_t *)x, q = *(const uint32_t *)y;
  return p < q ? -1 : p > q;
}

status regex_classify(arena *a, const regex_program *programs, size_t program_count, regex_classes *classes) {
  uint32_t *cuts = NULL; /* code points at which some set begins or has just ended */
  size_t cut_count = 0, cut_capacity = 0, set_count = 0;
  ARENA_PUSH(a, cuts, cut_count, cut_capacity) = 0;
  ARENA_PUSH(a, cuts, cut_count, cut_capacity) = CODE_POINT_COUNT;
  for (size_t i = 0; i < program_count; i++) {
    set_count += programs[i].set_count;
    for (size_t k = 0; k < programs[i].set_count; k++)
      for (size_t r = 0; r < programs[i].sets[k]->count; r++) {
        ARENA_PUSH(a, cuts, cut_count, cut_capacity) = programs[i].sets[k]->ranges[r].first;
        ARENA_PUSH(a, cuts, cut_count, cut_capacity) = programs[i].sets[k]->ranges[r].last + 1;
      }
  }
  qsort(cuts, cut_count, sizeof *cuts, compare_codes);

  *classes = (regex_classes){.of_code = ARENA_ARRAY(a, uint8_t, CODE_POINT_COUNT)};
  bool *members = ARENA_ARRAY(a, bool, (set_count + 1) * MAX_CLASSES); /* members[class][set] */
  bool *here = ARENA_ARRAY(a, bool, set_count + 1);
  for (size_t i = 0; i + 1 < cut_count; i++) {
    if (cuts[i] == cuts[i + 1]) continue;
    size_t set = 0;
    for (size_t p = 0; p < program_count; p++)
      for (size_t k = 0; k < programs[p].set_count; k++)
        here[set++] = code_set_has(programs[p].sets[k], cuts[i]);
    uint32_t class = 0;
    while (class < classes->count && memcmp(members + class * set_count, here, set_count) != 0) class++;
    if (class == MAX_CLASSES) return fail(a, STATUS_INPUT, "regular expression: too many different classes");
    if (class == classes->count) memcpy(members + classes->count++ * set_count, here, set_count);
    memset(classes->of_code + cuts[i], (int)class, cuts[i + 1] - cuts[i]);
  }
  return OK;
}

/* ---- states -------------------------------------------------------------------------------- */

typedef struct {
  const uint32_t *steps;
  size_t count;
} state;

typedef struct {
  arena *a;
  const regex_program *program;
  const regex_classes *classes;
  bool *set_has_class; /* [set][class] */
  state *states;
  size_t state_count, state_capacity;
  uint32_t *buckets; /* hash of steps -> state + 1, open addressing over 2 * MAX_STATES */
  uint32_t *next;    /* steps of the state that is being made */
  size_t next_count;
  uint32_t *stack;
  bool *seen, *in_next;
} determinizer;

static uint32_t intern(determinizer *d, const uint32_t *steps, size_t count) {
  uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a over words */
  for (size_t i = 0; i < count; i++) hash = (hash ^ steps[i]) * 0x100000001b3u;
  size_t slot = hash % (2 * MAX_STATES);
  for (; d->buckets[slot]; slot = (slot + 1) % (2 * MAX_STATES)) {
    const state *known = &d->states[d->buckets[slot] - 1];
    if (known->count == count && memcmp(known->steps, steps, count * sizeof *steps) == 0)
      return d->buckets[slot] - 1;
  }
  ARENA_PUSH(d->a, d->states, d->state_count, d->state_capacity) =
      (state){.steps = arena_copy(d->a, steps, count * sizeof *steps), .count = count};
  d->buckets[slot] = (uint32_t)d->state_count;
  return (uint32_t)d->state_count - 1;
}

static bool step_sees(const determinizer *d, const regex_step *step, uint32_t class) {
  if (class == d->classes->count) return step->kind == REGEX_STEP_LOOK && step->at_end;
  return d->set_has_class[step->set * d->classes->count + class];
}

/* Follows one step's empty moves with `class` next, in order of preference. True: a match, all later steps
 * are cut off. */
static bool follow(determinizer *d, uint32_t from, uint32_t class) {
  size_t depth = 0;
  for (d->stack[depth++] = from; depth;) {
    uint32_t at = d->stack[--depth];
    if (d->seen[at]) continue;
    d->seen[at] = true;
    const regex_step *step = &d->program->steps[at];
    if (step->kind == REGEX_STEP_MATCH) return true;
    if (step->kind == REGEX_STEP_SPLIT) {
      d->stack[depth++] = step->y;
      d->stack[depth++] = step->x;
    } else if (step_sees(d, step, class)) {
      if (step->kind == REGEX_STEP_LOOK) {
        d->stack[depth++] = step->x;
      } else if (!d->in_next[step->x]) {
        d->in_next[step->x] = true;
        d->next[d->next_count++] = step->x;
      }
    }
  }
  return false;
}

/* The transition of state `from` on `class`: next state * 2 + whether a match ends before it. */
static uint32_t transition(determinizer *d, uint32_t from, uint32_t class) {
  size_t step_count = d->program->step_count;
  memset(d->seen, 0, step_count * sizeof *d->seen);
  memset(d->in_next, 0, step_count * sizeof *d->in_next);
  d->next_count = 0;
  bool match = false;
  for (size_t i = 0; i < d->states[from].count && !match; i++)
    match = follow(d, d->states[from].steps[i], class);
  return intern(d, d->next, d->next_count) * 2 + match;
}

status regex_determinize(arena *a, const regex_program *program, const regex_classes *classes,
                         regex_dfa *dfa) {
  size_t step_count = program->step_count, class_count = classes->count;
  determinizer d = {.a = a, .program = program, .classes = classes};
  d.set_has_class = ARENA_ARRAY(a, bool, program->set_count *class_count + 1);
  bool *sampled = ARENA_ARRAY(a, bool, class_count);
  for (uint32_t code = 0; code < CODE_POINT_COUNT; code++) {
    uint8_t class = classes->of_code[code];
    if (sampled[class]) continue;
    sampled[class] = true;
    for (size_t i = 0; i < program->set_count; i++)
      d.set_has_class[i * class_count + class] = code_set_has(program->sets[i], code);
  }
  d.buckets = ARENA_ARRAY(a, uint32_t, 2 * MAX_STATES);
  d.next = ARENA_ARRAY(a, uint32_t, step_count);
  d.stack = ARENA_ARRAY(a, uint32_t, 2 * step_count + 1); /* every step pushes two, once */
  d.seen = ARENA_ARRAY(a, bool, step_count);
  d.in_next = ARENA_ARRAY(a, bool, step_count);
  intern(&d, d.next, 0); /* state 0: dead */
  intern(&d, &program->start, 1);

  uint16_t *transitions = NULL;
  size_t count = 0, capacity = 0;
  for (uint32_t from = 0; from < d.state_count; from++)
    for (uint32_t class = 0; class <= class_count; class++) {
      uint32_t to = transition(&d, from, class);
      if (d.state_count >= MAX_STATES)
        return fail(a, STATUS_INPUT, "regular expression: it needs too many states");
      ARENA_PUSH(a, transitions, count, capacity) = (uint16_t)to;
    }
  *dfa = (regex_dfa){.transitions = transitions, .state_count = (uint32_t)d.state_count};
  return OK;
}

size_t regex_match_end(const regex_dfa *dfa, const regex_classes *classes, const char *text, size_t bytes,
                       size_t begin) {
  size_t found = SIZE_MAX, at = begin;
  uint32_t state = 1, class_count = classes->count + 1;
  while (state) {
    utf8proc_int32_t code = UTF8_REPLACEMENT;
    utf8proc_ssize_t length = 0;
    if (at < bytes)
      length = utf8proc_iterate((const utf8proc_uint8_t *)text + at, (utf8proc_ssize_t)(bytes - at), &code);
    uint32_t class = at < bytes ? classes->of_code[length > 0 ? code : UTF8_REPLACEMENT] : classes->count;
    uint32_t transition = dfa->transitions[state * class_count + class];
    if (transition & 1) found = at;
    if (at >= bytes) break;
    state = transition >> 1;
    at += length > 0 ? (size_t)length : 1;
  }
  return found;
}
