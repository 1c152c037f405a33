/*
 * origins.c: where tokens come from in the text. Encoding itself keeps no track; whoever asks has each buffer
 * of the steps followed byte by byte. A step appends copies of what it reads and, between two copies, what it
 * puts in for what lies between them (rt_append's `bytes` tells which). So the steps need not know of this.
 */
#include "text/encoder.h"

#include <stdlib.h>

enum { MARK_BYTES = 3, BUFFERS = 3 + 2 * (TOK_MAX_SPLITS + 1) };
static const uint8_t mark[MARK_BYTES] = {0xe2, 0x96, 0x81}; /* SentencePiece's space, U+2581 */

typedef struct {
  uint32_t begin, end; /* bytes of the text */
} span;

typedef struct tracing tracing;

/* What is known of a buffer: a span for each of its bytes. */
typedef struct {
  struct rt_source source; /* first: the buffer refers to it */
  tracing *all;
  const rt_bytes *buffer;
  span *spans;
  size_t capacity;
  size_t pending;     /* bytes at the end that were put in, for what is known with the next copy */
  const uint8_t *put; /* one of them, as it was given */
} followed;

struct tracing {
  struct rt_follower follower; /* first: the encoder refers to it */
  const rt_tokenizer *tokenizer;
  rt_slice text;
  followed buffers[BUFFERS];
  rt_origins *origins;
  uint32_t words;
};

/* ---- bytes ----------------------------------------------------------------------------------- */

static rt_bytes *buffer_of(rt_encoder *e, int i) {
  if (i == 0) return &e->repaired;
  if (i < 3) return &e->normal[i - 1];
  return &e->prepared[(i - 3) / 2][(i - 3) % 2];
}

static bool lies_in(const uint8_t *at, const uint8_t *begin, size_t count) {
  return begin && (uintptr_t)at >= (uintptr_t)begin && (uintptr_t)at - (uintptr_t)begin <= count;
}

/* The buffer that the address is in, its end included; NULL: it is the text's own, or none's. */
static const followed *buffer_at(const tracing *all, const uint8_t *at) {
  for (int i = 0; i < BUFFERS; i++)
    if (lies_in(at, all->buffers[i].buffer->bytes, all->buffers[i].buffer->count)) return &all->buffers[i];
  return NULL;
}

/* The span of text[at .. at + count) of the text or a buffer. */
static span span_of(const tracing *all, const uint8_t *at, size_t count) {
  const followed *from = buffer_at(all, at);
  size_t begin = (size_t)(at - (from ? from->buffer->bytes : all->text.bytes));
  if (!from) return (span){(uint32_t)begin, (uint32_t)(begin + count)};
  if (!count) return (span){0, 0};
  return (span){from->spans[begin].begin, from->spans[begin + count - 1].end};
}

/* How many bytes the text or buffer that `at` is in has from there on. */
static size_t rest_of(const tracing *all, const uint8_t *at) {
  const followed *from = buffer_at(all, at);
  return from ? from->buffer->count - (size_t)(at - from->buffer->bytes)
              : all->text.count - (size_t)(at - all->text.bytes);
}

/* The span of the character at `at`, of the text or a buffer. */
static span character_span(const tracing *all, const uint8_t *at) {
  uint32_t code;
  size_t rest = rest_of(all, at);
  return span_of(all, at, rest ? utf8_next(at, rest, &code) : 0);
}

/* The next of the characters left out that is the same as what was put in, at most `most` further on; else
 * `from`. */
static const uint8_t *same_character(const uint8_t *from, const uint8_t *next, rt_slice put, size_t most) {
  uint32_t code;
  for (const uint8_t *at = from; at < next; at += utf8_next(at, (size_t)(next - at), &code)) {
    if ((size_t)(next - at) >= put.count && memcmp(at, put.bytes, put.count) == 0) return at;
    if (most-- == 0) break;
  }
  return from;
}

/*
 * The characters put in since the last copy stand, one by one, for those that the next copy, at `next`,
 * leaves out. Where there are more of them, the last of those has the surplus; or the first, if that has
 * become another and no charsmap did it: a letter decomposes, its marks follow. Where there are fewer, those
 * that are the same stand for each other. A string that replaces another stands for its last character. Put
 * in for nothing, they stand for the character before, and at the start for the one behind.
 */
