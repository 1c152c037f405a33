/* stop.c: the text up to the first stop text, wherever tokens begin and end. */
#include "decode/decode.h"

#include <stdlib.h>
#include <string.h>

/* Whether the held text from `at` on and `text` agree as far as both go; then `bytes` is how far. */
static bool agrees(const rt_stop *stop, size_t at, const char *text, size_t *bytes) {
  size_t held = stop->held_bytes - at, whole = strlen(text);
  *bytes = held < whole ? held : whole;
  return memcmp(stop->held + at, text, *bytes) == 0;
}

/* The first place of a stop text that is whole, or of one that may become whole; held_bytes: there is none.
 */
static size_t find_stop(const rt_stop *stop, bool is_whole) {
  for (size_t at = 0; at < stop->held_bytes; at++)
    for (int32_t i = 0; i < stop->text_count; i++) {
      size_t bytes;
      if (agrees(stop, at, stop->texts[i], &bytes) && (bytes == strlen(stop->texts[i])) == is_whole)
        return at;
    }
  return stop->held_bytes;
}

bool rt_stop_add(rt_stop *stop, const char *text, size_t bytes) {
  if (stop->held_bytes + bytes > stop->capacity) {
    size_t capacity = 2 * (stop->held_bytes + bytes);
    char *grown = realloc(stop->held, capacity);
    if (!grown) return false;
    stop->held = grown;
    stop->capacity = capacity;
  }
  if (bytes > 0) memcpy(stop->held + stop->held_bytes, text, bytes);
  stop->held_bytes += bytes;
  stop->ready_bytes = find_stop(stop, true);
  stop->has_stopped = stop->ready_bytes < stop->held_bytes;
  if (!stop->has_stopped) stop->ready_bytes = find_stop(stop, false);
  return true;
}

void rt_stop_take(rt_stop *stop) {
  stop->held_bytes -= stop->ready_bytes;
  if (stop->held_bytes > 0) memmove(stop->held, stop->held + stop->ready_bytes, stop->held_bytes);
  stop->ready_bytes = 0;
}

void rt_stop_end(rt_stop *stop) {
  if (!stop->has_stopped) stop->ready_bytes = stop->held_bytes;
}
