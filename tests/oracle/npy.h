/*
 * npy.h: dense tensors, and NumPy's .npy files that hold them.
 */
#ifndef ORACLE_NPY_H
#define ORACLE_NPY_H

#include <stddef.h>
#include <stdint.h>

enum { TENSOR_MAX_RANK = 8 };

/* TensorProto.DataType numbers (onnx.proto), which ONNX Runtime's element types share. */
enum {
  ELEMENT_F32 = 1,
  ELEMENT_I32 = 6,
  ELEMENT_I64 = 7,
  ELEMENT_BOOL = 9,
};

/* Row-major. A dim of -1 is symbolic (only where a session describes its inputs). */
typedef struct {
  int element_type;
  size_t rank;
  int64_t dims[TENSOR_MAX_RANK];
  void *data;
} tensor;

size_t tensor_element_count(const tensor *t);
size_t tensor_bytes(const tensor *t); /* dies for element types that .npy cannot hold */

/*
 * .npy, version 1.0 (NumPy Enhancement Proposal 1), little endian, C order. Reading dies on anything else;
 * the data is the caller's, freed with free().
 */
tensor npy_read(const char *path);
void npy_write(const char *path, const tensor *t);

#endif
