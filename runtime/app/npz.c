/*
 * npz.c: NumPy's archives of arrays: zip files (PKWARE's APPNOTE) of .npy files. Read as np.savez and
 * np.savez_compressed write them; written as the former does, stored.
 */
#define _GNU_SOURCE
#include "app/app.h"
#include "app/inflate.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
  LOCAL_BYTES = 30,
  CENTRAL_BYTES = 46,
  END_BYTES = 22,
  LOCATOR_BYTES = 20, /* before the end's record: where the one with 64 bits lies */
  LONG_END_BYTES = 56,
  LONG_EXTRA = 1, /* what names the extra field of 64 bits */
  MOST_COMMENT_BYTES = 65535,
  VERSION = 20,      /* 2.0 */
  FIRST_DATE = 0x21, /* 1980-01-01: equal arrays give equal files */
};
static const uint32_t local_mark = 0x04034b50, central_mark = 0x02014b50, end_mark = 0x06054b50,
                      locator_mark = 0x07064b50, long_end_mark = 0x06064b50;
static const char suffix[] = ".npy";
enum { SUFFIX_BYTES = sizeof suffix - 1 };

static uint32_t number(const uint8_t *at, int bytes) {
  uint32_t value = 0;
  for (int i = 0; i < bytes; i++) value |= (uint32_t)at[i] << 8 * i;
  return value;
}

static uint64_t long_number(const uint8_t *at) {
  return number(at, 4) | (uint64_t)number(at + 4, 4) << 32;
}

/* CRC-32 of ISO 3309, four bits at a time. */
static uint32_t checksum(uint32_t crc, const void *data, size_t count) {
  static const uint32_t table[16] = {0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac, 0x76dc4190, 0x6b6b51f4,
                                     0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8, 0xcb61b38c,
                                     0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c};
  const uint8_t *bytes = data;
  crc = ~crc;
  for (size_t i = 0; i < count; i++) {
    crc = table[(crc ^ bytes[i]) & 15] ^ crc >> 4;
    crc = table[(crc ^ bytes[i] >> 4) & 15] ^ crc >> 4;
  }
  return ~crc;
}

/* ---- reading ---------------------------------------------------------------------------------- */

typedef struct {
  const uint8_t *bytes;
  size_t count;
} file_view;

/* The record at the end of the archive; NULL: this is none. */
static const uint8_t *find_end(file_view f) {
  size_t most = END_BYTES + MOST_COMMENT_BYTES;
  for (size_t back = END_BYTES; back <= f.count && back <= most; back++)
    if (number(f.bytes + f.count - back, 4) == end_mark) return f.bytes + f.count - back;
  return NULL;
}

typedef struct {
  uint64_t rows, at;
} directory;

/* Where the directory is; of archives in zip64's form a record before the end's says so. False: nowhere. */
static bool find_directory(file_view f, directory *d) {
  const uint8_t *end = find_end(f);
  if (!end) return false;
  *d = (directory){number(end + 10, 2), number(end + 16, 4)};
  bool is_long = d->rows == UINT16_MAX || d->at == UINT32_MAX;
  if (is_long && end - f.bytes >= LOCATOR_BYTES && number(end - LOCATOR_BYTES, 4) == locator_mark) {
    uint64_t at = long_number(end - LOCATOR_BYTES + 8);
    if (f.count < LONG_END_BYTES || at > f.count - LONG_END_BYTES || number(f.bytes + at, 4) != long_end_mark)
      return false;
    *d = (directory){long_number(f.bytes + at + 32), long_number(f.bytes + at + 48)};
  }
  return d->rows <= f.count / CENTRAL_BYTES && d->at <= f.count;
}

/* ---- members ---- */

typedef struct {
  uint64_t size, bytes, at; /* of the array; as it is packed; where it begins */
} extent;

/* Numbers that are all ones stand in an extra field, in this order. False: the field ends before they do. */
static bool find_extent(const uint8_t *central, extent *e) {
  *e = (extent){number(central + 24, 4), number(central + 20, 4), number(central + 42, 4)};
  uint64_t *const numbers[] = {&e->size, &e->bytes, &e->at};
  const uint8_t *extra = central + CENTRAL_BYTES + number(central + 28, 2),
                *end = extra + number(central + 30, 2);
  while (end - extra >= 4 && number(extra, 2) != LONG_EXTRA) {
    size_t bytes = number(extra + 2, 2);
    extra = bytes > (size_t)(end - extra) - 4 ? end : extra + 4 + bytes;
  }
  const uint8_t *at = end - extra < 4 ? end : extra + 4;
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    if (*numbers[i] != UINT32_MAX) continue;
    if (end - at < 8) return false;
    *numbers[i] = long_number(at);
    at += 8;
  }
  return true;
}

