/*
 * decoder.c: decoder -> the text of each token. Whatever a decoder does to each
 * token by itself is done here; what depends on the token's place is left to a
 * few fields of the header.
 */
#include "tokenizer/build.h"

#include <stdlib.h>
#include <string.h>

/* ---- one function per type --------------------------------------------------------- */

static status read_byte_level(tok_build *b, const json_view *view) {
  if (!(b->header.flags & TOK_BYTE_LEVEL))
    return view_fail(b->a, view, "a ByteLevel decoder without a ByteLevel pre-tokenizer is not supported");
  return OK; /* tok_byte_level_texts has made the texts */
}

static void replace_in_texts(tok_build *b, tok_string from, tok_string to) {
  for (uint32_t id = 0; id < b->vocab_size; id++)
    if (from.count <= b->text[id].count) b->text[id] = tok_replace_all(b->a, b->text[id], from, to);
}

static status read_replace(tok_build *b, const json_view *view) {
  tok_string from, to;
  TRY(tok_read_replace(b, view, &from, &to));
  replace_in_texts(b, from, to);
  return OK;
}

/* <0x0A> becomes the byte itself. */
static status read_byte_fallback(tok_build *b, const json_view *view) {
  (void)view;
  for (uint32_t id = 0; id < b->vocab_size; id++) {
    tok_string *token = &b->text[id];
    if (token->count != 6 || memcmp(token->bytes, "<0x", 3) != 0 || token->bytes[5] != '>') continue;
    char *end, *byte = arena_alloc(b->a, 1), digits[3] = {token->bytes[3], token->bytes[4]};
    *byte = (char)strtoul(digits, &end, 16);
    if (end == digits + 2 && digits[0] != '+' && digits[0] != '-' && digits[0] != ' ')
      *token = (tok_string){byte, 1};
  }
  return OK;
}

static status read_fuse(tok_build *b, const json_view *view) {
  (void)b, (void)view; /* tokens are joined anyway */
  return OK;
}

typedef struct {
  tok_string content;
  uint32_t start, stop;
} stripping;

static status read_stripping(tok_build *b, const json_view *view, stripping *s) {
  json_view content_member = view_member(view, "content");
  json_view start_member = view_member(view, "start"), stop_member = view_member(view, "stop");
  TRY(view_string(b->a, &content_member, &s->content.bytes, &s->content.count));
  TRY(view_unsigned(b->a, &start_member, UINT16_MAX, &s->start));
  TRY(view_unsigned(b->a, &stop_member, UINT16_MAX, &s->stop));
  return s->content.count ? OK : view_fail(b->a, &content_member, "the content is empty");
}

/* Of each token. */
static status read_strip(tok_build *b, const json_view *view) {
  stripping s;
  TRY(read_stripping(b, view, &s));
  for (uint32_t id = 0; id < b->vocab_size; id++) {
    tok_string *t = &b->text[id];
    for (uint32_t i = 0; i < s.start && tok_begins_with(*t, s.content); i++) {
      t->bytes += s.content.count;
      t->count -= s.content.count;
    }
    for (uint32_t i = 0; i < s.stop && tok_ends_with(*t, s.content); i++) t->count -= s.content.count;
  }
  return OK;
}

/* Of the whole text, after Fuse. */
static status read_strip_all(tok_build *b, const json_view *view) {
  stripping s;
  TRY(read_stripping(b, view, &s));
  if (strcmp(s.content.bytes, " ") != 0)
    return view_fail(b->a, view, "after Fuse, only spaces can be stripped");
  b->header.strip_start = s.start;
  b->header.strip_end = s.stop;
  return OK;
}

static status read_metaspace(tok_build *b, const json_view *view) {
  tok_string mark;
  json_view member = view_member(view, "replacement");
  TRY(view_string(b->a, &member, &mark.bytes, &mark.count));
  if (!mark.count) return view_fail(b->a, &member, "the replacement is empty");
  replace_in_texts(b, mark, (tok_string){" ", 1});
  b->header.strip_start = 1;
  return OK;
}

