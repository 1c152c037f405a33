/* normal_form.c: the tables that Unicode normalization form C needs, from utf8proc's Unicode data. */
#include "tokenizer/build.h"

#include <stdlib.h>
#include <utf8proc.h>

#include "tokenizer/two_level.h"

enum { HANGUL_FIRST = 0xac00, HANGUL_LAST = 0xd7a3, JAMO_FIRST = 0x1100, JAMO_LAST = 0x11ff };

static int compare_compositions(const void *x, const void *y) {
  const tok_composition *p = x, *q = y;
  if (p->first != q->first) return p->first < q->first ? -1 : 1;
  return p->second < q->second ? -1 : p->second > q->second;
}

/* The canonical decomposition in full, with all steps made: at most 4 code points. */
static utf8proc_ssize_t decompose(uint32_t code, utf8proc_int32_t out[8]) {
  int last_boundary = 0;
  return utf8proc_decompose_char((utf8proc_int32_t)code, out, 8, UTF8PROC_DECOMPOSE, &last_boundary);
}

/* The code point that NFC makes of `codes`, or 0 where it makes more than one. */
static uint32_t compose(const utf8proc_int32_t *codes, utf8proc_ssize_t count) {
  utf8proc_int32_t work[8];
  for (utf8proc_ssize_t i = 0; i < count; i++) work[i] = codes[i];
  count = utf8proc_normalize_utf32(work, count, UTF8PROC_STABLE | UTF8PROC_COMPOSE);
  return count == 1 ? (uint32_t)work[0] : 0;
}

/*
 * Unicode's own mappings are to one or two code points, of which the first may
 * decompose again. utf8proc gives only the full form d1 .. dn; its first n - 1
 * compose to that first code point.
 */
static void add_mapping(uint32_t code, const utf8proc_int32_t *full, utf8proc_ssize_t count,
                        tok_decomposition *decomposition) {
  uint32_t first = count > 2 ? compose(full, count - 1) : (uint32_t)full[0];
  *decomposition = (tok_decomposition){code, first, count > 1 ? (uint32_t)full[count - 1] : 0};
}

void tok_pack_normal_form(tok_build *b) {
  bool needed = false;
  for (size_t i = 0; i < b->step_count; i++) needed = needed || b->steps[i].kind == TOK_STEP_NFC;
  if (!needed) return;
  tok_decomposition *decompositions = NULL;
  tok_composition *compositions = NULL;
  size_t decomposition_count = 0, decomposition_capacity = 0, composition_count = 0, composition_capacity = 0;
  uint8_t *marks = ARENA_ARRAY(b->a, uint8_t, TOK_CODE_POINTS);
  for (uint32_t code = 0; code < TOK_CODE_POINTS; code++) {
    uint8_t combining = (uint8_t)utf8proc_get_property((utf8proc_int32_t)code)->combining_class;
    if (combining) marks[code] = combining;
    if ((code >= HANGUL_FIRST && code <= HANGUL_LAST) || (code >= JAMO_FIRST && code <= JAMO_LAST)) {
      marks[code] = TOK_MARK_STARTER;
      continue;
    }
    utf8proc_int32_t full[8];
    utf8proc_ssize_t count = decompose(code, full);
    if (count < 1 || count > 8 || (count == 1 && (uint32_t)full[0] == code)) continue;
    if (!combining) marks[code] = TOK_MARK_STARTER;
    tok_decomposition row;
    add_mapping(code, full, count, &row);
    ARENA_PUSH(b->a, decompositions, decomposition_count, decomposition_capacity) = row;
    if (count < 2 || compose(full, count) != code) continue; /* a singleton, or excluded from composition */
    ARENA_PUSH(b->a, compositions, composition_count, composition_capacity) =
        (tok_composition){row.first, row.second, code};
    if (!marks[row.second]) marks[row.second] = TOK_MARK_STARTER;
  }
  if (composition_count) qsort(compositions, composition_count, sizeof *compositions, compare_compositions);
  TOK_SET_SECTION(b, decompositions, decompositions, decomposition_count);
  TOK_SET_SECTION(b, compositions, compositions, composition_count);
  tok_pack_two_level(b, marks, TOK_SECTION_mark_blocks, TOK_SECTION_marks);
}
