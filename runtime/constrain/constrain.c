/* constrain.c: an acceptor: made from one of the three languages, then followed token by token. */
#include "constrain/constrain.h"

#include "constrain/mask.h"
#include "text/tables.h"

#include <stdlib.h>

enum {
  CACHED_MASKS = 16,             /* of places lately at */
  PREPARED_VISITS = 4 << 20,     /* of nodes of the trie, before the first step: some 20 ms */
  MOST_WORKING_BYTES = 128 << 20 /* what is known of states and places, before it is forgotten */
};

typedef struct {
  uint32_t place;
  uint64_t *tokens;
} cached_mask;

struct rt_acceptor {
  jmp_buf escape;
  con_memory reading; /* of the grammar, until its automaton is made */
  con_memory fixed;   /* automaton, trie and sets of characters */
  con_memory working; /* what is found out while texts grow */
  con_automaton automaton;
  con_vocabulary vocabulary;
  con_uniforms uniforms;
  con_stacks stacks;
  con_mask mask;
  cached_mask cache[CACHED_MASKS]; /* by place */
  uint64_t *tokens;                /* of a text's first token, [vocabulary.words] */
  uint64_t *none;                  /* no token, likewise */
  uint32_t place;
  bool at_start; /* nothing was shown yet; as rt_decoder has it */
  uint32_t spaces_to_strip;
  size_t shown_bytes; /* of the last token's own text */
};

/* What one call works on. */
typedef struct {
  rt_acceptor *acceptor;
  smelt_constraint_kind kind;
  con_source source;
  const rt_tokenizer *tokenizer;
  uint32_t vocab_size;
  uint32_t token;
  uint64_t *tokens; /* result */
} job;

/* Does `work`. False: it left by con_fail. */
static bool guard(void (*work)(job *), job *j) {
  if (setjmp(j->acceptor->escape)) return false;
  work(j);
  return true;
}

/* ---- making ----------------------------------------------------------------------------- */

/* A copy of a list's items in `m`, without room for more. */
#define KEEP(m, list)                                                                                        \
  do {                                                                                                       \
    void *kept = con_take((m), (list)->count * sizeof *(list)->items);                                       \
    if ((list)->count) memcpy(kept, (list)->items, (list)->count * sizeof *(list)->items);                   \
    (list)->items = kept;                                                                                    \
    (list)->capacity = (list)->count;                                                                        \
  } while (0)

static void make_automaton(job *j) {
  static void (*const readers[])(con_grammar *, con_source *) = {[SMELT_GRAMMAR] = con_read_gbnf,
                                                                 [SMELT_JSON_SCHEMA] = con_read_json_schema,
                                                                 [SMELT_REGEX] = con_read_regex};
  rt_acceptor *a = j->acceptor;
  con_grammar grammar = {.memory = &a->reading};
  readers[j->kind](&grammar, &j->source);
  con_automaton_make(&a->automaton, &grammar, a->vocabulary.bytes_there);
  KEEP(&a->fixed, &a->automaton.states);
  KEEP(&a->fixed, &a->automaton.next);
  KEEP(&a->fixed, &a->automaton.calls);
}

static void start_work(rt_acceptor *a) {
  con_stacks_make(&a->stacks, &a->working, &a->automaton);
  con_mask_make(&a->mask, &a->working, &a->automaton, &a->vocabulary, &a->uniforms);
  for (int i = 0; i < CACHED_MASKS; i++)
    a->cache[i] = (cached_mask){.tokens = con_take(&a->working, a->vocabulary.words * sizeof(uint64_t))};
}

static void make(job *j) {
  rt_acceptor *a = j->acceptor;
  con_vocabulary_make(&a->vocabulary, &a->fixed, j->tokenizer, j->vocab_size);
  make_automaton(j);
  a->tokens = con_take(&a->fixed, a->vocabulary.words * sizeof *a->tokens);
  a->none = con_take(&a->fixed, a->vocabulary.words * sizeof *a->none);
  con_uniforms_make(&a->uniforms, &a->fixed, &a->automaton, &a->vocabulary);
  start_work(a);
  con_mask_prepare(&a->mask, PREPARED_VISITS);
}

static void set_escape(rt_acceptor *a) {
  a->reading.escape = a->fixed.escape = a->working.escape = &a->escape;
}

