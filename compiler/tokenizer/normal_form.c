/* normal_form.c: the tables that Unicode normalization form C needs, from utf8proc's Unicode data. */
#include "tokenizer/build.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

#include "tokenizer/two_level.h"

enum {
  HANGUL_FIRST = 0xac00, /* composed by rule, not by table (runtime/text/normal_form.c) */
  HANGUL_LAST = 0xd7a3,
  JAMO_FIRST = 0x1100,
  JAMO_LAST = 0x11ff,
  MAX_DECOMPOSITION = 8, /* Unicode's longest canonical one is 4 */
};

/* A code point and what it is in full, all steps made, which is how utf8proc tells it. */
typedef struct {
  uint32_t code;
  utf8proc_int32_t full[MAX_DECOMPOSITION];
  size_t count;
} mapping;

typedef struct {
  mapping *items;
  size_t count, capacity;
} mapping_list;

static bool by_rule(uint32_t code) {
  return (code >= HANGUL_FIRST && code <= HANGUL_LAST) || (code >= JAMO_FIRST && code <= JAMO_LAST);
}

static mapping_list all_mappings(arena *a) {
  mapping_list list = {0};
  for (uint32_t code = 0; code < TOK_CODE_POINTS; code++) {
    mapping m = {.code = code};
    int last_boundary = 0;
    if (by_rule(code)) continue;
    utf8proc_ssize_t count = utf8proc_decompose_char((utf8proc_int32_t)code, m.full, MAX_DECOMPOSITION,
                                                     UTF8PROC_DECOMPOSE, &last_boundary);
    if (count < 1 || count > MAX_DECOMPOSITION || (count == 1 && (uint32_t)m.full[0] == code)) continue;
    m.count = (size_t)count;
    ARENA_PUSH(a, list.items, list.count, list.capacity) = m;
  }
  return list;
}

/*
 * Unicode's own mappings are to one or two code points, of which the first may
 * be decomposed further: the one whose full form is all of `m` but the last.
 */
static uint32_t first_of(const mapping_list *list, const mapping *m) {
  for (size_t i = 0; i < list->count && m->count > 2; i++) {
    const mapping *other = &list->items[i];
    if (other->count == m->count - 1 && memcmp(other->full, m->full, other->count * sizeof *m->full) == 0)
      return other->code;
  }
  return (uint32_t)m->full[0];
}

/* Whether NFC makes one code point of a decomposition again; some are excluded from that. */
static bool composes(const mapping *m) {
  utf8proc_int32_t work[MAX_DECOMPOSITION];
  memcpy(work, m->full, sizeof work);
  return utf8proc_normalize_utf32(work, (utf8proc_ssize_t)m->count, UTF8PROC_STABLE | UTF8PROC_COMPOSE) ==
             1 &&
         (uint32_t)work[0] == m->code;
}

static int compare_compositions(const void *x, const void *y) {
  const tok_composition *p = x, *q = y;
  if (p->first != q->first) return p->first < q->first ? -1 : 1;
  return p->second < q->second ? -1 : p->second > q->second;
}

void tok_pack_normal_form(tok_build *b) {
  bool needed = false;
  for (size_t i = 0; i < b->step_count; i++)
    needed = needed || b->steps[i].kind == TOK_STEP_NFC || b->steps[i].kind == TOK_STEP_NFD;
  if (!needed) return;

  uint8_t *marks = ARENA_ARRAY(b->a, uint8_t, TOK_CODE_POINTS);
  for (uint32_t code = 0; code < TOK_CODE_POINTS; code++) {
    marks[code] = (uint8_t)utf8proc_get_property((utf8proc_int32_t)code)->combining_class;
    if (by_rule(code)) marks[code] = TOK_MARK_STARTER;
  }
  mapping_list list = all_mappings(b->a);
  tok_decomposition *decompositions = ARENA_ARRAY(b->a, tok_decomposition, list.count);
  tok_composition *compositions = ARENA_ARRAY(b->a, tok_composition, list.count);
  size_t composition_count = 0;
  for (size_t i = 0; i < list.count; i++) {
    const mapping *m = &list.items[i];
    uint32_t first = first_of(&list, m), second = m->count > 1 ? (uint32_t)m->full[m->count - 1] : 0;
    decompositions[i] = (tok_decomposition){m->code, first, second};
    if (!marks[m->code]) marks[m->code] = TOK_MARK_STARTER;
    if (!second || !composes(m)) continue;
    compositions[composition_count++] = (tok_composition){first, second, m->code};
    if (!marks[second]) marks[second] = TOK_MARK_STARTER;
  }
  if (composition_count) qsort(compositions, composition_count, sizeof *compositions, compare_compositions);
  TOK_SET_SECTION(b, decompositions, decompositions, list.count);
  TOK_SET_SECTION(b, compositions, compositions, composition_count);
  tok_pack_two_level(b, (const void *[]){marks}, 1, sizeof *marks, TOK_SECTION_mark_blocks,
                     TOK_SECTION_marks);
}
