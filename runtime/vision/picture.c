/* picture.c: image files to RGB; PNG and BMP by Debian's stb_image, within a budget of memory. */
#include "vision/jpeg.h"

#include <stdlib.h>
#include <string.h>

/*
 * stb_image asks for memory as the file says, and for more while it inflates. What it holds at once counts
 * against what an image of that size can need; a file that wants more is told that there is none.
 */
typedef struct {
  size_t left;
} budget;

static _Thread_local budget *current; /* of the call that is running on this thread */

typedef struct {
  size_t bytes;
  size_t padding; /* what follows is aligned as malloc's memory */
} block;

static void *budget_realloc(void *old, size_t bytes) {
  block *before = old ? (block *)old - 1 : NULL;
  size_t had = before ? before->bytes : 0;
  if (bytes > had && bytes - had > current->left) return NULL;
  block *made = realloc(before, sizeof *made + bytes);
  if (!made) return NULL;
  current->left = current->left + had - bytes;
  made->bytes = bytes;
  return made + 1;
}

static void budget_free(void *memory) {
  if (!memory) return;
  block *made = (block *)memory - 1;
  current->left += made->bytes;
  free(made);
}

#define STBI_MALLOC(bytes)          budget_realloc(NULL, bytes)
#define STBI_REALLOC(memory, bytes) budget_realloc(memory, bytes)
#define STBI_FREE(memory)           budget_free(memory)
#define STBI_ASSERT(x)              ((void)0)
#define STBI_ONLY_PNG
#define STBI_ONLY_BMP
#define STBI_NO_STDIO
#define STBI_NO_LINEAR
#define STBI_NO_HDR
#define STBI_NO_FAILURE_STRINGS
#define STBI_NO_THREAD_LOCALS
#define STBI_MAX_DIMENSIONS 65535
#define STB_IMAGE_STATIC
#define STB_IMAGE_IMPLEMENTATION
#include <stb_image.h>

/* ---- the file as a stream: that tells when more is asked for than there is ---------------- */

typedef struct {
  const uint8_t *bytes;
  size_t at, count;
  bool ran_out;
} stream;

static int stream_read(void *user, char *to, int wanted) {
  stream *s = user;
  size_t count = (size_t)wanted < s->count - s->at ? (size_t)wanted : s->count - s->at;
  if (count == 0) s->ran_out = true;
  memcpy(to, s->bytes + s->at, count);
  s->at += count;
  return (int)count;
}

static void stream_skip(void *user, int bytes) {
  stream *s = user;
  bool fits = bytes >= 0 && (size_t)bytes <= s->count - s->at;
  s->ran_out |= !fits;
  s->at = fits ? s->at + (size_t)bytes : s->count;
}

static int stream_ended(void *user) {
  const stream *s = user;
  return s->at == s->count;
}

static const stbi_io_callbacks stream_calls = {stream_read, stream_skip, stream_ended};

const char rt_picture_too_large[] = "the image has more than 89,478,485 pixels, the most that is read";

/* ---- reading ------------------------------------------------------------------------------ */

static bool begins_with(const uint8_t *bytes, size_t count, const char *signature, size_t length) {
  return count >= length && memcmp(bytes, signature, length) == 0;
}

static bool is_png_or_bmp(const uint8_t *bytes, size_t count) {
  return begins_with(bytes, count, "\x89PNG\r\n\x1a\n", 8) || begins_with(bytes, count, "BM", 2);
}

/* Room for what stb_image holds at once: 24 bytes a pixel is more than any kind of image takes. */
static size_t memory_for(int width, int height, size_t file_bytes) {
  enum { SMALL = 1 << 20, PIXEL = 24 };
  return (size_t)width * (size_t)height * PIXEL + 2 * file_bytes + SMALL;
}

static const char *decode(const uint8_t *bytes, size_t count, budget *memory, rt_picture *picture) {
  int width = 0, height = 0, channels = 0;
  stream s = {.bytes = bytes, .count = count};
  memory->left = memory_for(1, 1, count);
  if (!stbi_info_from_callbacks(&stream_calls, &s, &width, &height, &channels))
    return s.ran_out ? "the image ends before its size is told" : "this is no sound PNG or BMP image";
  if (width < 1 || height < 1) return "the image has no pixels";
  if ((int64_t)width * height > RT_PICTURE_MOST_PIXELS) return rt_picture_too_large;
  memory->left = memory_for(width, height, count);
  s = (stream){.bytes = bytes, .count = count};
  uint8_t *rows = stbi_load_from_callbacks(&stream_calls, &s, &width, &height, &channels, 3);
  bool is_whole = rows && !s.ran_out;
  picture->bytes = is_whole ? malloc((size_t)width * (size_t)height * 3) : NULL;
  if (picture->bytes) {
    memcpy(picture->bytes, rows, (size_t)width * (size_t)height * 3);
    picture->width = width;
    picture->height = height;
  }
  budget_free(rows);
  if (s.ran_out || (!rows && s.at == s.count)) return "the image is cut off or damaged";
  if (!is_whole) return "the image is damaged, or of a kind that is not read";
  return picture->bytes ? NULL : "out of memory";
}

static const char *read_file(const void *bytes, size_t count, rt_picture *picture) {
  if (count == 0) return "the file is empty";
  if (begins_with(bytes, count, "\xff\xd8\xff", 3)) return rt_jpeg_read(bytes, count, picture);
  if (!is_png_or_bmp(bytes, count)) return "this is no PNG, JPEG or BMP image";
  budget memory = {0};
  current = &memory;
  const char *wrong = decode(bytes, count, &memory, picture);
  current = NULL;
  return wrong;
}

const char *rt_picture_read(const void *bytes, size_t count, rt_picture *picture) {
  *picture = (rt_picture){0};
  const char *wrong = read_file(bytes, count, picture);
  return wrong || rt_picture_set_upright(bytes, count, picture) ? wrong : "out of memory";
}

void rt_picture_free(rt_picture *picture) {
  free(picture->bytes);
  *picture = (rt_picture){0};
}
