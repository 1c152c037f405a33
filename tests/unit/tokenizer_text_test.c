/* tokenizer_text_test.c: small tokenizers, from text to ids and back. */
#define _POSIX_C_SOURCE 200809L /* mkstemp, fdopen */
#include "tokenizer_fixture.h"

#define FALLBACK                                                                                             \
  "{" ADDED "," TEMPLATE ",'normalizer':{'type':'Sequence','normalizers':[{'type':'Prepend','prepend':"      \
  "'\\u2581'},{'type':'Replace','pattern':{'String':' '},'content':'\\u2581'}]},'pre_tokenizer':null,"       \
  "'decoder':{'type':'Sequence','decoders':[{'type':'Replace','pattern':{'String':'\\u2581'},'content':' "   \
  "'},"                                                                                                      \
  "{'type':'ByteFallback'},{'type':'Fuse'},{'type':'Strip','content':' ','start':1,'stop':0}]},"             \
  "'model':{'type':'BPE','unk_token':'?','fuse_unk':true,'byte_fallback':true,'vocab':{'?':0,'\\u2581':1,"   \
  "'l':2,'o':3,'w':4,'lo':5,'low':6,'\\u2581low':7,'<0xC3>':8,'<0xA9>':9},"                                  \
  "'merges':['l o','lo w','\\u2581 low']}}"

static void collect(void *user, const char *bytes, size_t count) {
  text_append(user, bytes, count);
}

#define EXPECT_IDS(f, input, flags, ...)                                                                     \
  do {                                                                                                       \
    static const uint32_t expected[] = {__VA_ARGS__};                                                        \
    assert_true(rt_encode(&(f)->encoder, (input), sizeof(input) - 1, (flags)));                              \
    assert_int_equal((f)->encoder.ids.count, sizeof expected / sizeof *expected);                            \
    assert_memory_equal((f)->encoder.ids.items, expected, sizeof expected);                                  \
  } while (0)

/* Decodes the last ids, one at a time, and compares. */
static void expect_text(fixture *f, unsigned flags, const char *expected) {
  text decoded = {0};
  rt_decoder d;
  rt_decoder_init(&d, &f->tokenizer, flags);
  for (size_t i = 0; i < f->encoder.ids.count; i++) rt_decode(&d, f->encoder.ids.items[i], collect, &decoded);
  rt_decode_end(&d, collect, &decoded);
  assert_string_equal(decoded.bytes ? decoded.bytes : "", expected);
  text_free(&decoded);
}

/* Origins of the input's tokens: "begin-end" of each; behind it "+" where it goes on with a word. */
static void expect_origins(fixture *f, const char *input, unsigned flags, const char *expected) {
  rt_origins origins = {0};
  text found = {0};
  assert_true(rt_encode_traced(&f->encoder, input, strlen(input), flags, &origins));
  assert_int_equal(origins.count, f->encoder.ids.count);
  for (size_t i = 0; i < origins.count; i++) {
    const rt_origin *o = &origins.items[i];
    text_print(&found, "%s%u-%u%s", i ? " " : "", (unsigned)o->begin, (unsigned)o->end,
               o->continues ? "+" : "");
  }
  assert_string_equal(found.bytes ? found.bytes : "", expected);
  text_free(&found);
  free(origins.items);
}

/* ---- byte level ------------------------------------------------------------------------- */

static void byte_level_encodes_and_decodes(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, BYTE_LEVEL);
  assert_string_equal(f.summary.family, "byte-level BPE");
  assert_int_equal(f.summary.vocab_size, 22);
  EXPECT_IDS(&f, "lower", RT_ADD_SPECIAL, 20, 9, 10);
  expect_text(&f, RT_SKIP_SPECIAL, "lower");
  expect_text(&f, 0, "<s>lower");
  EXPECT_IDS(&f, "low low", 0, 9, 5, 9); /* l and o merge before the space and l would */
  end(&f);
}