/* The array in the member's packed[e->bytes]; `central` is its row of the directory. */
static const char *read_array(const uint8_t *central, const uint8_t *packed, const extent *e,
                              smelt_tensor *tensor) {
  enum { STORED = 0, DEFLATED = 8 };
  uint32_t method = number(central + 10, 2), crc = number(central + 16, 4);
  size_t bytes = (size_t)e->bytes, size = (size_t)e->size;
  if (method == STORED && checksum(0, packed, bytes) != crc) return "an array of the archive is damaged";
  if (method == STORED) return npy_parse(packed, bytes, tensor);
  if (method != DEFLATED) return "the archive is compressed in a way that NumPy does not write";
  if (e->size / APP_MOST_INFLATION > bytes || e->size >= SIZE_MAX)
    return "an array of the archive is damaged";
  uint8_t *plain = malloc(size + 1);
  if (!plain) return "out of memory";
  bool is_sound = app_inflate(packed, bytes, plain, size) && checksum(0, plain, size) == crc;
  const char *wrong = is_sound ? npy_parse(plain, size, tensor) : "an array of the archive is damaged";
  free(plain);
  return wrong;
}

/* The array that a row of the directory names; *row moves to the next. */
static const char *read_member(file_view f, size_t *row, app_array *array) {
  if (*row > f.count || f.count - *row < CENTRAL_BYTES || number(f.bytes + *row, 4) != central_mark)
    return "the archive's directory is cut off";
  const uint8_t *central = f.bytes + *row;
  size_t name_bytes = number(central + 28, 2);
  *row += CENTRAL_BYTES + name_bytes + number(central + 30, 2) + number(central + 32, 2);
  if (*row > f.count) return "the archive's directory is cut off";
  extent e;
  if (!find_extent(central, &e)) return "an array of the archive is not where its directory says";
  size_t at = (size_t)e.at;
  if (e.at > f.count || f.count - at < LOCAL_BYTES || number(f.bytes + at, 4) != local_mark)
    return "an array of the archive is not where its directory says";
  size_t data = at + LOCAL_BYTES + number(f.bytes + at + 26, 2) + number(f.bytes + at + 28, 2);
  if (data > f.count || f.count - data < e.bytes) return "the archive is cut off";
  const char *name = (const char *)central + CENTRAL_BYTES;
  if (name_bytes < SUFFIX_BYTES || memcmp(name + name_bytes - SUFFIX_BYTES, suffix, SUFFIX_BYTES) != 0)
    return "the archive holds a file that is no .npy";
  name_bytes -= SUFFIX_BYTES;
  array->name = malloc(name_bytes + 1);
  if (!array->name) return "out of memory";
  memcpy(array->name, name, name_bytes);
  array->name[name_bytes] = 0;
  return read_array(central, f.bytes + data, &e, &array->tensor);
}

static const char *read_members(file_view f, app_array **arrays, int32_t *count) {
  directory d;
  if (!find_directory(f, &d) || d.rows >= INT32_MAX) return "this is no .npz file";
  int32_t total = (int32_t)d.rows;
  size_t row = (size_t)d.at;
  *arrays = calloc((size_t)total + 1, sizeof **arrays);
  if (!*arrays) return "out of memory";
  const char *wrong = NULL;
  while (!wrong && *count < total) wrong = read_member(f, &row, &(*arrays)[(*count)++]);
  return wrong;
}

const char *npz_read(const char *path, app_array **arrays, int32_t *count) {
  *arrays = NULL;
  *count = 0;
  int file = rt_host_open(path);
  if (file < 0) return "the file cannot be opened";
  char *bytes = NULL;
  file_view f = {0};
  const char *wrong = app_read_all(file, &bytes, &f.count) ? NULL : "the file cannot be read";
  f.bytes = (const uint8_t *)bytes;
  if (!wrong) wrong = read_members(f, arrays, count);
  free(bytes);
  close(file);
  return wrong;
}

