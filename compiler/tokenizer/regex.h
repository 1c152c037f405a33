/*
 * regex.h: a pre-tokenizer's regular expression, from its text to a DFA.
 *   regex_parse    text -> syntax tree          regex_parse.c
 *   regex_program  tree -> NFA                  regex_program.c
 *   regex_dfa      NFA -> DFA over classes      regex_dfa.c
 * Oniguruma's syntax, as far as one automaton can run it without memory: no
 * back references, no look-behind, look-ahead at one code point only.
 */
#ifndef SMELT_TOKENIZER_REGEX_H
#define SMELT_TOKENIZER_REGEX_H

#include "base/base.h"
#include "tokenizer/code_set.h"

/* ---- the syntax tree ------------------------------------------------------------- */

typedef enum {
  REGEX_SET,       /* one code point of `set` */
  REGEX_SEQUENCE,  /* all children in order; none: the empty text */
  REGEX_CHOICE,    /* the first child that leads to a match */
  REGEX_REPEAT,    /* the only child, min to max times */
  REGEX_LOOK_AHEAD /* the next code point is in `set`, or at_end and there is none */
} regex_kind;

typedef enum { REGEX_GREEDY, REGEX_LAZY, REGEX_POSSESSIVE } regex_mode;

typedef struct regex_node {
  regex_kind kind;
  code_set set;
  bool at_end;
  uint32_t min, max; /* max REGEX_NO_LIMIT: any number */
  regex_mode mode;
  struct regex_node **children;
  size_t child_count, child_capacity;
} regex_node;

#define REGEX_NO_LIMIT UINT32_MAX

/* `pattern` is UTF-8. Fails with STATUS_INPUT and the byte offset in the cause. */
status regex_parse(arena *a, const char *pattern, size_t bytes, const regex_node **tree);

/* ---- the NFA (Thompson, "Regular Expression Search Algorithm") ----------------------- */

typedef enum {
  REGEX_STEP_SET,   /* consume a code point of set, go to x */
  REGEX_STEP_SPLIT, /* go to x, or else to y */
  REGEX_STEP_LOOK,  /* if the next code point is in set (or at_end and none is left), go to x */
  REGEX_STEP_MATCH,
} regex_step_kind;

typedef struct {
  regex_step_kind kind;
  uint32_t x, y;
  uint32_t set; /* index into program.sets */
  bool at_end;
} regex_step;

typedef struct {
  regex_step *steps;
  size_t step_count, step_capacity;
  const code_set **sets; /* settled */
  size_t set_count, set_capacity;
  uint32_t start;
} regex_program;

status regex_compile(arena *a, const regex_node *tree, regex_program *program);

/* ---- classes: code points that no set of any program tells apart ------------------- */

typedef struct {
  uint32_t count;   /* without the class of the text's end, which is number `count`; at most 255 */
  uint8_t *of_code; /* class of each of CODE_POINT_COUNT code points */
} regex_classes;

status regex_classify(arena *a, const regex_program *programs, size_t program_count, regex_classes *classes);

/* ---- the DFA -------------------------------------------------------------------------- */

/* transitions[state * (classes.count + 1) + class], as tok_split in smelt/tokenizer.h says. */
typedef struct {
  uint16_t *transitions;
  uint32_t state_count;
} regex_dfa;

status regex_determinize(arena *a, const regex_program *program, const regex_classes *classes,
                         regex_dfa *dfa);
/* The end of the leftmost-first match at `begin` of UTF-8 text, or SIZE_MAX; runtime/text/split.c has a
 * faster one.
 */
size_t regex_match_end(const regex_dfa *dfa, const regex_classes *classes, const char *text, size_t bytes,
                       size_t begin);

#endif