static void added_tokens_are_cut_out(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, BYTE_LEVEL);
  EXPECT_IDS(&f, "lo<s>lo", 0, 8, 20, 8);
  EXPECT_IDS(&f, "lo  <m> lo", 0, 8, 21, 5, 8); /* <m> takes the space before it */
  EXPECT_IDS(&f, "<s>", RT_ADD_SPECIAL, 20, 20);
  assert_true(rt_encode(&f.encoder, "<s>lo", 5, RT_IGNORE_SPECIAL)); /* < and > are no tokens here */
  assert_int_equal(f.encoder.ids.count, 1);
  end(&f);
}

static void origins_are_whole_characters(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, BYTE_LEVEL);
  expect_origins(&f, "lower low", RT_ADD_SPECIAL, "0-0 0-3 3-5+ 5-6 6-9+");
  expect_origins(&f, "\u00e9w", 0, "0-2 0-2+ 2-3+");
  expect_origins(&f, "\xc3w", 0, "0-1 1-2"); /* broken bytes are a piece of their own */
  expect_origins(&f, "lo  <m> lo<s>", 0, "0-2 2-7 7-8 8-10+ 10-13"); /* <m> takes the spaces before it */
  EXPECT_IDS(&f, "lower", 0, 9, 10);                                 /* and nothing is left behind */
  end(&f);
}

static void origins_lose_spaces_where_the_tokenizer_says_so(void **unused) {
  (void)unused;
  fixture f;
  begin(
      &f,
      "{" ADDED
      ",'post_processor':{'type':'ByteLevel','add_prefix_space':false,'trim_offsets':true}," BYTE_LEVEL_PARTS
      "," BYTE_LEVEL_MODEL "}");
  expect_origins(&f, " l l ", 0, "1-2 3-4 5-5");
  end(&f);
  begin(&f, "{" ADDED ",'post_processor':{'type':'ByteLevel','add_prefix_space':true}," BYTE_LEVEL_PARTS
            "," BYTE_LEVEL_MODEL "}");
  expect_origins(&f, " l l ", 0, "0-2 3-4 5-5");
  end(&f);
}

static void origins_reach_through_steps(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, FALLBACK);
  expect_origins(&f, "low low", 0, "0-3 3-7"); /* the mark before the text stands for its first letter */
  expect_origins(&f, "\u00e9lo", 0, "0-2 0-2+ 0-2+ 2-4+");
  expect_origins(&f, "lo \u4e2d w", 0, "0-1 0-2+ 2-3 3-6+ 6-7 7-8+");
  end(&f);
}

static void broken_bytes_pass_through_byte_level(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, BYTE_LEVEL);
  EXPECT_IDS(&f, "\xc3\xc3\xa9", 0, 6, 6, 7);
  expect_text(&f, 0, "\xef\xbf\xbd\xc3\xa9");
  end(&f);
}

static void decoding_never_shows_half_a_character(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, BYTE_LEVEL);
  text out = {0};
  rt_decoder d;
  rt_decoder_init(&d, &f.tokenizer, 0);
  rt_decode(&d, 6, collect, &out);
  assert_int_equal(out.count, 0);
  rt_decode(&d, 7, collect, &out);
  assert_string_equal(out.bytes, "\xc3\xa9");
  rt_decode(&d, 6, collect, &out);
  rt_decode(&d, 0, collect, &out); /* what was held can no longer become a character */
  assert_string_equal(out.bytes, "\xc3\xa9\xef\xbf\xbdl");
  rt_decode(&d, 6, collect, &out);
  rt_decode(&d, 4000000000u, collect, &out);
  rt_decode_end(&d, collect, &out);
  assert_string_equal(out.bytes, "\xc3\xa9\xef\xbf\xbdl\xef\xbf\xbd");
  text_free(&out);
  end(&f);
}

/* ---- byte fallback ----------------------------------------------------------------------- */

static void fallback_encodes_and_decodes(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, FALLBACK);
  assert_string_equal(f.summary.family, "BPE with byte fallback");
  EXPECT_IDS(&f, "low low", RT_ADD_SPECIAL, 20, 7, 7);
  expect_text(&f, RT_SKIP_SPECIAL, "low low");
  expect_text(&f, 0, "<s> low low");
  EXPECT_IDS(&f, "lo\xc3\xa9", 0, 1, 5, 8, 9);
  expect_text(&f, 0, "lo\xc3\xa9");
  EXPECT_IDS(&f, "lxyo", 0, 1, 2, 0, 3); /* two unknown characters, one unknown token */
  assert_true(rt_encode(&f.encoder, "", 0, 0));
  assert_int_equal(f.encoder.ids.count, 0);
  EXPECT_IDS(&f, "  low", 0, 1, 1, 7);
  expect_text(&f, 0, "  low");
  end(&f);
}