/* What people write without a space before it, in this order: replaced wherever it stands. */
static const struct {
  const char *from, *to;
} cleanings[] = {{" .", "."},     {" ?", "?"},   {" !", "!"},   {" ,", ","},     {" ' ", "'"},
                 {" n't", "n't"}, {" 'm", "'m"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};

/* Insides of words lose their prefix, other tokens get a space before, which the first one drops again. */
static void join_words(tok_build *b, tok_string prefix) {
  for (uint32_t id = 0; id < b->vocab_size; id++) {
    tok_string old = b->text[id];
    if (prefix.count && tok_begins_with(old, prefix)) {
      b->text[id] = (tok_string){old.bytes + prefix.count, old.count - prefix.count};
      continue;
    }
    char *bytes = arena_alloc(b->a, old.count + 1);
    *bytes = ' ';
    if (old.count) memcpy(bytes + 1, old.bytes, old.count);
    b->text[id] = (tok_string){bytes, old.count + 1};
    if (!old.count) b->flags[id] |= TOK_CLOSED;
  }
}

/* Texts without the spaces that people leave out. */
static void clean_texts(tok_build *b) {
  for (size_t i = 0; i < sizeof cleanings / sizeof *cleanings; i++)
    replace_in_texts(b, (tok_string){cleanings[i].from, strlen(cleanings[i].from)},
                     (tok_string){cleanings[i].to, strlen(cleanings[i].to)});
}

static status read_word_piece(tok_build *b, const json_view *view) {
  json_view prefix_member = view_member(view, "prefix"), cleanup_member = view_member(view, "cleanup");
  tok_string prefix = {"##", 2};
  bool cleanup;
  if (!view_is_absent(&prefix_member)) TRY(view_string(b->a, &prefix_member, &prefix.bytes, &prefix.count));
  TRY(view_bool(b->a, &cleanup_member, true, &cleanup));
  join_words(b, prefix);
  b->header.strip_start = 1;
  b->header.prefix_offset = tok_store_step_bytes(b, prefix);
  b->header.prefix_bytes = (uint32_t)prefix.count;
  if (!cleanup) return OK;
  bool *spaced = ARENA_ARRAY(b->a, bool, b->vocab_size);
  for (uint32_t id = 0; id < b->vocab_size; id++)
    spaced[id] = b->text[id].count && b->text[id].bytes[0] == ' ';
  clean_texts(b);
  for (uint32_t id = 0; id < b->vocab_size; id++)
    if (spaced[id] && b->text[id].bytes[0] != ' ') b->flags[id] |= TOK_CLOSED;
  return OK;
}

/* An optional member that is a text; absent: empty. */
static status read_text(tok_build *b, const json_view *view, const char *name, tok_string *result) {
  json_view member = view_member(view, name);
  *result = (tok_string){"", 0};
  return view_is_absent(&member) ? OK : view_string(b->a, &member, &result->bytes, &result->count);
}

/* The suffix of words is a space, but not at the end of the text. */
static status read_bpe(tok_build *b, const json_view *view) {
  tok_string suffix;
  TRY(read_text(b, view, "suffix", &suffix));
  if (!suffix.count) return view_fail(b->a, view, "a BPEDecoder without a suffix is not supported");
  replace_in_texts(b, suffix, (tok_string){" ", 1});
  b->header.strip_end = 1;
  return OK;
}

/* Connectionist temporal classification: what repeats is one token unless the pad token is between. */
static status read_ctc(tok_build *b, const json_view *view) {
  tok_string pad, delimiter;
  json_view cleanup_member = view_member(view, "cleanup");
  bool cleanup;
  TRY(read_text(b, view, "pad_token", &pad));
  TRY(read_text(b, view, "word_delimiter_token", &delimiter));
  TRY(view_bool(b->a, &cleanup_member, true, &cleanup));
  b->header.flags |= TOK_MERGE_REPEATS;
  for (uint32_t id = 0; id < b->vocab_size; id++)
    if (pad.count && tok_equal(b->text[id], pad)) b->text[id] = (tok_string){0};
  if (!cleanup) return OK;
  clean_texts(b);
  if (delimiter.count) replace_in_texts(b, delimiter, (tok_string){" ", 1});
  b->header.strip_start = b->header.strip_end = UINT32_MAX;
  return OK;
}

/* No decoder: tokens with spaces between. */
static void space_tokens(tok_build *b) {
  join_words(b, (tok_string){0});
  b->header.strip_start = 1;
}

static const struct {
  const char *type;
  status (*read)(tok_build *b, const json_view *view);
  bool joins; /* what comes after it sees one text, or a first or last token that is no longer plain */
} types[] = {{"ByteLevel", read_byte_level, true},
             {"Replace", read_replace, false},
             {"ByteFallback", read_byte_fallback, false},
             {"Fuse", read_fuse, true},
             {"Strip", read_strip, false},
             {"Metaspace", read_metaspace, true},
             {"WordPiece", read_word_piece, true},
             {"BPEDecoder", read_bpe, true},
             {"CTC", read_ctc, true}};

static status read_plain(tok_build *b, const json_view *view, bool *joins) {
  const char *type;
  TRY(view_type(b->a, view, &type));
  for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
    if (strcmp(type, types[i].type) != 0) continue;
    *joins = types[i].joins;
    return types[i].read(b, view);
  }
  return view_fail(b->a, view, "decoders of type %s are not supported", type);
}

