/* code_set.c: sets of characters as sorted ranges of code points. */
#include "constrain/grammar.h"

enum { FIRST_SURROGATE = 0xd800, LAST_SURROGATE = 0xdfff };

static void add_range(con_memory *m, con_set *set, uint32_t first, uint32_t last) {
  if (first <= last) *con_add(m, set) = (con_range){first, last};
}

/* Surrogates are no characters, so they are left out from the start. */
void con_set_add(con_memory *m, con_set *set, uint32_t first, uint32_t last) {
  add_range(m, set, first, last < FIRST_SURROGATE ? last : FIRST_SURROGATE - 1);
  add_range(m, set, first > LAST_SURROGATE ? first : LAST_SURROGATE + 1, last);
}

static void sort_ranges(con_range *ranges, uint32_t count) {
  for (uint32_t gap = count / 2; gap > 0; gap /= 2) {
    for (uint32_t i = gap; i < count; i++) {
      con_range range = ranges[i];
      uint32_t at = i;
      for (; at >= gap && ranges[at - gap].first > range.first; at -= gap) ranges[at] = ranges[at - gap];
      ranges[at] = range;
    }
  }
}

void con_set_normalise(con_memory *m, con_set *set) {
  con_set joined = {0};
  sort_ranges(set->items, set->count);
  for (uint32_t i = 0; i < set->count; i++) {
    con_range range = set->items[i], *last = joined.count ? &joined.items[joined.count - 1] : NULL;
    if (last && range.first <= last->last + 1) {
      if (range.last > last->last) last->last = range.last;
    } else {
      *con_add(m, &joined) = range;
    }
  }
  *set = joined;
}

con_set con_set_inverse(con_memory *m, const con_set *set) {
  con_set inverse = {0};
  uint32_t next = 0;
  for (uint32_t i = 0; i < set->count; next = set->items[i++].last + 1)
    if (set->items[i].first > next) con_set_add(m, &inverse, next, set->items[i].first - 1);
  if (next <= CON_LAST_CODE) con_set_add(m, &inverse, next, CON_LAST_CODE);
  return inverse;
}

con_set con_set_common(con_memory *m, const con_set *x, const con_set *y) {
  con_set common = {0};
  for (uint32_t i = 0, k = 0; i < x->count && k < y->count;) {
    con_range a = x->items[i], b = y->items[k];
    add_range(m, &common, a.first > b.first ? a.first : b.first, a.last < b.last ? a.last : b.last);
    if (a.last < b.last)
      i++;
    else
      k++;
  }
  return common;
}