/* ---- symbols that are marked by their place in a word ------------------------------------------ */

#define MARKED                                                                                               \
  "{'pre_tokenizer':{'type':'WhitespaceSplit'},'decoder':{'type':'BPEDecoder','suffix':'</w>'},'model':{"    \
  "'type':'BPE','unk_token':'?','continuing_subword_prefix':'##','end_of_word_suffix':'</w>','dropout':0,"   \
  "'vocab':{'?':0,'a':1,'##b':2,'##c</w>':3,'##bc</w>':4,'c</w>':5,'ab':6,'##a':7,'##a</w>':8,'aa</w>':9},"  \
  "'merges':['##b ##c</w>','a ##b','a ##a</w>']}}"

static void places_in_words_are_marked(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, MARKED);
  EXPECT_IDS(&f, "abc c", 0, 1, 4, 5); /* what merges loses the right part's prefix */
  expect_text(&f, 0, "a##bc c");
  EXPECT_IDS(&f, "aba aa", 0, 6, 8, 9);
  EXPECT_IDS(&f, "a ab xc", 0, 0, 1, 0, 0, 3); /* no a or b that ends a word, no x */
  end(&f);
}

/* ---- WordPiece ----------------------------------------------------------------------------- */

#define WORD_PIECE                                                                                           \
  "{" ADDED "," TEMPLATE ",'normalizer':{'type':'BertNormalizer'},'pre_tokenizer':{'type':"                  \
  "'BertPreTokenizer'},'decoder':{'type':'WordPiece'},'model':{'type':'WordPiece','unk_token':'?',"          \
  "'max_input_chars_per_word':9,'vocab':{'?':0,'low':1,'lower':2,'##er':3,'##s':4,'.':5,'\\u03c3':6,"        \
  "'##\\u03c2':7,'##\\u03c3':8}}}"

static void word_piece_encodes_and_decodes(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, WORD_PIECE);
  assert_string_equal(f.summary.family, "WordPiece");
  EXPECT_IDS(&f, "Lowers L\xc3\xb3w.", RT_ADD_SPECIAL, 20, 2, 4, 1, 5); /* the longest first, accents gone */
  expect_text(&f, RT_SKIP_SPECIAL, "lowers low.");
  expect_text(&f, 0, "<s> lowers low.");
  EXPECT_IDS(&f, "lowx low", 0, 0, 1);                                    /* the whole word is unknown */
  EXPECT_IDS(&f, "lowerserss lowersers", 0, 0, 2, 4, 3, 4);               /* ten letters, nine */
  EXPECT_IDS(&f, "\xce\xa3\xce\xa3\xce\xa3' \xce\xa3", 0, 6, 8, 7, 0, 6); /* final sigma */
  EXPECT_IDS(&f, "lower", 0, 2);
  f.encoder.ids.items[0] = 3; /* a text that begins inside a word */
  expect_text(&f, 0, "##er");
  end(&f);
}

/* ---- Unigram ------------------------------------------------------------------------------- */

#define UNIGRAM(fallback)                                                                                    \
  "{'pre_tokenizer':{'type':'Sequence','pretokenizers':[{'type':'WhitespaceSplit'},{'type':'Metaspace',"     \
  "'replacement':'\\u2581'}]},'decoder':{'type':'Sequence','decoders':[{'type':'ByteFallback'},"             \
  "{'type':'Metaspace','replacement':'\\u2581'}]},'model':{'type':'Unigram','unk_id':0,'byte_fallback'"      \
  ":" fallback                                                                                               \
  ",'vocab':[['<unk>',0],['\\u2581',-2],['a',-1],['aa',-1.5],['aaa',-3],['b',-4],['\\u2581ab',-6.5],"        \
  "['<0xC3>',-9],['<0xA9>',-9]]}}"

