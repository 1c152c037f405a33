/* vocab_file.c: vocab.txt of BERT and its like: a token a line, the line's number its id; WordPiece. */
#include "tokenizer/source.h"

#include <string.h>

/* The lines of a file, without their ends. False where there is no more. */
bool tok_next_line(const file_view *file, size_t *at, tok_string *line) {
  if (*at >= file->count) return false;
  const char *begin = (const char *)file->bytes + *at, *end = memchr(begin, '\n', file->count - *at);
  line->bytes = begin;
  line->count = end ? (size_t)(end - begin) : file->count - *at;
  *at += line->count + 1;
  if (line->count && line->bytes[line->count - 1] == '\r') line->count--;
  return true;
}

static status read_vocabulary(arena *a, const file_view *file, json_t *vocab) {
  tok_string line;
  size_t at = 0;
  for (json_int_t id = 0; tok_next_line(file, &at, &line); id++) {
    const char *spelling = arena_format(a, "%.*s", (int)line.count, line.bytes);
    if (id >= TOK_MAX_IDS) return fail(a, STATUS_INPUT, "there are more than 2^22 lines");
    if (strlen(spelling) != line.count || json_object_set_new(vocab, spelling, json_integer(id)))
      return fail_node(a, fail(a, STATUS_INPUT, "the token is not UTF-8 text"), "line %lld",
                       (long long)id + 1);
  }
  return json_object_size(vocab) ? OK : fail(a, STATUS_INPUT, "there are no tokens in it");
}

status tok_read_vocab_file(arena *a, const file_view *file, tok_source *source) {
  static const struct {
    const char *name, *usual;
  } specials[] = {{"pad_token", "[PAD]"},
                  {"unk_token", "[UNK]"},
                  {"cls_token", "[CLS]"},
                  {"sep_token", "[SEP]"},
                  {"mask_token", "[MASK]"}};
  json_t *vocab = json_object(), *strip = json_object_get(source->config, "strip_accents");
  const char *unknown = tok_config_token(source, "unk_token", "[UNK]");
  source->document =
      json_pack("{s:{s:s, s:s, s:s, s:o}, s:{s:s}, s:{s:s, s:s, s:b}, s:{s:s, s:b, s:b, s:b}}", "model",
                "type", "WordPiece", "unk_token", unknown, "continuing_subword_prefix", "##", "vocab", vocab,
                "pre_tokenizer", "type", "BertPreTokenizer", "decoder", "type", "WordPiece", "prefix", "##",
                "cleanup", true, "normalizer", "type", "BertNormalizer", "clean_text", true,
                "handle_chinese_chars", tok_config_flag(source, "tokenize_chinese_chars", true), "lowercase",
                tok_config_flag(source, "do_lower_case", true));
  if (!source->document) return fail(a, STATUS_INPUT, "tokenizer_config.json holds a text that is not UTF-8");
  if (json_is_boolean(strip))
    json_object_set(json_object_get(source->document, "normalizer"), "strip_accents", strip);
  TRY(read_vocabulary(a, file, vocab));
  TRY(tok_add_listed_tokens(a, source));
  for (size_t i = 0; i < sizeof specials / sizeof *specials; i++)
    tok_add_named_token(source, specials[i].name, specials[i].usual, TOK_SPECIAL);
  tok_set_template(source, "bAe", "bAeBe",
                   &(tok_template_tokens){.before = tok_config_token(source, "cls_token", "[CLS]"),
                                          .after = tok_config_token(source, "sep_token", "[SEP]")},
                   true);
  return OK;
}
