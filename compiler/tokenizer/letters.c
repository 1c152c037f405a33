/* letters.c: see letters.h. From utf8proc's Unicode data, and what it leaves out of PropList.txt and
 * WordBreakProperty.txt. */
#include "tokenizer/letters.h"

#include <string.h>
#include <utf8proc.h>

#include "tokenizer/code_set.h"
#include "tokenizer/two_level.h"

enum { MAX_DECOMPOSITION = 32, DOTTED_CAPITAL_I = 0x130 }; /* Unicode's longest decomposition is 18 */

uint32_t tok_category_bit(uint32_t code) {
  return 1u << utf8proc_category((utf8proc_int32_t)code);
}

bool tok_is_white_space(uint32_t code) {
  return (code >= 0x09 && code <= 0x0d) || code == 0x85 || tok_category_bit(code) & TOK_CATEGORY(ZS) ||
         code == 0x2028 || code == 0x2029;
}

tok_string tok_code_string(arena *a, uint32_t code) {
  utf8proc_uint8_t bytes[4];
  size_t count = (size_t)utf8proc_encode_char((utf8proc_int32_t)code, bytes);
  return (tok_string){arena_copy(a, bytes, count), count};
}

void tok_map_lowercase(tok_build *b, uint16_t *map) {
  for (uint32_t code = 0; code < TOK_CODE_POINTS; code++) {
    uint32_t lower = (uint32_t)utf8proc_tolower((utf8proc_int32_t)code);
    if (code == DOTTED_CAPITAL_I) /* the only lower-case mapping to several code points */
      tok_map_to(b, map, code, (tok_string){"i\xcc\x87", 3});
    else if (lower != code)
      tok_map_to(b, map, code, tok_code_string(b->a, lower));
  }
}

void tok_map_away(tok_build *b, uint16_t *map, uint32_t categories) {
  for (uint32_t code = 0; code < TOK_CODE_POINTS; code++)
    if (tok_category_bit(code) & categories) tok_map_to(b, map, code, (tok_string){0});
}

static tok_string code_strings(arena *a, const utf8proc_int32_t *codes, utf8proc_ssize_t count) {
  char *bytes = arena_alloc(a, 4 * (size_t)count + 1);
  size_t used = 0;
  for (utf8proc_ssize_t i = 0; i < count; i++)
    used += (size_t)utf8proc_encode_char(codes[i], (utf8proc_uint8_t *)bytes + used);
  return (tok_string){bytes, used};
}

void tok_map_compatible(tok_build *b, uint16_t *map) {
  for (uint32_t code = 0; code < TOK_CODE_POINTS; code++) {
    utf8proc_int32_t all[MAX_DECOMPOSITION], canonical[MAX_DECOMPOSITION];
    int boundary = 0;
    utf8proc_ssize_t all_count = utf8proc_decompose_char((utf8proc_int32_t)code, all, MAX_DECOMPOSITION,
                                                         UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT, &boundary);
    utf8proc_ssize_t count = utf8proc_decompose_char((utf8proc_int32_t)code, canonical, MAX_DECOMPOSITION,
                                                     UTF8PROC_DECOMPOSE, &boundary);
    if (all_count < 1 || all_count > MAX_DECOMPOSITION ||
        (all_count == count && memcmp(all, canonical, (size_t)count * sizeof *all) == 0))
      continue;
    tok_map_to(b, map, code, code_strings(b->a, all, all_count));
  }
}

/* ---- the table of letters ------------------------------------------------------------- */

/* Other_Lowercase and Other_Uppercase of PropList.txt, less what is case-ignorable: that comes first. */
static const code_range other_cased[] = {{0xaa, 0xaa},      {0xba, 0xba},       {0x2160, 0x217f},
                                         {0x24b6, 0x24e9},  {0x1f130, 0x1f149}, {0x1f150, 0x1f169},
                                         {0x1f170, 0x1f189}};
/* Word_Break MidLetter, MidNumLet and Single_Quote of WordBreakProperty.txt. */
static const code_range inside_words[] = {
    {0x27, 0x27},     {0x2e, 0x2e},     {0x3a, 0x3a},     {0xb7, 0xb7},
    {0x387, 0x387},   {0x55f, 0x55f},   {0x5f4, 0x5f4},   {0x2018, 0x2019},
    {0x2024, 0x2024}, {0x2027, 0x2027}, {0xfe13, 0xfe13}, {0xfe52, 0xfe52},
    {0xfe55, 0xfe55}, {0xff07, 0xff07}, {0xff0e, 0xff0e}, {0xff1a, 0xff1a}};

static void mark(uint8_t *letters, const code_range *ranges, size_t count, uint8_t flag) {
  for (size_t i = 0; i < count; i++)
    for (uint32_t code = ranges[i].first; code <= ranges[i].last; code++) letters[code] |= flag;
}
#define MARK(letters, ranges, flag) mark((letters), (ranges), sizeof(ranges) / sizeof *(ranges), (flag))

void tok_pack_letters(tok_build *b) {
  const uint32_t cased = TOK_CATEGORY(LU) | TOK_CATEGORY(LL) | TOK_CATEGORY(LT);
  const uint32_t ignorable =
      TOK_CATEGORY(MN) | TOK_CATEGORY(ME) | TOK_CATEGORY(CF) | TOK_CATEGORY(LM) | TOK_CATEGORY(SK);
  bool needed = false;
  for (size_t i = 0; i < b->step_count; i++) needed = needed || b->steps[i].kind == TOK_STEP_LOWERCASE;
  for (size_t i = 0; i < b->added_count; i++) needed = needed || b->flags[b->added[i].id] & TOK_SINGLE_WORD;
  if (!needed) return;
  uint8_t *letters = ARENA_ARRAY(b->a, uint8_t, TOK_CODE_POINTS);
  for (uint32_t code = 0; code < TOK_CODE_POINTS; code++) {
    uint32_t category = tok_category_bit(code);
    letters[code] =
        (uint8_t)((category & cased ? TOK_CASED : 0) | (category & ignorable ? TOK_CASE_IGNORABLE : 0));
  }
  code_set word = code_set_word(b->a);
  mark(letters, word.ranges, word.count, TOK_WORD);
  MARK(letters, other_cased, TOK_CASED);
  MARK(letters, inside_words, TOK_CASE_IGNORABLE);
  tok_pack_two_level(b, (const void *[]){letters}, 1, sizeof *letters, TOK_SECTION_letter_blocks,
                     TOK_SECTION_letters);
}
