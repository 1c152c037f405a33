/* processors.c: processors by name, and the best level of each (codegen_level.processors). */
#include "codegen/codegen.h"

#include <string.h>

/* Where the word that `at` is in, or before, begins; its length; 0 at the end. */
static size_t next_word(const char **at) {
  *at += strspn(*at, " ");
  return strcspn(*at, " ");
}

int codegen_processor_level(const codegen_target *target, const char *name) {
  size_t wanted = strlen(name), length;
  const codegen_level *level;
  for (int i = 0; (level = codegen_level_at(target, i)); i++) {
    const char *at = level->processors;
    for (; at && (length = next_word(&at)); at += length)
      if (length == wanted && memcmp(at, name, length) == 0) return i;
  }
  return -1;
}

const char *codegen_processor_at(arena *a, const codegen_target *target, size_t index) {
  size_t length;
  const codegen_level *level;
  for (int i = 0; (level = codegen_level_at(target, i)); i++) {
    const char *at = level->processors;
    for (; at && (length = next_word(&at)); at += length)
      if (index-- == 0) return arena_format(a, "%.*s", (int)length, at);
  }
  return NULL;
}
