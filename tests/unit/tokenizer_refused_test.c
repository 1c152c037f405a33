/* tokenizer_refused_test.c: tokenizers that are not compiled, with what is said of them; tables that are not
 * opened. */
#define _POSIX_C_SOURCE 200809L /* mkstemp, fdopen */
#include "tokenizer_fixture.h"

static void failures_name_the_path(void **unused) {
  (void)unused;
  static const struct {
    const char *json, *node, *cause;
  } rows[] = {
      {"{'model':{'type':'WordPiece','vocab':{}}}", "model.unk_token", "unknown token"},
      {"{'model':{'type':'Unigram','vocab':[]}}", "model.vocab", "empty"},
      {"{'model':{'type':'Unigram','vocab':[['a',0],['b']]}}", "model.vocab[1]", "type"},
      {"{'model':{'type':'Unigram','unk_id':1,'vocab':[['a',0]]}}", "model.unk_id", "range"},
      {"{'model':{'type':'Unigram','vocab':[['a\\u0000',0]]}}", "model.vocab[0]", "NUL"},
      {"[]", "the document", "type"},
      {"{'model':3}", "model", "type"},
      {"{'model':{'type':'BPE','vocab':{'a':0,'b':0},'merges':[]}}", "model.vocab", "two tokens"},
      {"{'model':{'type':'BPE','vocab':{'a':-1},'merges':[]}}", "model.vocab.a", "range"},
      {"{'model':{'type':'BPE','vocab':{'a':0},'merges':[],'end_of_word_suffix':"
       "'123456789012345678901234567890123'}}",
       "model.end_of_word_suffix", "longer than 32 bytes"},
      {"{'model':{'type':'BPE','vocab':{'a':0},'merges':[],'end_of_word_suffix':'</"
       "w>','ignore_merges':true}}",
       "model.ignore_merges", "not supported"},
      {"{'model':{'type':'BPE','vocab':{'a':0},'merges':[],'dropout':0.5}}", "model.dropout", "training"},
      {"{'normalizer':{'type':'Sequence','normalizers':[{'type':'NFC'},{'type':'ByteLevel'}]}"
       "," BYTE_LEVEL_PARTS "," BYTE_LEVEL_MODEL "}",
       "normalizer.normalizers[1]", "ByteLevel"},
      {"{'pre_tokenizer':{'type':'Split','pattern':{'Regex':'(?<=a)'},'behavior':'Isolated','invert':false},"
       "'decoder':{'type':'Fuse'}," BYTE_LEVEL_MODEL "}",
       "pre_tokenizer.pattern", "unsupported kind of group"},
      {"{'pre_tokenizer':{'type':'UnicodeScripts'},'decoder':{'type':'Fuse'}," BYTE_LEVEL_MODEL "}",
       "pre_tokenizer", "UnicodeScripts"},
      {"{'pre_tokenizer':{'type':'Split','pattern':{'String':'a'},'behavior':'Other'}," BYTE_LEVEL_MODEL "}",
       "pre_tokenizer.behavior", "Other"},
      {"{'normalizer':{'type':'Replace','pattern':{'Regex':'a*'},'content':''}," BYTE_LEVEL_MODEL "}", "",
       "empty text"},
      {"{'decoder':{'type':'Sequence','decoders':[{'type':'Fuse'},{'type':'ByteFallback'}]}," BYTE_LEVEL_MODEL
       "}",
       "decoder.decoders[1]", "ByteFallback after Fuse"},
      {"{'decoder':{'type':'Other'}," BYTE_LEVEL_MODEL "}", "decoder", "Other"},
      {"{'pre_tokenizer':{'type':'ByteLevel'}," BYTE_LEVEL_MODEL "}", "decoder", "without a decoder"},
      {"{" BYTE_LEVEL_PARTS ",'model':{'type':'BPE','vocab':{'a':0,'b':1},'merges':['a b']}}",
       "model.merges[0]", "'ab'"},
      {"{" BYTE_LEVEL_PARTS ",'post_processor':{'type':'Other'}," BYTE_LEVEL_MODEL "}", "post_processor",
       "Other"},
  };
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
    fixture f;
    status s = compile(&f, rows[i].json);
    if (!s) fail_msg("row %zu is accepted", i);
    assert_int_equal(s->code, STATUS_INPUT);
    assert_non_null(s->file);
    if (*rows[i].node) assert_non_null(s->node);
    if (*rows[i].node) assert_non_null(strstr(s->node, rows[i].node));
    assert_non_null(strstr(s->cause, rows[i].cause));
    assert_int_equal(f.blob.count, 0);
    end(&f);
  }
}

static void broken_blobs_are_refused(void **unused) {
  (void)unused;
  fixture f;
  rt_tokenizer t;
  begin(&f, BYTE_LEVEL);
  assert_non_null(rt_tokenizer_open(&t, f.blob.bytes, f.blob.count - 8));
  assert_non_null(rt_tokenizer_open(&t, f.blob.bytes, 10));
  assert_non_null(rt_tokenizer_open(&t, NULL, 0));
  tok_header *header = (tok_header *)(void *)f.blob.bytes;
  for (int i = 0; i < TOK_SECTION_COUNT; i++) {
    tok_section kept = header->sections[i];
    header->sections[i].offset = UINT32_MAX - 7;
    assert_non_null(rt_tokenizer_open(&t, f.blob.bytes, f.blob.count));
    header->sections[i] = (tok_section){kept.offset, UINT32_MAX};
    assert_non_null(rt_tokenizer_open(&t, f.blob.bytes, f.blob.count));
    header->sections[i] = kept;
  }
  assert_null(rt_tokenizer_open(&t, f.blob.bytes, f.blob.count));
  end(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(failures_name_the_path),
      cmocka_unit_test(broken_blobs_are_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
