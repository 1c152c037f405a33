/* string.c: tok_string, a piece of text that is not changed. */
#include "tokenizer/build.h"

#include <string.h>

bool tok_begins_with(tok_string string, tok_string part) {
  return string.count >= part.count && (!part.count || memcmp(string.bytes, part.bytes, part.count) == 0);
}

bool tok_ends_with(tok_string string, tok_string part) {
  return string.count >= part.count &&
         tok_begins_with((tok_string){string.bytes + string.count - part.count, part.count}, part);
}

bool tok_equal(tok_string x, tok_string y) {
  return x.count == y.count && tok_begins_with(x, y);
}

tok_string tok_replace_all(arena *a, tok_string string, tok_string from, tok_string to) {
  char *bytes = NULL;
  size_t count = 0, capacity = 0;
  for (size_t at = 0; at < string.count;) {
    bool hit = tok_begins_with((tok_string){string.bytes + at, string.count - at}, from);
    for (size_t i = 0; hit && i < to.count; i++) ARENA_PUSH(a, bytes, count, capacity) = to.bytes[i];
    if (!hit) ARENA_PUSH(a, bytes, count, capacity) = string.bytes[at];
    at += hit ? from.count : 1;
  }
  return (tok_string){bytes, count};
}