static void settle(followed *f, const uint8_t *next) {
  const rt_tokenizer *t = f->all->tokenizer;
  const rt_bytes *buffer = f->buffer;
  const uint8_t *put = buffer->bytes + (buffer->count - f->pending), *from = f->source.copied;
  span *spans = f->spans + (buffer->count - f->pending), now = {0, 0};
  if (!f->pending) return;
  if (from && from < next && lies_in(f->put, t->step_bytes, t->step_bytes_count))
    from += utf8_last(from, (size_t)(next - from));
  size_t count = rt_count_characters((const char *)put, f->pending);
  size_t left = from && from < next ? rt_count_characters((const char *)from, (size_t)(next - from)) : 0;
  bool first_has_surplus =
      left && *put != *from && !lies_in(f->put, t->charsmap_texts, t->charsmap_texts_count);
  size_t waits = first_has_surplus && count > left ? count - left : 0;
  if (left)
    now = character_span(f->all, from);
  else
    now = put > buffer->bytes ? spans[-1] : character_span(f->all, next);
  uint32_t code;
  for (size_t at = 0, length, i = 0; at < f->pending; at += length, i++) {
    length = utf8_next(put + at, f->pending - at, &code);
    if (left && (i == 0 || i > waits) && from < next) {
      from = same_character(from, next, (rt_slice){put + at, length}, left > count ? left - count : 0);
      now = character_span(f->all, from);
      from += utf8_next(from, (size_t)(next - from), &code);
    }
    for (size_t k = 0; k < length; k++) spans[at + k] = now;
  }
  f->pending = 0;
}

static bool note(rt_bytes *to, const uint8_t *bytes, size_t count) {
  followed *f = (followed *)(void *)to->source;
  const tracing *all = f->all;
  const followed *from = buffer_at(all, bytes);
  if (!rt_reserve(&f->spans, &f->capacity, to->count, sizeof *f->spans)) return false;
  if (!f->source.copied && to->count == count) f->pending = 0;
  if (!from && !lies_in(bytes, all->text.bytes, all->text.count)) {
    f->pending += count;
    f->put = bytes;
    return true;
  }
  to->count -= count; /* as it was before the copy */
  settle(f, bytes);
  to->count += count;
  span *spans = f->spans + (to->count - count);
  size_t begin = (size_t)(bytes - (from ? from->buffer->bytes : all->text.bytes));
  for (size_t i = begin; i < begin + count; i++)
    spans[i - begin] = from ? from->spans[i] : (span){(uint32_t)i, (uint32_t)i + 1};
  f->source.copied = bytes + count;
  return true;
}

/* ---- tokens ---------------------------------------------------------------------------------- */

static tracing *tracing_of(const rt_encoder *e) {
  return (tracing *)(uintptr_t)e->follower; /* follower is its first member */
}

/* Where the token `id`, spelled at piece[at ..), ends in the trie of spellings; `at` where it is not. */
static size_t end_in_trie(const rt_tokenizer *t, rt_slice piece, size_t at, uint32_t unit, uint32_t id) {
  for (size_t end = at; end < piece.count && (unit = table_child(t, unit, piece.bytes[end])) != TOK_NONE;) {
    end++;
    if (table_unit_id(t, unit) == id) return end;
  }
  return at;
}

/* The same by the token's text, in which a space may be what is a mark in the piece. */
static size_t end_by_text(const rt_tokenizer *t, rt_slice piece, size_t at, uint32_t id) {
  uint8_t buffer[TOK_MERGED_BYTES];
  size_t count;
  const uint8_t *text = rt_token_text(t, id, buffer, &count);
  for (size_t i = 0; i < count && at < piece.count; i++) {
    bool is_mark = piece.count - at >= MARK_BYTES && memcmp(piece.bytes + at, mark, MARK_BYTES) == 0;
    if (text[i] == piece.bytes[at])
      at++;
    else if (text[i] == ' ' && is_mark)
      at += MARK_BYTES;
    else
      break;
  }
  return at;
}

/* Where the token that begins at piece[at ..) ends, at < piece.count. */
static size_t token_end(const rt_tokenizer *t, rt_slice piece, size_t at, uint32_t id) {
  size_t end = at;
  uint32_t code, model = t->header->model;
  if (model == TOK_MODEL_WORD_PIECE)
    end = end_in_trie(t, piece, at, at ? t->header->continuing_unit : 0, id);
  else if (model == TOK_MODEL_UNIGRAM)
    end = end_in_trie(t, piece, at, 0, id);
  else if (model == TOK_MODEL_BPE)
    end = end_by_text(t, piece, at, id);
  if (end > at) return end;
  if (model == TOK_MODEL_WORD_PIECE || model == TOK_MODEL_WORD_LEVEL) return piece.count; /* it is unknown */
  bool is_byte = id == t->byte_ids[piece.bytes[at]] || t->header->flags & TOK_BYTE_LEVEL;
  return at + (is_byte ? 1 : utf8_next(piece.bytes + at, piece.count - at, &code));
}

