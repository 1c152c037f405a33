/* pack.c: header and sections as one block of bytes. */
#include "tokenizer/build.h"

#include <string.h>

static const size_t element_bytes[TOK_SECTION_COUNT] = {
#define X(name, type) sizeof(type),
    TOK_SECTIONS(X)
#undef X
};

static size_t align(size_t bytes) {
  return (bytes + TOK_ALIGN_BYTES - 1) & ~(size_t)(TOK_ALIGN_BYTES - 1);
}

/* The offset of an earlier section with the same data, or 0. */
static uint32_t shared_offset(const tok_build *b, int section) {
  for (int i = 0; i < section; i++)
    if (b->sections[i].data == b->sections[section].data &&
        b->sections[i].count == b->sections[section].count)
      return b->header.sections[i].offset;
  return 0;
}

status tok_pack(tok_build *b, text *blob) {
  tok_header *header = &b->header;
  memcpy(header->magic, TOK_MAGIC, sizeof header->magic);
  header->version = TOK_VERSION;
  header->vocab_size = b->vocab_size;
  size_t total = align(sizeof *header);
  bool shared[TOK_SECTION_COUNT] = {false};
  for (int i = 0; i < TOK_SECTION_COUNT; i++) {
    const tok_section_data *section = &b->sections[i];
    uint32_t offset = section->count ? shared_offset(b, i) : 0;
    shared[i] = offset != 0 || !section->count;
    header->sections[i] = (tok_section){offset ? offset : (uint32_t)total, (uint32_t)section->count};
    if (!shared[i]) total = align(total + section->count * element_bytes[i]);
    if (total > INT32_MAX) return fail(b->a, STATUS_INPUT, "the tokenizer's tables are larger than 2 GiB");
  }
  header->blob_bytes = (uint32_t)total;

  char *bytes = arena_alloc(b->a, total);
  memcpy(bytes, header, sizeof *header);
  for (int i = 0; i < TOK_SECTION_COUNT; i++)
    if (!shared[i])
      memcpy(bytes + header->sections[i].offset, b->sections[i].data,
             b->sections[i].count * element_bytes[i]);
  text_append(blob, bytes, total);
  return OK;
}
