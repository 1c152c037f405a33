/*
 * unzstd_fuzz.c: any bytes as zstd frames: where libzstd takes them too, both make the same of them, one
 * thread or several; and any bytes packed by libzstd, which come out as they went in.
 */
#include "fuzz.h"

#include "weights/unzstd.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

enum { MOST_BYTES = 1 << 18, SHARERS = 3 };

/* to[capacity] as several threads make it. */
static bool share(const uint8_t *frames, size_t count, uint8_t *to, size_t capacity) {
  bool is_sound = true;
  for (int i = 0; i < SHARERS; i++) is_sound &= !rt_unzstd(frames, count, to, capacity, i, SHARERS);
  return is_sound;
}

static void unpack(const uint8_t *frames, size_t count) {
  static uint8_t theirs[MOST_BYTES];
  size_t made = ZSTD_decompress(theirs, sizeof theirs, frames, count);
  bool they_take = !ZSTD_isError(made);
  size_t capacity = they_take ? made : count * 4 % MOST_BYTES;
  uint8_t *ours = malloc(capacity + 1), *shared = malloc(capacity + 1); /* a byte, so that none is NULL */
  const char *wrong = rt_unzstd(frames, count, ours, capacity, 0, 1);
  if (!wrong && they_take && memcmp(ours, theirs, made) != 0)
    fuzz_finding("libzstd makes something else of a frame", OK, NULL);
  if (!wrong && (!share(frames, count, shared, capacity) || memcmp(ours, shared, capacity) != 0))
    fuzz_finding("several make something else than one", OK, NULL);
  free(ours);
  free(shared);
}

/* In frames of at most `part` bytes. */
static void pack_and_unpack(const uint8_t *bytes, size_t count, int level, size_t part) {
  static uint8_t frames[2 * MOST_BYTES];
  size_t packed = 0;
  for (size_t done = 0; done < count; done += part) {
    size_t some = count - done < part ? count - done : part;
    packed += ZSTD_compress(frames + packed, sizeof frames - packed, bytes + done, some, level);
  }
  uint8_t *exact = malloc(packed), *to = malloc(count);
  memcpy(exact, frames, packed);
  if (!share(exact, packed, to, count) || memcmp(to, bytes, count) != 0)
    fuzz_finding("what libzstd packed does not come out", OK, NULL);
  free(exact);
  free(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
  if (count < 3 || count > MOST_BYTES) return 0;
  unpack(bytes, count);
  pack_and_unpack(bytes + 2, count - 2, bytes[0] % 20, 64 + bytes[1] * (size_t)61);
  return 0;
}