rt_acceptor *rt_acceptor_create(smelt_constraint_kind kind, const char *text, size_t bytes,
                                const rt_tokenizer *tokenizer, uint32_t vocab_size,
                                char error[RT_ACCEPTOR_ERROR_BYTES]) {
  rt_acceptor *a = calloc(1, sizeof *a);
  if (!a) {
    strcpy(error, "no memory for the constraint");
    return NULL;
  }
  set_escape(a);
  job j = {.acceptor = a, .kind = kind, .tokenizer = tokenizer, .vocab_size = vocab_size};
  j.source = (con_source){.memory = &a->reading, .text = (const uint8_t *)text, .bytes = bytes};
  if (!guard(make, &j)) {
    const char *why = a->reading.error[0] ? a->reading.error
                      : a->fixed.error[0] ? a->fixed.error
                                          : a->working.error;
    memcpy(error, why, RT_ACCEPTOR_ERROR_BYTES);
    rt_acceptor_free(a);
    return NULL;
  }
  con_release(&a->reading);
  rt_acceptor_reset(a, NULL);
  return a;
}

void rt_acceptor_free(rt_acceptor *a) {
  if (!a) return;
  con_release(&a->reading);
  con_release(&a->fixed);
  con_release(&a->working);
  free(a);
}

/* ---- following a text --------------------------------------------------------------------- */

static void start_text(job *j) {
  rt_acceptor *a = j->acceptor;
  a->place = con_place_of(&a->stacks, a->automaton.start, CON_BEHIND);
}

void rt_acceptor_reset(rt_acceptor *a, const rt_decoder *before) {
  job j = {.acceptor = a};
  const tok_header *header = a->vocabulary.tokenizer->header;
  a->at_start = before ? before->at_start : true;
  a->spaces_to_strip = before ? before->spaces_to_strip : header->strip_start;
  a->place = CON_NOWHERE;
  guard(start_text, &j);
}

static uint32_t step(rt_acceptor *a, uint32_t place, const uint8_t *bytes, size_t count) {
  for (size_t i = 0; i < count && place != CON_NOWHERE; i++) {
    con_open_place(&a->stacks, place);
    place = con_step_open(&a->stacks, a->automaton.classes[bytes[i]]);
  }
  return place;
}

/* The place behind what the first tokens show in front of their text. */
static uint32_t prefixed(rt_acceptor *a) {
  const rt_tokenizer *t = a->vocabulary.tokenizer;
  if (!a->at_start) return a->place;
  return step(a, a->place, t->step_bytes + t->header->prefix_offset, t->header->prefix_bytes);
}

/* As rt_decode does it. */
static void accept(job *j) {
  rt_acceptor *a = j->acceptor;
  const rt_tokenizer *t = a->vocabulary.tokenizer;
  uint8_t buffer[TOK_MERGED_BYTES];
  size_t count;
  const uint8_t *bytes = rt_token_text(t, j->token, buffer, &count);
  uint32_t flags = table_flags(t, j->token), place = a->place;
  a->shown_bytes = 0;
  if (flags & TOK_SPECIAL) return;
  if (count && *bytes != ' ' && !(flags & TOK_CLOSED)) place = prefixed(a);
  a->at_start = false;
  for (; a->spaces_to_strip && count && *bytes == ' '; bytes++, count--) a->spaces_to_strip--;
  if (count) a->spaces_to_strip = 0;
  a->shown_bytes = count;
  a->place = CON_NOWHERE; /* where memory ends */
  a->place = step(a, place, bytes, count);
}

void rt_acceptor_accept(rt_acceptor *a, uint32_t token) {
  job j = {.acceptor = a, .token = token};
  guard(accept, &j);
}

bool rt_acceptor_allows(rt_acceptor *a, uint32_t token) {
  uint32_t place = a->place, spaces = a->spaces_to_strip;
  bool at_start = a->at_start;
  rt_acceptor_accept(a, token);
  bool leads_on = a->place != CON_NOWHERE && a->shown_bytes > 0;
  a->place = place;
  a->at_start = at_start;
  a->spaces_to_strip = spaces;
  return leads_on;
}