static void unigram_takes_the_highest_sum(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, UNIGRAM("false"));
  assert_string_equal(f.summary.family, "Unigram");
  EXPECT_IDS(&f, "ab a", 0, 6, 1, 2); /* -6.5 > -2 - 1 - 4 */
  expect_text(&f, 0, "ab a");
  EXPECT_IDS(&f, "aaa", 0, 1, 2, 3); /* -1.5 - 1 twice: the one whose last token begins first */
  EXPECT_IDS(&f, "x\xc3\xa9y aaaa", 0, 1, 0, 1, 3, 3); /* unknown characters side by side are one */
  end(&f);
  begin(&f, UNIGRAM("true"));
  EXPECT_IDS(&f, "x\xc3\xa9y", 0, 1, 0, 7, 8, 0);
  f.encoder.ids.items[1] = f.encoder.ids.items[4] = 5;
  expect_text(&f, 0,
              "b\xc3\xa9"
              "b");
  end(&f);
}

/* ---- WordLevel, and ways of splitting ---------------------------------------------------------- */

#define WORD_LEVEL(pre_tokenizer, decoder)                                                                   \
  "{'added_tokens':[{'id':20,'content':'ab','single_word':true,'normalized':false}],'pre_tokenizer'"         \
  ":" pre_tokenizer ",'decoder':" decoder ",'model':{'type':'WordLevel','unk_token':'?','vocab':{'?':0,"     \
  "'a':1,'-':2,'a-':3,'-a':4,'--':5,'b-</w>':6,'b</w>':7,'aa':8}}}"
#define SPLIT(behavior, invert)                                                                              \
  "{'type':'Split','pattern':{'String':'-'},'behavior':'" behavior "','invert':" invert "}"

static void splits_join_their_parts(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, WORD_LEVEL(SPLIT("MergedWithPrevious", "false"), "null"));
  assert_string_equal(f.summary.family, "WordLevel");
  EXPECT_IDS(&f, "a--a", 0, 3, 2, 1);
  expect_text(&f, 0, "a- - a"); /* no decoder: tokens with spaces between */
  EXPECT_IDS(&f, "-a-x", 0, 2, 3, 0);
  end(&f);
  begin(&f, WORD_LEVEL(SPLIT("MergedWithNext", "false"), "null"));
  EXPECT_IDS(&f, "a--a", 0, 1, 2, 4);
  EXPECT_IDS(&f, "a-", 0, 1, 2);
  end(&f);
  begin(&f, WORD_LEVEL(SPLIT("MergedWithNext", "true"), "null"));
  EXPECT_IDS(&f, "a--a", 0, 3, 2, 1);
  end(&f);
  begin(&f, WORD_LEVEL(SPLIT("Contiguous", "false"), "null"));
  EXPECT_IDS(&f, "a--a-", 0, 1, 5, 1, 2);
  end(&f);
  begin(&f, WORD_LEVEL("{'type':'CharDelimiterSplit','delimiter':'-'}", "null"));
  EXPECT_IDS(&f, "a--aa-a", 0, 1, 8, 1);
  end(&f);
  begin(&f, WORD_LEVEL("{'type':'FixedLength','length':2}", "null"));
  EXPECT_IDS(&f, "aaa-a", 0, 8, 3, 1);
  end(&f);
}

static void single_words_stand_alone(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, WORD_LEVEL("{'type':'WhitespaceSplit'}", "null"));
  EXPECT_IDS(&f, "ab", 0, 20);
  EXPECT_IDS(&f, "-ab-", 0, 2, 20, 2);
  EXPECT_IDS(&f, "ab\xc3\xa9", 0, 0); /* a letter touches it */
  EXPECT_IDS(&f, "aab ab", 0, 0, 20);
  end(&f);
}

static void suffixes_become_spaces_but_the_last(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, WORD_LEVEL("{'type':'WhitespaceSplit'}", "{'type':'BPEDecoder','suffix':'</w>'}"));
  EXPECT_IDS(&f, "a b</w> a b-</w>", 0, 1, 7, 1, 6);
  expect_text(&f, 0, "ab ab-");
  end(&f);
}

/* ---- pairs ------------------------------------------------------------------------------------- */

