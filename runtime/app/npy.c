/*
 * npy.c: NumPy's array files, versions 1.0 to 3.0 (numpy.lib.format): "\x93NUMPY",
 * version, header length, a Python dict as text, then the data; row-major here.
 */
#define _GNU_SOURCE
#include "app/app.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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
    if (*text == ' ' || *text == ',') {
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

static const char *parse_header(const char *header, smelt_tensor *tensor) {
  const char *descr = value_of(header, "'descr'"), *order = value_of(header, "'fortran_order'"),
             *shape = value_of(header, "'shape'");
  if (!descr || !order || !shape) return "the .npy file's header lacks descr, fortran_order or shape";
  int type = 0;
  while (type < NPY_TYPE_COUNT && strncmp(descr + 1, npy_types[type].descr, 3) != 0) type++;
  if (*descr != '\'' || type == NPY_TYPE_COUNT) return "the .npy file's dtype is none that models use";
  tensor->dtype = npy_types[type].dtype;
  const char *wrong = parse_shape(shape, tensor);
  if (wrong) return wrong;
  if (strncmp(order, "False", 5) != 0 && tensor->rank > 1) return "the array is in Fortran order";
  return NULL;
}

static bool read_all(int file, void *to, size_t bytes) {
  for (char *at = to; bytes > 0;) {
    ssize_t got = read(file, at, bytes);
    if (got <= 0) return false;
    at += got;
    bytes -= (size_t)got;
  }
  return true;
}

/* The header's text, NUL-terminated, in `header`. */
static const char *read_header(int file, char header[static MOST_HEADER_BYTES + 1]) {
  uint8_t start[MAGIC_BYTES + 2 + 4] = {0};
  if (!read_all(file, start, MAGIC_BYTES + 2) || memcmp(start, magic, MAGIC_BYTES) != 0)
    return "this is no .npy file";
  size_t length_bytes = start[MAGIC_BYTES] == 1 ? 2 : 4; /* by the version */
  uint8_t *length = start + MAGIC_BYTES + 2;
  if (!read_all(file, length, length_bytes)) return "the .npy file is cut off";
  uint32_t bytes =
      length[0] | (uint32_t)length[1] << 8 | (uint32_t)length[2] << 16 | (uint32_t)length[3] << 24;
  if (bytes > MOST_HEADER_BYTES) return "the .npy file's header is too long";
  if (!read_all(file, header, bytes)) return "the .npy file is cut off";
  header[bytes] = 0;
  return NULL;
}

static const char *read_data(int file, smelt_tensor *tensor) {
  int64_t bytes = rt_dtype_bytes((uint32_t)tensor->dtype);
  for (int32_t axis = 0; axis < tensor->rank; axis++)
    if (__builtin_mul_overflow(bytes, tensor->dims[axis], &bytes)) return "the array is too large";
  struct stat info;
  off_t here = lseek(file, 0, SEEK_CUR);
  if (here < 0 || fstat(file, &info) != 0 || info.st_size - here < bytes) return "the .npy file is cut off";
  tensor->data = malloc(bytes ? (size_t)bytes : 1);
  if (!tensor->data) return "out of memory";
  return read_all(file, tensor->data, (size_t)bytes) ? NULL : "the .npy file is cut off";
}

const char *npy_read(const char *path, smelt_tensor *tensor) {
  *tensor = (smelt_tensor){0};
  int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return "the file cannot be opened";
  char *header = malloc(MOST_HEADER_BYTES + 1);
  const char *wrong = header ? read_header(file, header) : "out of memory";
  if (!wrong) wrong = parse_header(header, tensor);
  if (!wrong) wrong = read_data(file, tensor);
  free(header);
  close(file);
  return wrong;
}

/* ---- writing ----------------------------------------------------------------------------- */

static const char *descr_of(smelt_dtype dtype) {
  for (int i = 0; i < NPY_TYPE_COUNT; i++)
    if (npy_types[i].dtype == dtype) return npy_types[i].descr;
  return "|u1";
}

/* Magic, version 1.0, length and dict, padded with spaces so that the data starts at a multiple of 64 bytes.
 */
static void write_header(app_output *out, const smelt_tensor *tensor) {
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
  write_header(&out, tensor);
  size_t bytes = rt_dtype_bytes((uint32_t)tensor->dtype);
  for (int32_t axis = 0; axis < tensor->rank; axis++) bytes *= (size_t)tensor->dims[axis];
  app_write(&out, tensor->data, bytes);
  return app_output_close(&out) ? NULL : "the file cannot be written";
}