/* Strip means the ends of the whole text only after Fuse; before it, those of each token. */
static status read_sequence(tok_build *b, const json_view *view) {
  json_view items = view_member(view, "decoders");
  const char *type = "", *joined = NULL; /* by which type */
  TRY(view_array(b->a, &items));
  for (size_t i = 0; i < view_item_count(&items); i++) {
    json_view item = view_item(&items, i);
    bool joins = false, is_fused = joined && strcmp(joined, "Fuse") == 0;
    TRY(view_type(b->a, &item, &type));
    if (is_fused && strcmp(type, "Strip") == 0) {
      TRY(read_strip_all(b, &item));
      continue;
    }
    if (joined && strcmp(type, "Fuse") != 0)
      return view_fail(b->a, &item, "%s after %s is not supported", type, joined);
    TRY(read_plain(b, &item, &joins));
    if (joins && !joined) joined = type;
  }
  return OK;
}

static status read_one(tok_build *b, const json_view *view) {
  const char *type;
  bool joins;
  TRY(view_type(b->a, view, &type));
  return strcmp(type, "Sequence") == 0 ? read_sequence(b, view) : read_plain(b, view, &joins);
}

/* What ends words in the vocabulary is a space, where there is a decoder at all; not at the ends of text
 * without special tokens. */
static void end_words(tok_build *b) {
  if (!b->ending.count) return;
  replace_in_texts(b, b->ending, (tok_string){" ", 1});
  if (b->header.strip_start || b->header.strip_end) return;
  b->header.strip_start = b->header.strip_end = UINT32_MAX;
  b->header.flags |= TOK_STRIP_SKIPPING;
}

status tok_read_decoder(tok_build *b, const json_view *root) {
  json_view view = view_member(root, "decoder");
  if (b->header.flags & TOK_BYTE_LEVEL) {
    const char *type;
    if (view_is_absent(&view))
      return view_fail(b->a, &view, "byte-level tokenizers without a decoder are not supported");
    TRY(view_type(b->a, &view, &type));
    if (strcmp(type, "ByteLevel") != 0)
      return view_fail(b->a, &view, "a byte-level tokenizer with a decoder of type %s is not supported",
                       type);
    tok_byte_level_texts(b);
    end_words(b);
    return OK;
  }
  for (uint32_t id = 0; id < b->vocab_size; id++) b->text[id] = b->spelling[id];
  if (view_is_absent(&view)) {
    space_tokens(b);
    return OK;
  }
  TRY(read_one(b, &view));
  end_words(b);
  return OK;
}
