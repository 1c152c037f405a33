/* splits.c: the splits' regular expressions -> one table of classes and a DFA each. */
#include "tokenizer/build.h"

#include "tokenizer/two_level.h"

/* The classes of the characters that spell bytes, where a split comes after ByteLevel. */
static void pack_byte_classes(tok_build *b, const regex_classes *classes) {
  bool wanted = false;
  uint16_t codes[256];
  uint8_t *of_byte = ARENA_ARRAY(b->a, uint8_t, 256);
  for (size_t i = 0; i < b->split_count; i++) wanted = wanted || b->splits[i].over_bytes;
  tok_byte_level_codes(codes);
  for (int byte = 0; byte < 256; byte++) of_byte[byte] = classes->of_code[codes[byte]];
  if (wanted) TOK_SET_SECTION(b, byte_classes, of_byte, 256);
}

status tok_pack_splits(tok_build *b) {
  if (!b->split_count) return OK;
  regex_classes classes;
  TRY(regex_classify(b->a, b->programs, b->program_count, &classes));
  tok_pack_two_level(b, (const void *[]){classes.of_code}, 1, sizeof *classes.of_code,
                     TOK_SECTION_class_blocks, TOK_SECTION_classes);
  pack_byte_classes(b, &classes);
  b->header.class_count = classes.count + 1;
  b->header.bad_class = classes.of_code[0xfffd];

  tok_split *splits = ARENA_ARRAY(b->a, tok_split, b->split_count);
  uint16_t *transitions = NULL;
  size_t count = 0, capacity = 0;
  for (size_t i = 0; i < b->split_count; i++) {
    regex_dfa dfa;
    TRY(regex_determinize(b->a, &b->programs[i], &classes, &dfa));
    splits[i] = (tok_split){b->splits[i].kind,      b->splits[i].inverted, b->splits[i].over_bytes,
                            b->splits[i].steps_end, dfa.state_count,       (uint32_t)count};
    for (size_t k = 0; i < b->header.first_split && k < b->header.class_count; k++)
      if (dfa.transitions[b->header.class_count + k] & 1) /* from the start, before anything is read */
        return fail(b->a, STATUS_INPUT,
                    "a normalizer replaces matches of an expression that the empty text matches");
    for (size_t k = 0; k < (size_t)dfa.state_count * b->header.class_count; k++)
      ARENA_PUSH(b->a, transitions, count, capacity) = dfa.transitions[k];
  }
  TOK_SET_SECTION(b, splits, splits, b->split_count);
  TOK_SET_SECTION(b, transitions, transitions, count);
  return OK;
}
