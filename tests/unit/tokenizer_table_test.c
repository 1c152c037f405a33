/* tokenizer_table_test.c: packed tables of a larger vocabulary: texts put together from merges, both widths
 * of numbers, ids in any order, and tables that are damaged. */
#define _POSIX_C_SOURCE 200809L /* mkstemp, fdopen */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text/text.h"
#include "tokenizer/tokenizer.h"

#include <cmocka.h> /* last: it has a macro fail() */

/* Letters '#' .. '~' without the backslash; a merge of every two; of the first 91 of these with a letter;
 * then "##" doubled again and again. So many that the last texts are put together from parts. */
enum {
  LETTERS = 91,
  PAIRS = LETTERS * LETTERS,
  TRIPLES = LETTERS * LETTERS,
  DOUBLINGS = 8, /* the last is longer than TOK_MERGED_BYTES */
  LONGEST = 4 << (DOUBLINGS - 1),
  TOKENS = LETTERS + PAIRS + TRIPLES + DOUBLINGS,
  FAR_ID = 70000,   /* of an added token; takes three bytes */
  ID_FACTOR = 7919, /* a prime: id -> id * 7919 % TOKENS is one to one */
};

static char spellings[TOKENS][LONGEST + 1];

static void make_spellings(void) {
  char letters[LETTERS];
  int count = 0, at = 0;
  for (char letter = '#'; letter <= '~'; letter++)
    if (letter != '\\') letters[count++] = letter;
  assert_int_equal(count, LETTERS);
  for (int i = 0; i < LETTERS; i++) spellings[at++][0] = letters[i];
  for (int i = 0; i < PAIRS; i++, at++) {
    spellings[at][0] = letters[i / LETTERS];
    spellings[at][1] = letters[i % LETTERS];
  }
  for (int i = 0; i < TRIPLES; i++, at++) {
    spellings[at][0] = letters[0];
    spellings[at][1] = letters[i / LETTERS];
    spellings[at][2] = letters[i % LETTERS];
  }
  for (int i = 0; i < DOUBLINGS; i++, at++) memset(spellings[at], '#', (size_t)4 << i);
}

typedef struct {
  arena a;
  text blob;
  rt_tokenizer tokenizer;
  uint32_t ids[TOKENS];
} fixture;

static void write_json(const fixture *f, FILE *file, bool wide) {
  fprintf(file, "{\"added_tokens\":[");
  if (wide) fprintf(file, "{\"id\":%d,\"content\":\"<far>\",\"special\":true}", FAR_ID);
  fprintf(file, "],\"pre_tokenizer\":{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"use_regex\":false},"
                "\"decoder\":{\"type\":\"ByteLevel\"},\"model\":{\"type\":\"BPE\",\"vocab\":{");
  for (int i = 0; i < TOKENS; i++)
    fprintf(file, "%s\"%s\":%u", i ? "," : "", spellings[i], (unsigned)f->ids[i]);
  fprintf(file, "},\"merges\":[");
  for (int i = 0; i < PAIRS; i++)
    fprintf(file, "%s\"%.1s %.1s\"", i ? "," : "", spellings[LETTERS + i], spellings[LETTERS + i] + 1);
  for (int i = 0; i < TRIPLES; i++) {
    const char *whole = spellings[LETTERS + PAIRS + i];
    fprintf(file, ",\"%.2s %.1s\"", whole, whole + 2);
  }
  for (int i = 0; i < DOUBLINGS; i++) {
    const char *half = spellings[i ? LETTERS + PAIRS + TRIPLES + i - 1 : LETTERS];
    fprintf(file, ",\"%s %s\"", half, half);
  }
  fprintf(file, "]}}");
}

static void begin(fixture *f, uint32_t id_factor, bool wide) {
  *f = (fixture){0};
  for (uint32_t i = 0; i < TOKENS; i++) f->ids[i] = i * id_factor % TOKENS;
  char path[] = "/tmp/smelt_tokenizer_XXXXXX";
  int descriptor = mkstemp(path);
  assert_true(descriptor >= 0);
  FILE *file = fdopen(descriptor, "w");
  write_json(f, file, wide);
  fclose(file);
  tok_summary summary;
  status s = tok_compile(&f->a, path, &f->blob, &summary);
  unlink(path);
  if (s) fail_msg("%s: %s", s->node ? s->node : "", s->cause);
  assert_null(rt_tokenizer_open(&f->tokenizer, f->blob.bytes, f->blob.count));
}