static void look_for_end(job *j) {
  rt_acceptor *a = j->acceptor;
  con_open_place(&a->stacks, a->place);
  if (con_draft_has(&a->stacks, CON_END)) j->tokens = a->none; /* any address: it may end */
}

bool rt_acceptor_may_end(rt_acceptor *a) {
  job j = {.acceptor = a};
  return guard(look_for_end, &j) && j.tokens;
}

static void match(job *j) {
  rt_acceptor *a = j->acceptor;
  start_text(j);
  a->place = step(a, a->place, j->source.text, j->source.bytes);
  look_for_end(j);
}

bool rt_acceptor_matches(rt_acceptor *a, const char *text, size_t bytes) {
  job j = {.acceptor = a, .source = {.text = (const uint8_t *)text, .bytes = bytes}};
  return guard(match, &j) && j.tokens;
}

/* ---- which tokens may come ------------------------------------------------------------------ */

/* Of closed tokens no other is the beginning, so far as spelling goes: each is tried by itself. */
static void add_closed(rt_acceptor *a, uint64_t *tokens) {
  const rt_tokenizer *t = a->vocabulary.tokenizer;
  for (uint32_t i = 0; i < t->flagged_count; i++) {
    uint32_t id = t->flagged[i].id;
    if (!(t->flagged[i].flags & TOK_CLOSED) || t->flagged[i].flags & TOK_SPECIAL || id >= a->vocabulary.size)
      continue;
    uint8_t buffer[TOK_MERGED_BYTES];
    size_t count;
    const uint8_t *bytes = rt_token_text(t, id, buffer, &count);
    tokens[id / 64] &= ~((uint64_t)1 << id % 64);
    if (count && step(a, a->place, bytes, count)) tokens[id / 64] |= (uint64_t)1 << id % 64;
  }
}

/* The tokens that a text may begin with: each shows less than its spaces, or more than its text. */
static void add_first(rt_acceptor *a, uint64_t *tokens) {
  const con_trie_node *nodes = a->vocabulary.nodes;
  uint32_t first = 0, end = a->vocabulary.node_count, place = prefixed(a);
  for (uint32_t left = a->spaces_to_strip;; left--) {
    uint32_t space = first;
    while (space < end && nodes[space].byte != ' ') space = nodes[space].skip;
    uint32_t behind = space < end ? nodes[space].skip : end;
    con_mask_add_part(&a->mask, &a->stacks, place, first, space, tokens);
    con_mask_add_part(&a->mask, &a->stacks, place, behind, end, tokens);
    if (space == end) break;
    place = a->place;
    if (left == 0) {
      con_mask_add_part(&a->mask, &a->stacks, place, space, behind, tokens);
      break;
    }
    first = space + 1; /* the space is not seen */
    end = behind;
  }
  if (a->at_start && a->vocabulary.tokenizer->header->prefix_bytes) add_closed(a, tokens);
}

/* Forgets all but the place where the text is. */
static void start_afresh(rt_acceptor *a) {
  con_memory before = a->working;
  con_stacks stacks = a->stacks;
  a->working = (con_memory){.escape = &a->escape};
  a->reading = before; /* which goes even where there is no memory for the rest */
  start_work(a);
  a->place = con_place_copy(&a->stacks, &stacks, a->place);
  con_release(&a->reading);
}

static void find_allowed(job *j) {
  rt_acceptor *a = j->acceptor;
  if (a->working.taken > MOST_WORKING_BYTES) start_afresh(a);
  bool is_first = a->spaces_to_strip || (a->at_start && a->vocabulary.tokenizer->header->prefix_bytes);
  cached_mask *cached = &a->cache[a->place % CACHED_MASKS];
  uint64_t *tokens = is_first ? a->tokens : cached->tokens;
  if (is_first || cached->place != a->place) {
    cached->place = CON_NOWHERE;
    memset(tokens, 0, a->vocabulary.words * sizeof *tokens);
    if (is_first) {
      add_first(a, tokens);
    } else {
      con_mask_add(&a->mask, &a->stacks, a->place, tokens);
      cached->place = a->place;
    }
  }
  j->tokens = tokens;
}

const uint64_t *rt_acceptor_allowed(rt_acceptor *a) {
  job j = {.acceptor = a};
  if (a->place == CON_NOWHERE || !guard(find_allowed, &j)) return a->none;
  return j.tokens;
}
