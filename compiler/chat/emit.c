/* emit.c: writing code and texts of a template, and the blob that holds them. */
#include "chat/template.h"

#include <string.h>

uint32_t chat_text_number(template *t, const char *bytes, size_t count) {
  for (size_t i = 0; i < t->text_count; i++) {
    size_t begin = t->starts[i], end = i + 1 < t->text_count ? t->starts[i + 1] : t->texts.count;
    if (end - begin == count && (!count || memcmp(t->texts.bytes + begin, bytes, count) == 0))
      return (uint32_t)i;
  }
  ARENA_PUSH(t->arena, t->starts, t->text_count, t->text_capacity) = (uint32_t)t->texts.count;
  if (count) text_append(&t->texts, bytes, count);
  return (uint32_t)t->text_count - 1;
}

void chat_emit(template *t, chat_op op, int64_t operand) {
  ARENA_PUSH(t->arena, t->code, t->code_count, t->code_capacity) =
      (uint32_t)op | (uint32_t)((uint64_t)operand << CHAT_OPERAND_SHIFT);
}

void chat_emit_named(template *t, chat_op op, const char *name) {
  chat_emit(t, op, chat_text_number(t, name, strlen(name)));
}

size_t chat_emit_jump(template *t, chat_op op) {
  chat_emit(t, op, 0);
  return t->code_count - 1;
}

void chat_land(template *t, size_t jump) {
  uint32_t way = (uint32_t)(t->code_count - jump - 1);
  t->code[jump] = (t->code[jump] & 0xff) | way << CHAT_OPERAND_SHIFT;
}

void chat_emit_back(template *t, chat_op op, size_t target) {
  chat_emit(t, op, (int64_t)target - (int64_t)t->code_count - 1);
}

void chat_swap(template *t, size_t from, size_t middle) {
  size_t first = middle - from, second = t->code_count - middle;
  uint32_t *moved = arena_copy(t->arena, t->code + from, first * sizeof *moved);
  memmove(t->code + from, t->code + middle, second * sizeof *moved);
  memcpy(t->code + from + second, moved, first * sizeof *moved);
}

/* ---- the blob --------------------------------------------------------------------------- */

static uint32_t put_section(text *blob, const void *bytes, size_t count) {
  static const char zeros[8];
  text_append(blob, zeros, (8 - blob->count % 8) % 8);
  uint32_t offset = (uint32_t)blob->count;
  if (count) text_append(blob, bytes, count);
  return offset;
}

status chat_write(template *t, text *blob) {
  if (t->code_count > CHAT_MOST_OPERAND || t->text_count > CHAT_MOST_OPERAND ||
      t->texts.count > CHAT_MOST_OPERAND)
    return fail(t->arena, STATUS_INPUT, "the template is too long");
  text own = {0};
  chat_header header = {.code_words = (uint32_t)t->code_count,
                        .text_count = (uint32_t)t->text_count,
                        .text_bytes = (uint32_t)t->texts.count,
                        .macro_count = (uint32_t)t->macro_count,
                        .start = (uint32_t)t->start};
  memcpy(header.magic, CHAT_MAGIC, sizeof header.magic);
  text_append(&own, &header, sizeof header);
  header.code_offset = put_section(&own, t->code, t->code_count * sizeof *t->code);
  ARENA_PUSH(t->arena, t->starts, t->text_count, t->text_capacity) = header.text_bytes;
  header.starts_offset = put_section(&own, t->starts, t->text_count * sizeof *t->starts);
  header.texts_offset = put_section(&own, t->texts.bytes, t->texts.count);
  header.macros_offset = put_section(&own, NULL, 0);
  for (size_t i = 0; i < t->macro_count; i++) text_append(&own, &t->macros[i].macro, sizeof(chat_macro));
  put_section(&own, NULL, 0);
  header.bytes = (uint32_t)own.count;
  memcpy(own.bytes, &header, sizeof header);
  text_append(blob, own.bytes, own.count);
  text_free(&own);
  return OK;
}
