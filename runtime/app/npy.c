/*
 * npy.c: NumPy's array files, versions 1.0 to 3.0 (numpy.lib.format): "\x93NUMPY",
 * version, header length, a Python dict as text, then the data.
 */
#define _GNU_SOURCE
#include "app/app.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#pragma weak npy_put_in_order /* linked only where arrays are what the program is for, else NULL */

static const struct {
  smelt_dtype dtype;
  const char *descr;
} npy_types[] = {
    {SMELT_F32, "<f4"}, {SMELT_F16, "<f2"},  {SMELT_F64, "<f8"},  {SMELT_I8, "|i1"},   {SMELT_I16, "<i2"},
    {SMELT_I32, "<i4"}, {SMELT_I64, "<i8"},  {SMELT_U8, "|u1"},   {SMELT_U16, "<u2"},  {SMELT_U32, "<u4"},
    {SMELT_U64, "<u8"}, {SMELT_BOOL, "|b1"}, {SMELT_BF16, "<V2"}, {SMELT_BF16, "|V2"}, /* as ml_dtypes saves
                                                                                          it */
};
enum { NPY_TYPE_COUNT = sizeof npy_types / sizeof npy_types[0], MAGIC_BYTES = 6, MOST_HEADER_BYTES = 65536 };
static const char magic[] = "\x93NUMPY";

/* ---- reading -------------------------------------------------------------------------- */

/* What follows 'key': in the header, spaces skipped; NULL where the key is missing. */
static const char *value_of(const char *header, const char *key) {
  const char *found = strstr(header, key);
  if (!found) return NULL;
  found += strlen(key);
  while (*found == ' ' || *found == ':') found++;
  return found;
}

static const char *parse_shape(const char *text, smelt_tensor *tensor) {
  if (*text++ != '(') return "the .npy file has no shape";
  while (*text && *text != ')') {
    if (*text == ' ' || *text == ',' || *text == 'L') { /* Python 2's integers end so */
      text++;
      continue;
    }
    if (*text < '0' || *text > '9') return "the .npy file's shape is no tuple of sizes";
    if (tensor->rank == SMELT_MAX_RANK) return "the array has too many axes";
    int64_t size = 0;
    for (; *text >= '0' && *text <= '9'; text++)
      if (__builtin_mul_overflow(size, 10, &size) || __builtin_add_overflow(size, *text - '0', &size))
        return "the array is too large";
    tensor->dims[tensor->rank++] = size;
  }
  return *text ? NULL : "the .npy file's shape does not end";
}

/* The dtype that "descr" names; its first letter, the order of bytes, is left to *is_big. */
static const char *parse_type(const char *descr, smelt_tensor *tensor, bool *is_big) {
  if (*descr++ != '\'') return "the .npy file's dtype is none that models use";
  for (int type = 0; type < NPY_TYPE_COUNT; type++) {
    *is_big = *descr == '>' && *npy_types[type].descr == '<';
    bool is_order = *is_big || *descr == *npy_types[type].descr;
    if (!is_order || strncmp(descr + 1, npy_types[type].descr + 1, 2) != 0 || descr[3] != '\'') continue;
    tensor->dtype = npy_types[type].dtype;
    return NULL;
  }
  return "the .npy file's dtype is none that models use";
}

static const char *parse_header(const char *header, smelt_tensor *tensor, npy_order *order) {
  const char *descr = value_of(header, "'descr'"), *is_fortran = value_of(header, "'fortran_order'"),
             *shape = value_of(header, "'shape'");
  if (!descr || !is_fortran || !shape) return "the .npy file's header lacks descr, fortran_order or shape";
  const char *wrong = parse_type(descr, tensor, &order->is_big);
  if (!wrong) wrong = parse_shape(shape, tensor);
  if (wrong) return wrong;
  order->is_fortran = strncmp(is_fortran, "False", 5) != 0 && tensor->rank > 1;
  bool is_other = order->is_fortran || order->is_big;
  return is_other && !npy_put_in_order ? "the array is in Fortran order, or big-endian" : NULL;
}

/* Where an array comes from: a file, or memory. */
typedef struct {
  int file; /* -1: memory */
  const uint8_t *bytes;
  size_t left; /* of memory */
} source;

static bool read_all(source *s, void *to, size_t bytes) {
  if (s->file < 0) {
    if (bytes > s->left) return false;
    memcpy(to, s->bytes, bytes);
    s->bytes += bytes;
    s->left -= bytes;
    return true;
  }
  for (char *at = to; bytes > 0;) {
    ssize_t got = read(s->file, at, bytes);
    if (got <= 0) return false;
    at += got;
    bytes -= (size_t)got;
  }
  return true;
}

