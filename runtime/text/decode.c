/* decode.c: a stream of ids becomes a stream of whole UTF-8 sequences. */
#include "text/clean.h"
#include "text/tables.h"

static const char replacement[] = "\xef\xbf\xbd";

/* Whether spaces at the ends of the text are dropped. */
static bool strips(const rt_tokenizer *t, unsigned flags) {
  return !(t->header->flags & TOK_STRIP_SKIPPING) || flags & RT_SKIP_SPECIAL;
}

void rt_decoder_init(rt_decoder *d, const rt_tokenizer *t, unsigned flags) {
  *d = (rt_decoder){.tokenizer = t,
                    .flags = flags,
                    .spaces_to_strip = strips(t, flags) ? t->header->strip_start : 0,
                    .at_start = true,
                    .previous_id = TOK_NONE};
}

/* Adds bytes to the held start of a character until it is whole or broken; returns how many it took. */
static size_t finish_held(rt_decoder *d, const uint8_t *bytes, size_t count, rt_text_sink *sink, void *user) {
  size_t taken = 0;
  while (d->held_bytes && taken < count) {
    uint32_t code;
    d->held[d->held_bytes++] = bytes[taken];
    size_t length = utf8_next(d->held, d->held_bytes, &code);
    if (code == UTF8_SHORT) {
      taken++;
      continue;
    }
    d->held_bytes = 0;
    if (code == UTF8_BROKEN) {
      sink(user, replacement, 3); /* for the bytes before; this one starts afresh */
      return taken;
    }
    sink(user, (const char *)d->held, length);
    return taken + 1;
  }
  return taken;
}

static void emit(rt_decoder *d, const uint8_t *bytes, size_t count, rt_text_sink *sink, void *user) {
  if (!count) return;
  if (!d->held_bytes && utf8_is_ascii(bytes, count)) {
    sink(user, (const char *)bytes, count);
    return;
  }
  size_t at = finish_held(d, bytes, count, sink, user), done = at;
  while (at < count) {
    uint32_t code;
    size_t length = utf8_next(bytes + at, count - at, &code);
    if (code < TOK_CODE_POINTS) {
      at += length;
      continue;
    }
    if (at > done) sink(user, (const char *)bytes + done, at - done);
    if (code == UTF8_SHORT) {
      memcpy(d->held, bytes + at, length);
      d->held_bytes = (uint32_t)length;
    } else {
      sink(user, replacement, 3);
    }
    done = at += length;
  }
  if (at > done) sink(user, (const char *)bytes + done, at - done);
}

static void emit_spaces(rt_decoder *d, size_t count, rt_text_sink *sink, void *user) {
  for (; count; count--) emit(d, (const uint8_t *)" ", 1, sink, user);
}

/* As emit, but spaces at the end wait for more. */
static void emit_but_end(rt_decoder *d, const uint8_t *bytes, size_t count, rt_text_sink *sink, void *user) {
  size_t end = count;
  while (end && bytes[end - 1] == ' ') end--;
  if (end) {
    emit_spaces(d, d->held_spaces, sink, user);
    emit(d, bytes, end, sink, user);
    d->held_spaces = 0;
  }
  d->held_spaces += count - end;
}

static void decode(rt_decoder *d, uint32_t id, rt_text_sink *sink, void *user) {
  const rt_tokenizer *t = d->tokenizer;
  if (id >= t->header->vocab_size) return;
  if (d->flags & RT_SKIP_SPECIAL && table_flags(t, id) & TOK_SPECIAL) return;
  if (t->header->flags & TOK_MERGE_REPEATS) {
    if (id == d->previous_id) return;
    d->previous_id = id;
  }
  uint8_t buffer[TOK_MERGED_BYTES];
  size_t count;
  const uint8_t *bytes = rt_token_text(t, id, buffer, &count);
  bool is_first = d->at_start;
  d->at_start = false;
  if (is_first && count && *bytes != ' ' && t->header->prefix_bytes && !(table_flags(t, id) & TOK_CLOSED))
    emit(d, t->step_bytes + t->header->prefix_offset, t->header->prefix_bytes, sink, user);
  for (; d->spaces_to_strip && count && *bytes == ' '; bytes++, count--) d->spaces_to_strip--;
  if (count) d->spaces_to_strip = 0;
  if (t->header->strip_end && strips(t, d->flags))
    emit_but_end(d, bytes, count, sink, user);
  else
    emit(d, bytes, count, sink, user);
}

static bool cleans(const rt_decoder *d) {
  return d->flags & RT_CLEAN_UP && d->tokenizer->header->flags & TOK_CLEAN_UP;
}

/* A sink that cleans what it passes on. */
typedef struct {
  rt_decoder *decoder;
  rt_text_sink *sink;
  void *user;
} cleaner;

static void clean(void *user, const char *text, size_t bytes) {
  cleaner *c = user;
  rt_clean(c->decoder->cleaning, text, bytes, c->sink, c->user);
}

void rt_decode(rt_decoder *d, uint32_t id, rt_text_sink *sink, void *user) {
  cleaner c = {d, sink, user};
  if (cleans(d))
    decode(d, id, clean, &c);
  else
    decode(d, id, sink, user);
}

static void flush(rt_decoder *d, rt_text_sink *sink, void *user) {
  uint32_t strip_end = d->tokenizer->header->strip_end;
  if (d->held_spaces > strip_end) emit_spaces(d, d->held_spaces - strip_end, sink, user);
  if (d->held_bytes) sink(user, replacement, 3);
}

void rt_decode_end(rt_decoder *d, rt_text_sink *sink, void *user) {
  cleaner c = {d, sink, user};
  if (cleans(d)) {
    flush(d, clean, &c);
    rt_clean_end(d->cleaning, sink, user);
  } else {
    flush(d, sink, user);
  }
  rt_decoder_init(d, d->tokenizer, d->flags);
}