/* Widens a span to whole characters of the text. */
static span whole_characters(rt_slice text, span s) {
  uint32_t code;
  if (s.begin >= s.end) return s;
  size_t at = s.begin > 3 ? s.begin - 3 : 0;
  while (at > 0 && at < s.begin && (text.bytes[at] & 0xc0) == 0x80) at++;
  for (size_t next; at < s.end; at = next) {
    next = at + utf8_next(text.bytes + at, text.count - at, &code);
    if (at < s.begin && next > s.begin) s.begin = (uint32_t)at;
    if (next > s.end) s.end = (uint32_t)next;
  }
  return s;
}

/* Without the spaces at its ends, where the tokenizer has it so. */
static span trimmed(const tracing *all, span s) {
  uint32_t flags = all->tokenizer->header->flags;
  const uint8_t *text = all->text.bytes;
  if (!(flags & TOK_TRIM_ORIGINS)) return s;
  bool is_spared = s.begin == 0 && flags & TOK_SPARE_FIRST;
  if (!is_spared)
    while (s.begin < s.end && text[s.begin] == ' ') s.begin++;
  while (s.end > s.begin + is_spared && text[s.end - 1] == ' ') s.end--;
  return s;
}

/* Origins for the ids up to number `count`; those that have none yet come from nowhere. */
static bool fill(rt_origins *origins, size_t count) {
  if (!rt_reserve(&origins->items, &origins->capacity, count, sizeof *origins->items)) return false;
  while (origins->count < count) origins->items[origins->count++] = (rt_origin){.word = TOK_NONE};
  return true;
}

static rt_origin origin_of(const tracing *all, const uint8_t *bytes, size_t count) {
  span s = trimmed(all, whole_characters(all->text, span_of(all, bytes, count)));
  return (rt_origin){.begin = s.begin, .end = s.end};
}

static bool follow_added(rt_encoder *e, rt_slice token) {
  tracing *all = tracing_of(e);
  if (!fill(all->origins, e->ids.count)) return false;
  rt_origin *last = &all->origins->items[e->ids.count - 1];
  *last = origin_of(all, token.bytes, token.count);
  last->word = all->words++;
  return true;
}

static bool follow_piece(rt_encoder *e, rt_slice piece) {
  tracing *all = tracing_of(e);
  const rt_tokenizer *t = e->tokenizer;
  size_t begin = e->ids.count, at = 0;
  e->follower = NULL;
  bool ok = rt_encode_piece(e, piece) && fill(all->origins, e->ids.count);
  e->follower = &all->follower;
  for (size_t i = begin; ok && i < e->ids.count; i++) {
    bool is_last = i + 1 == e->ids.count;
    bool is_marked = piece.count - at >= MARK_BYTES && memcmp(piece.bytes + at, mark, MARK_BYTES) == 0;
    size_t end = is_last ? piece.count : at < piece.count ? token_end(t, piece, at, e->ids.items[i]) : at;
    rt_origin *origin = &all->origins->items[i];
    *origin = origin_of(all, piece.bytes + at, end - at);
    if (i == begin || is_marked) all->words++;
    origin->word = all->words - 1;
    origin->continues = i > begin && !is_marked;
    at = end;
  }
  return ok;
}

/* As fuse_unknown does with the ids (encode.c). */
static void follow_fused(rt_encoder *e, size_t begin) {
  rt_origins *origins = tracing_of(e)->origins;
  const uint32_t *ids = e->ids.items, unknown = e->tokenizer->header->unknown_id;
  size_t count = begin;
  for (size_t i = begin; i < e->ids.count && i < origins->count; i++) {
    if (i == begin || ids[i] != unknown || ids[i - 1] != unknown)
      origins->items[count++] = origins->items[i];
    else
      origins->items[count - 1].end = origins->items[i].end;
  }
  origins->count = count;
}

bool rt_encode_traced(rt_encoder *e, const char *text, size_t bytes, unsigned flags, rt_origins *origins) {
  tracing all = {.follower = {follow_piece, follow_added, follow_fused},
                 .tokenizer = e->tokenizer,
                 .text = {(const uint8_t *)text, bytes},
                 .origins = origins};
  for (int i = 0; i < BUFFERS; i++) {
    all.buffers[i] = (followed){.source.note = note, .all = &all, .buffer = buffer_of(e, i)};
    buffer_of(e, i)->source = &all.buffers[i].source;
  }
  e->follower = &all.follower;
  origins->count = 0;
  bool ok = rt_encode(e, text, bytes, flags) && fill(origins, e->ids.count);
  e->follower = NULL;
  for (int i = 0; i < BUFFERS; i++) {
    buffer_of(e, i)->source = NULL;
    free(all.buffers[i].spans);
  }
  return ok;
}

size_t rt_count_characters(const char *text, size_t bytes) {
  size_t count = 0;
  uint32_t code;
  for (size_t at = 0; at < bytes; count++) at += utf8_next((const uint8_t *)text + at, bytes - at, &code);
  return count;
}