static void end(fixture *f) {
  text_free(&f->blob);
  arena_free(&f->a);
}

static void expect_all_texts(const fixture *f) {
  for (int i = 0; i < TOKENS; i++) {
    uint8_t buffer[TOK_MERGED_BYTES];
    size_t bytes;
    const uint8_t *found = rt_token_text(&f->tokenizer, f->ids[i], buffer, &bytes);
    assert_int_equal(bytes, strlen(spellings[i]));
    assert_memory_equal(found, spellings[i], bytes);
  }
}

static void expect_all_ids(fixture *f) {
  rt_encoder e;
  rt_encoder_init(&e, &f->tokenizer);
  for (int again = 0; again < 2; again++) /* merged, then from the cache */
    for (int i = 0; i < TOKENS; i++) {
      assert_true(rt_encode(&e, spellings[i], strlen(spellings[i]), 0));
      assert_int_equal(e.ids.count, 1);
      assert_int_equal(e.ids.items[0], f->ids[i]);
    }
  rt_encoder_free(&e);
}

static void ids_in_a_row_need_no_tables(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, 1, false);
  assert_int_equal(f.tokenizer.header->number_bytes, 2);
  assert_int_equal(f.tokenizer.merged_ids_count, 0);
  assert_true(f.tokenizer.text_starts_count < TOKENS); /* some texts are not stored */
  expect_all_texts(&f);
  expect_all_ids(&f);
  end(&f);
}

static void ids_may_have_any_order(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, ID_FACTOR, false);
  assert_int_equal(f.tokenizer.merged_ids_count, (PAIRS + TRIPLES + DOUBLINGS) * 2);
  assert_int_equal(f.tokenizer.sources_count, TOKENS * 2);
  expect_all_texts(&f);
  expect_all_ids(&f);
  end(&f);
}

static void ids_may_take_three_bytes(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, ID_FACTOR, true);
  assert_int_equal(f.tokenizer.header->number_bytes, 3);
  expect_all_texts(&f);
  expect_all_ids(&f);
  end(&f);
}

/* Every number of some tables set to the same value, or to noise: cycles, ids and texts that do not exist. */
static void damaged_tables_end(void **unused) {
  (void)unused;
  static const int sections[] = {TOK_SECTION_sources, TOK_SECTION_merges, TOK_SECTION_merge_slots,
                                 TOK_SECTION_merged_ids, TOK_SECTION_text_starts};
  fixture f;
  begin(&f, ID_FACTOR, false);
  char *kept = arena_copy(&f.a, f.blob.bytes, f.blob.count);
  uint32_t seed = 1;
  for (int round = 0; round < 15; round++) {
    const tok_section *section = &f.tokenizer.header->sections[sections[round % 5]];
    uint8_t *bytes = (uint8_t *)f.blob.bytes + section->offset;
    for (uint32_t i = 0; i < section->count; i++) {
      seed = seed * 1664525u + 1013904223u;
      bytes[i] = round < 5 ? 0 : round < 10 ? 0xff : (uint8_t)(seed >> 24);
    }
    if (rt_tokenizer_open(&f.tokenizer, f.blob.bytes, f.blob.count)) continue;
    rt_encoder e;
    rt_encoder_init(&e, &f.tokenizer);
    for (uint32_t i = 0; i < TOKENS; i++) {
      uint8_t buffer[TOK_MERGED_BYTES];
      size_t count;
      rt_token_text(&f.tokenizer, i, buffer, &count);
      assert_true(rt_encode(&e, spellings[i], strlen(spellings[i]), 0));
      for (size_t k = 0; k < e.ids.count; k++) assert_true(e.ids.items[k] < TOKENS);
    }
    rt_encoder_free(&e);
    memcpy(f.blob.bytes, kept, f.blob.count);
    assert_null(rt_tokenizer_open(&f.tokenizer, f.blob.bytes, f.blob.count));
  }
  end(&f);
}

static int set_up(void **unused) {
  (void)unused;
  make_spellings();
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ids_in_a_row_need_no_tables),
      cmocka_unit_test(ids_may_have_any_order),
      cmocka_unit_test(ids_may_take_three_bytes),
      cmocka_unit_test(damaged_tables_end),
  };
  return cmocka_run_group_tests(tests, set_up, NULL);
}