#define PAIRS                                                                                                \
  "{'truncation':{'max_length':9,'direction':'Right'},'added_tokens':[{'id':20,'content':'<s>','special':"   \
  "true}],"                                                                                                  \
  "'pre_tokenizer':{'type':'WhitespaceSplit'},'post_processor':{'type':'BertProcessing','cls':['<s>',20],"   \
  "'sep':['-',3]},'model':{'type':'WordLevel','unk_token':'?','vocab':{'?':0,'a':1,'b':2,'-':3}}}"

/* How many ids of either text are kept of a pair of so many. */
static void expect_kept(fixture *f, size_t first, size_t second, size_t most, size_t kept_first,
                        size_t kept_second) {
  static const char first_text[] = "a a a a a a a a a ", second_text[] = "b b b b b b b b b ";
  rt_pair pair = {first_text, second_text, 2 * first, 2 * second};
  assert_true(rt_encode_pair(&f->encoder, pair, most, RT_ADD_SPECIAL));
  assert_int_equal(f->encoder.ids.count, kept_first + kept_second + 3);
  assert_int_equal(f->encoder.types.count, kept_first + kept_second + 3);
  size_t counts[3] = {0}, second_types = 0;
  for (size_t i = 0; i < f->encoder.ids.count; i++) {
    if (f->encoder.ids.items[i] < 3) counts[f->encoder.ids.items[i]]++;
    second_types += f->encoder.types.items[i];
  }
  assert_int_equal(counts[1], kept_first);
  assert_int_equal(counts[2], kept_second);
  assert_int_equal(second_types, kept_second + 1);
}

static void pairs_are_cut_to_the_limit(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, PAIRS);
  assert_int_equal(f.tokenizer.header->truncation_length, 9);
  expect_kept(&f, 2, 3, SIZE_MAX, 2, 3);
  expect_kept(&f, 2, 9, 9, 2, 4); /* the longer one */
  expect_kept(&f, 9, 2, 9, 4, 2);
  expect_kept(&f, 9, 9, 10, 3, 4); /* both */
  expect_kept(&f, 0, 9, 9, 0, 6);
  expect_kept(&f, 5, 5, 3, 0, 0);
  rt_pair pair = {"a", "b", 1, 1};
  assert_false(rt_encode_pair(&f.encoder, pair, 2, RT_ADD_SPECIAL));
  assert_true(rt_encode_pair(&f.encoder, pair, 2, 0));
  assert_int_equal(f.encoder.ids.count, 2);
  end(&f);
}

/* ---- long pieces --------------------------------------------------------------------------- */

/* The heap of long pieces and the scan of short ones give the same: compared over a piece of growing length.
 */
static void long_pieces_merge_as_short_ones(void **unused) {
  (void)unused;
  fixture f;
  begin(&f, BYTE_LEVEL);
  char piece[3 * 100 + 1] = "";
  for (int i = 1; i <= 100; i++) {
    strcat(piece, "low");
    assert_true(rt_encode(&f.encoder, piece, strlen(piece), 0));
    assert_int_equal(f.encoder.ids.count, i);
    for (int k = 0; k < i; k++) assert_int_equal(f.encoder.ids.items[k], 9);
  }
  end(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(byte_level_encodes_and_decodes),
      cmocka_unit_test(added_tokens_are_cut_out),
      cmocka_unit_test(origins_are_whole_characters),
      cmocka_unit_test(origins_lose_spaces_where_the_tokenizer_says_so),
      cmocka_unit_test(origins_reach_through_steps),
      cmocka_unit_test(broken_bytes_pass_through_byte_level),
      cmocka_unit_test(decoding_never_shows_half_a_character),
      cmocka_unit_test(fallback_encodes_and_decodes),
      cmocka_unit_test(pairs_are_cut_to_the_limit),
      cmocka_unit_test(places_in_words_are_marked),
      cmocka_unit_test(word_piece_encodes_and_decodes),
      cmocka_unit_test(unigram_takes_the_highest_sum),
      cmocka_unit_test(splits_join_their_parts),
      cmocka_unit_test(single_words_stand_alone),
      cmocka_unit_test(suffixes_become_spaces_but_the_last),
      cmocka_unit_test(long_pieces_merge_as_short_ones),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
