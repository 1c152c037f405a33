/* open.c: a template's blob, its sections checked before they are used. */
#include "chat/chat.h"

#include <string.h>

/* `count` items of `size` bytes at an aligned offset inside of the blob. */
static bool fits(const chat_header *h, uint32_t offset, uint32_t count, size_t size) {
  return offset % 8 == 0 && offset <= h->bytes && count <= (h->bytes - offset) / size;
}

const char *rt_chat_open(rt_chat *chat, const void *blob, size_t bytes) {
  const chat_header *h = blob;
  const unsigned char *base = blob;
  if (bytes < sizeof *h || (uintptr_t)blob % 8 != 0 || memcmp(h->magic, CHAT_MAGIC, sizeof h->magic) != 0 ||
      h->bytes > bytes)
    return "this is no chat template of this version";
  if (!fits(h, h->code_offset, h->code_words, sizeof(uint32_t)) || h->text_count == UINT32_MAX ||
      !fits(h, h->starts_offset, h->text_count + 1, sizeof(uint32_t)) ||
      !fits(h, h->texts_offset, h->text_bytes, 1) ||
      !fits(h, h->macros_offset, h->macro_count, sizeof(chat_macro)))
    return "a section of the chat template lies outside of it";
  *chat = (rt_chat){.header = h,
                    .code = (const uint32_t *)(const void *)(base + h->code_offset),
                    .starts = (const uint32_t *)(const void *)(base + h->starts_offset),
                    .texts = (const char *)(base + h->texts_offset),
                    .macros = (const chat_macro *)(const void *)(base + h->macros_offset)};
  for (uint32_t i = 0; i < h->text_count; i++)
    if (chat->starts[i] > chat->starts[i + 1]) return "a text of the chat template does not end";
  if (chat->starts[h->text_count] > h->text_bytes) return "a text of the chat template does not end";
  for (uint32_t i = 0; i < h->macro_count; i++)
    if (chat->macros[i].parameter_count > CHAT_MOST_PARAMETERS)
      return "a macro of the chat template is damaged";
  return NULL;
}
