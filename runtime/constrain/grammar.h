/*
 * grammar.h: what a constraint allows, as a table of rules over characters and
 * bytes. The readers (gbnf.c, regex.c, json_schema.c) make it, nfa.c and
 * automaton.c take it apart.
 */
#ifndef RT_CONSTRAIN_GRAMMAR_H
#define RT_CONSTRAIN_GRAMMAR_H

#include "constrain/memory.h"

enum {
  CON_LAST_CODE = 0x10ffff,
  CON_MOST_RULES = 1 << 14,
  CON_MOST_REPEATS = 1 << 16, /* of one repetition that counts */
  CON_MOST_NESTING = 200,     /* of groups, of JSON */
};
#define CON_MANY UINT32_MAX

/* ---- sets of characters (code_set.c) ------------------------------------------------ */

typedef struct {
  uint32_t first, last;
} con_range;

typedef CON_LIST(con_range) con_set;

void con_set_add(con_memory *m, con_set *set, uint32_t first, uint32_t last);
/* Sorts and joins ranges, leaves surrogates out. */
void con_set_normalise(con_memory *m, con_set *set);
/* All characters that a normalised set has not. */
con_set con_set_inverse(con_memory *m, const con_set *set);
con_set con_set_common(con_memory *m, const con_set *x, const con_set *y); /* of normalised ones */

/* ---- texts -------------------------------------------------------------------------- */

typedef enum {
  CON_NOTHING,  /* no text at all, not even the empty one */
  CON_EMPTY,    /* the empty text */
  CON_TEXT,     /* bytes[a .. a + b) */
  CON_SET,      /* one character of ranges[a .. a + b) */
  CON_SEQUENCE, /* a, then b */
  CON_CHOICE,   /* a or b */
  CON_REPEAT,   /* a, at least b and at most c times; c may be CON_MANY */
  CON_RULE,     /* what rule a says */
  CON_BOTH,     /* what a and b both allow; neither may recur */
} con_kind;

typedef struct {
  uint32_t kind; /* con_kind */
  uint32_t a, b, c;
} con_node;

typedef struct {
  const char *name; /* as errors say it */
  uint32_t node;    /* UINT32_MAX until it is defined */
  size_t used_at;   /* where a grammar first names it */
} con_rule;

typedef struct {
  con_memory *memory;
  CON_LIST(con_node) nodes;
  CON_LIST(uint8_t) bytes;
  con_set ranges;
  CON_LIST(con_rule) rules;
  uint32_t root; /* rule */
} con_grammar;

/* Numbers of nodes. Nodes may be used more than once. */
uint32_t con_nothing(con_grammar *g);
uint32_t con_empty(con_grammar *g);
uint32_t con_text(con_grammar *g, const void *bytes, size_t count);
uint32_t con_word(con_grammar *g, const char *text); /* NUL-terminated */
uint32_t con_one_of(con_grammar *g, const con_set *normalised);
uint32_t con_sequence(con_grammar *g, uint32_t a, uint32_t b);
uint32_t con_choice(con_grammar *g, uint32_t a, uint32_t b);
uint32_t con_repeat(con_grammar *g, uint32_t a, uint32_t least, uint32_t most);
uint32_t con_rule_node(con_grammar *g, uint32_t rule);
uint32_t con_both(con_grammar *g, uint32_t a, uint32_t b);

/* The same of items[count]; deep in the last, so that long ones nest little where it matters. */
uint32_t con_all(con_grammar *g, const uint32_t *items, size_t count);
uint32_t con_any(con_grammar *g, const uint32_t *items, size_t count);

uint32_t con_new_rule(con_grammar *g, const char *name);

/* ---- the readers ----------------------------------------------------------------------- */

/* Each fills *g and g->root, or leaves by con_fail_at. */
void con_read_gbnf(con_grammar *g, con_source *s);
void con_read_json_schema(con_grammar *g, con_source *s);
void con_read_regex(con_grammar *g, con_source *s);

/*
 * The node of a regular expression, up to the end of the source. `spell`, where it is not NULL, gives the
 * node of a set of characters as they are written in the text that is constrained. `anywhere`: without ^ and
 * $ the match may lie inside the text.
 */
typedef uint32_t con_spell(con_grammar *g, const con_set *normalised);
uint32_t con_regex_node(con_grammar *g, con_source *s, con_spell *spell, bool anywhere);

/* What follows `node`: *, +, ?, {m}, {m,}, {m,n} or {,n}, stepped over. `spaced`: with spaces inside. */
uint32_t con_read_repeat(con_grammar *g, con_source *s, uint32_t node, bool spaced);

#endif