/* The header's text, NUL-terminated, in `header`. */
static const char *read_header(source *s, char header[static MOST_HEADER_BYTES + 1]) {
  uint8_t start[MAGIC_BYTES + 2 + 4] = {0};
  if (!read_all(s, start, MAGIC_BYTES + 2) || memcmp(start, magic, MAGIC_BYTES) != 0)
    return "this is no .npy file";
  size_t length_bytes = start[MAGIC_BYTES] == 1 ? 2 : 4; /* by the version */
  uint8_t *length = start + MAGIC_BYTES + 2;
  if (!read_all(s, length, length_bytes)) return "the .npy file is cut off";
  uint32_t bytes =
      length[0] | (uint32_t)length[1] << 8 | (uint32_t)length[2] << 16 | (uint32_t)length[3] << 24;
  if (bytes > MOST_HEADER_BYTES) return "the .npy file's header is too long";
  if (!read_all(s, header, bytes)) return "the .npy file is cut off";
  header[bytes] = 0;
  return NULL;
}

/* Whether so many bytes are left. */
static bool has_bytes(const source *s, int64_t bytes) {
  struct stat info;
  if (s->file < 0) return (uint64_t)bytes <= s->left;
  off_t here = lseek(s->file, 0, SEEK_CUR);
  return here >= 0 && fstat(s->file, &info) == 0 && info.st_size - here >= bytes;
}

static const char *read_data(source *s, smelt_tensor *tensor) {
  int64_t bytes = rt_dtype_bytes((uint32_t)tensor->dtype);
  for (int32_t axis = 0; axis < tensor->rank; axis++)
    if (__builtin_mul_overflow(bytes, tensor->dims[axis], &bytes)) return "the array is too large";
  if ((uint64_t)bytes > SIZE_MAX / 2) return "the array is too large"; /* where pointers have 32 bits */
  if (!has_bytes(s, bytes)) return "the .npy file is cut off";
  tensor->data = malloc(bytes ? (size_t)bytes : 1);
  if (!tensor->data) return "out of memory";
  return read_all(s, tensor->data, (size_t)bytes) ? NULL : "the .npy file is cut off";
}

static const char *read_array(source *s, smelt_tensor *tensor) {
  npy_order order = {0};
  *tensor = (smelt_tensor){0};
  char *header = malloc(MOST_HEADER_BYTES + 1);
  const char *wrong = header ? read_header(s, header) : "out of memory";
  if (!wrong) wrong = parse_header(header, tensor, &order);
  if (!wrong) wrong = read_data(s, tensor);
  bool is_other = order.is_fortran || order.is_big;
  if (!wrong && is_other && !npy_put_in_order(tensor, order)) wrong = "out of memory";
  free(header);
  return wrong;
}

const char *npy_read(const char *path, smelt_tensor *tensor) {
  *tensor = (smelt_tensor){0};
  source s = {.file = rt_host_open(path)};
  if (s.file < 0) return "the file cannot be opened";
  const char *wrong = read_array(&s, tensor);
  close(s.file);
  return wrong;
}

const char *npy_parse(const void *bytes, size_t count, smelt_tensor *tensor) {
  return read_array(&(source){-1, bytes, count}, tensor);
}

/* ---- writing ----------------------------------------------------------------------------- */

static const char *descr_of(smelt_dtype dtype) {
  for (int i = 0; i < NPY_TYPE_COUNT; i++)
    if (npy_types[i].dtype == dtype) return npy_types[i].descr;
  return "|u1";
}

/* Magic, version 1.0, length and dict, padded with spaces so that the data starts at a multiple of 64 bytes.
 */
void npy_write_header(app_output *out, const smelt_tensor *tensor) {
  enum { START_BYTES = MAGIC_BYTES + 4 };
  app_output dict = app_output_on(-1); /* only its buffer is used: the text is far shorter */
  app_write_text(&dict, "{'descr': '");
  app_write_text(&dict, descr_of(tensor->dtype));
  app_write_text(&dict, "', 'fortran_order': False, 'shape': (");
  for (int32_t axis = 0; axis < tensor->rank; axis++) {
    app_write_integer(&dict, tensor->dims[axis]);
    app_write_text(&dict, ", ");
  }
  app_write_text(&dict, "), }");
  while ((START_BYTES + dict.count + 1) % 64 != 0) app_write_text(&dict, " ");
  app_write_text(&dict, "\n");

  const uint8_t start[4] = {1, 0, (uint8_t)(dict.count & 255), (uint8_t)(dict.count >> 8)};
  app_write(out, magic, MAGIC_BYTES);
  app_write(out, start, sizeof start);
  app_write(out, dict.buffer, dict.count);
}

const char *npy_write(const char *path, const smelt_tensor *tensor) {
  app_output out;
  if (!app_output_create(&out, path)) return "the file cannot be made";
  npy_write_header(&out, tensor);
  size_t bytes = rt_dtype_bytes((uint32_t)tensor->dtype);
  for (int32_t axis = 0; axis < tensor->rank; axis++) bytes *= (size_t)tensor->dims[axis];
  app_write(&out, tensor->data, bytes);
  return app_output_close(&out) ? NULL : "the file cannot be written";
}
