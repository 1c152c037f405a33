/* code_set.h: sets of Unicode code points, and the properties that regular expressions name. */
#ifndef SMELT_TOKENIZER_CODE_SET_H
#define SMELT_TOKENIZER_CODE_SET_H

#include "base/base.h"

enum { CODE_POINT_COUNT = 0x110000 };

typedef struct {
  uint32_t first, last;
} code_range;

/* Ranges sorted and apart from each other, once code_set_settle has run. */
typedef struct {
  code_range *ranges;
  size_t count, capacity;
} code_set;

void code_set_add(arena *a, code_set *set, uint32_t first, uint32_t last);
void code_set_add_all(arena *a, code_set *set, const code_set *other);
void code_set_settle(code_set *set);
/* The following want settled sets and give settled sets. */
code_set code_set_complement(arena *a, const code_set *set);
bool code_set_has(const code_set *set, uint32_t code);
bool code_sets_meet(const code_set *x, const code_set *y);
/* With every code point that differs from a member only in case (simple mappings of Unicode 15). */
code_set code_set_ignore_case(arena *a, const code_set *set);

/* White_Space of Unicode's PropList.txt, which is what \s means to Oniguruma. */
code_set code_set_white_space(arena *a);
/* \w: Alphabetic (here: letters, letter numbers), marks, decimal digits, connectors. */
code_set code_set_word(arena *a);
/* A general category, "L" or "Lu", or its long name. False: no such property. */
bool code_set_property(arena *a, const char *name, code_set *set);

#endif