void npz_free(app_array *arrays, int32_t count) {
  for (int32_t i = 0; i < count; i++) {
    free(arrays[i].name);
    free(arrays[i].tensor.data);
  }
  free(arrays);
}

/* ---- writing ----------------------------------------------------------------------------------- */

static void write_number(app_output *out, uint32_t value, int bytes) {
  const uint8_t all[4] = {(uint8_t)value, (uint8_t)(value >> 8), (uint8_t)(value >> 16),
                          (uint8_t)(value >> 24)};
  app_write(out, all, (size_t)bytes);
}

/* What a member's two records have in common: from the version needed on to the lengths. */
static void write_common(app_output *out, uint32_t crc, uint32_t bytes, size_t name_bytes) {
  write_number(out, VERSION, 2);
  write_number(out, 0, 2); /* no flags */
  write_number(out, 0, 2); /* stored */
  write_number(out, 0, 2);
  write_number(out, FIRST_DATE, 2);
  write_number(out, crc, 4);
  write_number(out, bytes, 4);
  write_number(out, bytes, 4);
  write_number(out, (uint32_t)(name_bytes + SUFFIX_BYTES), 2);
  write_number(out, 0, 2); /* nothing extra */
}

static void write_name(app_output *out, const char *name) {
  app_write_text(out, name);
  app_write_text(out, suffix);
}

/* Where a member is. */
typedef struct {
  uint32_t at, crc, bytes;
} place;

static bool write_member(app_output *out, const char *name, const smelt_tensor *tensor, uint64_t *at,
                         place *p) {
  app_output header = app_output_on(-1); /* only its buffer is used */
  npy_write_header(&header, tensor);
  size_t data_bytes = rt_dtype_bytes((uint32_t)tensor->dtype), name_bytes = strlen(name);
  for (int32_t axis = 0; axis < tensor->rank; axis++) data_bytes *= (size_t)tensor->dims[axis];
  uint64_t bytes = header.count + data_bytes, end = *at + LOCAL_BYTES + name_bytes + SUFFIX_BYTES + bytes;
  if (end >= UINT32_MAX) return false;
  *p = (place){(uint32_t)*at, checksum(checksum(0, header.buffer, header.count), tensor->data, data_bytes),
               (uint32_t)bytes};
  write_number(out, local_mark, 4);
  write_common(out, p->crc, p->bytes, name_bytes);
  write_name(out, name);
  app_write(out, header.buffer, header.count);
  app_write(out, tensor->data, data_bytes);
  *at = end;
  return true;
}

static uint32_t write_directory(app_output *out, const char *const *names, const place *places,
                                int32_t count) {
  uint32_t bytes = 0;
  for (int32_t i = 0; i < count; i++) {
    size_t name_bytes = strlen(names[i]);
    write_number(out, central_mark, 4);
    write_number(out, VERSION, 2);
    write_common(out, places[i].crc, places[i].bytes, name_bytes);
    write_number(out, 0, 2); /* no comment */
    write_number(out, 0, 4); /* the first disk; no attributes */
    write_number(out, 0, 4);
    write_number(out, places[i].at, 4);
    write_name(out, names[i]);
    bytes += (uint32_t)(CENTRAL_BYTES + name_bytes + SUFFIX_BYTES);
  }
  return bytes;
}

const char *npz_write(const char *path, const char *const *names, const smelt_tensor *tensors,
                      int32_t count) {
  app_output out;
  place *places = calloc((size_t)count + 1, sizeof *places);
  if (!places) return "out of memory";
  if (!app_output_create(&out, path)) {
    free(places);
    return "the file cannot be made";
  }
  uint64_t at = 0;
  bool fits = true;
  for (int32_t i = 0; fits && i < count; i++)
    fits = write_member(&out, names[i], &tensors[i], &at, &places[i]);
  if (fits) {
    uint32_t directory_bytes = write_directory(&out, names, places, count);
    write_number(&out, end_mark, 4);
    write_number(&out, 0, 4); /* one disk */
    write_number(&out, (uint32_t)count, 2);
    write_number(&out, (uint32_t)count, 2);
    write_number(&out, directory_bytes, 4);
    write_number(&out, (uint32_t)at, 4);
    write_number(&out, 0, 2);
  }
  free(places);
  bool written = app_output_close(&out);
  if (!fits) return "the outputs have 4 GiB or more: write them as .npy files with --output";
  return written ? NULL : "the file cannot be written";
}
