/*
 * decoder.c: decoder -> the text of each token. Whatever a decoder does to each
 * token by itself is done here; what depends on the token's place is left to a
 * few fields of the header.
 */
#include "tokenizer/build.h"

#include <stdlib.h>
#include <string.h>

static status read_one(tok_build *b, const json_view *view);

/* ---- one function per type --------------------------------------------------------- */

static status read_byte_level(tok_build *b, const json_view *view) {
  if (!(b->header.flags & TOK_BYTE_LEVEL))
    return view_fail(b->a, view, "a ByteLevel decoder without a ByteLevel pre-tokenizer is not supported");
  return OK; /* tok_byte_level_texts has made the texts */
}

static void replace_in_texts(tok_build *b, tok_string from, tok_string to) {
  for (uint32_t id = 0; id < b->vocab_size; id++) {
    tok_string old = b->text[id];
    char *bytes = NULL;
    size_t count = 0, capacity = 0;
    if (from.count > old.count) continue;
    for (size_t at = 0; at < old.count;) {
      bool hit = old.count - at >= from.count && memcmp(old.bytes + at, from.bytes, from.count) == 0;
      for (size_t i = 0; hit && i < to.count; i++) ARENA_PUSH(b->a, bytes, count, capacity) = to.bytes[i];
      if (!hit) ARENA_PUSH(b->a, bytes, count, capacity) = old.bytes[at];
      at += hit ? from.count : 1;
    }
    b->text[id] = (tok_string){bytes, count};
  }
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

static status read_strip(tok_build *b, const json_view *view) {
  tok_string content;
  uint32_t stop;
  json_view content_member = view_member(view, "content");
  json_view start_member = view_member(view, "start"), stop_member = view_member(view, "stop");
  TRY(view_string(b->a, &content_member, &content.bytes, &content.count));
  TRY(view_unsigned(b->a, &start_member, UINT16_MAX, &b->header.strip_start));
  TRY(view_unsigned(b->a, &stop_member, UINT16_MAX, &stop));
  if (strcmp(content.bytes, " ") != 0) return view_fail(b->a, &content_member, "only spaces can be stripped");
  return stop ? view_fail(b->a, &stop_member, "stripping the end of the text is not supported") : OK;
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
    if (prefix.count && old.count >= prefix.count && memcmp(old.bytes, prefix.bytes, prefix.count) == 0) {
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
  for (size_t i = 0; i < sizeof cleanings / sizeof *cleanings; i++)
    replace_in_texts(b, (tok_string){cleanings[i].from, strlen(cleanings[i].from)},
                     (tok_string){cleanings[i].to, strlen(cleanings[i].to)});
  for (uint32_t id = 0; id < b->vocab_size; id++)
    if (spaced[id] && b->text[id].bytes[0] != ' ') b->flags[id] |= TOK_CLOSED;
  return OK;
}

static const struct {
  const char *type;
  status (*read)(tok_build *b, const json_view *view);
} types[] = {{"ByteLevel", read_byte_level},
             {"Replace", read_replace},
             {"ByteFallback", read_byte_fallback},
             {"Fuse", read_fuse},
             {"Strip", read_strip},
             {"Metaspace", read_metaspace},
             {"WordPiece", read_word_piece}};

/* Strip means the start of the whole text only after Fuse; before it, that of each token. */
static status read_sequence(tok_build *b, const json_view *view) {
  json_view items = view_member(view, "decoders");
  bool fused = false;
  TRY(view_array(b->a, &items));
  for (size_t i = 0; i < view_item_count(&items); i++) {
    json_view item = view_item(&items, i);
    const char *type;
    TRY(view_type(b->a, &item, &type));
    if (strcmp(type, "Strip") == 0 && !fused)
      return view_fail(b->a, &item, "Strip is supported after Fuse only");
    if (strcmp(type, "Strip") != 0 && fused)
      return view_fail(b->a, &item, "nothing but Strip may follow Fuse");
    fused = fused || strcmp(type, "Fuse") == 0;
    TRY(read_one(b, &item));
  }
  return OK;
}

static status read_one(tok_build *b, const json_view *view) {
  const char *type;
  TRY(view_type(b->a, view, &type));
  if (strcmp(type, "Sequence") == 0) return read_sequence(b, view);
  for (size_t i = 0; i < sizeof types / sizeof *types; i++)
    if (strcmp(type, types[i].type) == 0) return types[i].read(b, view);
  return view_fail(b->a, view, "decoders of type %s are not supported", type);
}

status tok_read_decoder(tok_build *b, const json_view *root) {
  json_view view = view_member(root, "decoder");
  if (view_is_absent(&view)) return view_fail(b->a, &view, "tokenizers without a decoder are not supported");
  if (b->header.flags & TOK_BYTE_LEVEL) {
    const char *type;
    TRY(view_type(b->a, &view, &type));
    if (strcmp(type, "ByteLevel") != 0)
      return view_fail(b->a, &view, "a byte-level tokenizer with a decoder of type %s is not supported",
                       type);
    tok_byte_level_texts(b);
    return OK;
  }
  for (uint32_t id = 0; id < b->vocab_size; id++) b->text[id] = b->spelling[id];
  return read_one(b, &view);
}
