/* archive.h: a static library as its writers see it: members, and an index of the symbols that they define.
 */
#ifndef SMELT_LINK_ARCHIVE_H
#define SMELT_LINK_ARCHIVE_H

#include "link/stage.h"

typedef struct {
  const char *name;
  const uint8_t *bytes; /* aligned to 8 */
  uint64_t count;
  uint64_t offset; /* of its header in the archive */
} member;

typedef struct {
  const char *name;
  size_t member;
} index_entry;

struct archive {
  arena *arena;
  const link_format *format;
  member *members;
  size_t member_count, member_capacity;
  index_entry *index;
  size_t index_count, index_capacity;
  uint64_t index_name_bytes;
};

/* A member's header of 60 bytes; the name has at most 16. */
void archive_write_header(FILE *file, const char *name, uint64_t bytes);

/* A member whose symbols the caller adds. */
void archive_add_member(archive *ar, const char *name, const uint8_t *bytes, uint64_t count);

void archive_write_common(archive *ar, FILE *file); /* System V's form */
void archive_write_apple(archive *ar, FILE *file);

#endif
