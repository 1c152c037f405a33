/* npy.c: .npy files read and written. */
#include "npy.h"

#include "oracle_error.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  int element_type;
  const char *npy_descr;
  size_t bytes;
} element_row;

static const element_row element_rows[] = {
    {1, "<f4", 4}, {2, "|u1", 1}, {3, "|i1", 1},  {4, "<u2", 2},  {5, "<i2", 2},  {6, "<i4", 4},
    {7, "<i8", 8}, {9, "|b1", 1}, {10, "<f2", 2}, {11, "<f8", 8}, {12, "<u4", 4}, {13, "<u8", 8},
};
enum { ELEMENT_ROW_COUNT = sizeof element_rows / sizeof *element_rows };

static const element_row *row_of_type(int element_type) {
  for (size_t i = 0; i < ELEMENT_ROW_COUNT; i++)
    if (element_rows[i].element_type == element_type) return &element_rows[i];
  oracle_die(ORACLE_EXIT_FAILED, "element type %d has no .npy form", element_type);
}

size_t tensor_element_count(const tensor *t) {
  size_t count = 1;
  for (size_t i = 0; i < t->rank; i++)
    if (t->dims[i] < 0 || __builtin_mul_overflow(count, (size_t)t->dims[i], &count))
      oracle_die(ORACLE_EXIT_FAILED, "a tensor dimension is %lld", (long long)t->dims[i]);
  return count;
}

size_t tensor_bytes(const tensor *t) {
  size_t bytes;
  if (__builtin_mul_overflow(tensor_element_count(t), row_of_type(t->element_type)->bytes, &bytes))
    oracle_die(ORACLE_EXIT_FAILED, "a tensor is too large");
  return bytes;
}

static const char npy_magic[] = "\x93NUMPY\x01"; /* then minor version 0, u16 header length, header text */
enum { NPY_PREFIX_BYTES = 10, NPY_HEADER_CAPACITY = 4096 };

static const char *header_value(const char *header, const char *key, const char *path) {
  const char *at = strstr(header, key);
  if (!at) oracle_die(ORACLE_EXIT_FAILED, "%s: the .npy header has no %s", path, key);
  return at + strlen(key) + strspn(at + strlen(key), ": ");
}

static tensor parse_header(const char *header, const char *path) {
  tensor t = {0};
  const char *descr = header_value(header, "'descr'", path);
  for (size_t i = 0; i < ELEMENT_ROW_COUNT; i++)
    if (*descr && !strncmp(descr + 1, element_rows[i].npy_descr, 3))
      t.element_type = element_rows[i].element_type;
  if (!t.element_type) oracle_die(ORACLE_EXIT_FAILED, "%s: element type %.6s is not supported", path, descr);
  if (strncmp(header_value(header, "'fortran_order'", path), "False", 5))
    oracle_die(ORACLE_EXIT_FAILED, "%s: Fortran order is not supported", path);

  const char *shape = header_value(header, "'shape'", path);
  if (*shape++ != '(') oracle_die(ORACLE_EXIT_FAILED, "%s: the .npy shape is not a tuple", path);
  while (*(shape += strspn(shape, ", ")) != ')') {
    char *end;
    long long dim = strtoll(shape, &end, 10);
    if (end == shape || dim < 0 || t.rank == TENSOR_MAX_RANK)
      oracle_die(ORACLE_EXIT_FAILED, "%s: bad .npy shape", path);
    t.dims[t.rank++] = dim;
    shape = end;
  }
  return t;
}

tensor npy_read(const char *path) {
  FILE *f = fopen(path, "rb");
  if (!f) oracle_die(ORACLE_EXIT_FAILED, "cannot open %s", path);
  unsigned char prefix[NPY_PREFIX_BYTES];
  char header[NPY_HEADER_CAPACITY];
  if (fread(prefix, 1, sizeof prefix, f) != sizeof prefix || memcmp(prefix, npy_magic, sizeof npy_magic - 1))
    oracle_die(ORACLE_EXIT_FAILED, "%s is not a .npy file of version 1", path);
  size_t header_bytes = prefix[8] | (size_t)prefix[9] << 8;
  if (header_bytes >= sizeof header || fread(header, 1, header_bytes, f) != header_bytes)
    oracle_die(ORACLE_EXIT_FAILED, "%s: bad .npy header length %zu", path, header_bytes);
  header[header_bytes] = '\0';

  tensor t = parse_header(header, path);
  size_t bytes = tensor_bytes(&t);
  t.data = oracle_array(bytes, 1);
  if (fread(t.data, 1, bytes, f) != bytes || fgetc(f) != EOF)
    oracle_die(ORACLE_EXIT_FAILED, "%s: the data is not %zu bytes long", path, bytes);
  fclose(f);
  return t;
}

void npy_write(const char *path, const tensor *t) {
  char shape[TENSOR_MAX_RANK * 24] = "";
  size_t used = 0;
  for (size_t i = 0; i < t->rank; i++)
    used += (size_t)snprintf(shape + used, sizeof shape - used, "%lld, ", (long long)t->dims[i]);
  char header[512];
  int length = snprintf(header, sizeof header, "{'descr': '%s', 'fortran_order': False, 'shape': (%s), }",
                        row_of_type(t->element_type)->npy_descr, shape);
  /* The data starts at a multiple of 64 bytes; the header is padded with blanks and ends in a newline. */
  size_t header_bytes = ((size_t)length + 1 + NPY_PREFIX_BYTES + 63) / 64 * 64 - NPY_PREFIX_BYTES;
  unsigned char sizes[3] = {0, (unsigned char)(header_bytes & 255), (unsigned char)(header_bytes >> 8)};

  FILE *f = fopen(path, "wb");
  if (!f) oracle_die(ORACLE_EXIT_FAILED, "cannot write %s", path);
  size_t bytes = tensor_bytes(t);
  bool written = fwrite(npy_magic, 1, sizeof npy_magic - 1, f) == sizeof npy_magic - 1;
  written = fwrite(sizes, 1, sizeof sizes, f) == sizeof sizes && written;
  written = fprintf(f, "%-*s\n", (int)header_bytes - 1, header) == (int)header_bytes && written;
  written = fwrite(t->data, 1, bytes, f) == bytes && written;
  if (fclose(f) || !written) oracle_die(ORACLE_EXIT_FAILED, "cannot write %s", path);
}
