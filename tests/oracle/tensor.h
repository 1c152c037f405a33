/*
 * tensor.h: dense tensors that ONNX Runtime owns, their element types, and NumPy's .npy files.
 */
#ifndef ORACLE_TENSOR_H
#define ORACLE_TENSOR_H

#include "ort_api.h"

#include <stdbool.h>

enum { TENSOR_MAX_RANK = 8 };

/* TensorProto.DataType numbers (onnx.proto), which ONNX Runtime's element types share. */
typedef enum {
  ELEMENT_F32 = 1,
  ELEMENT_I32 = 6,
  ELEMENT_I64 = 7,
  ELEMENT_BOOL = 9,
} element_type;

/* A view of a value: `data` belongs to it. A dim of -1 is symbolic (only in a session's input descriptions).
 */
typedef struct {
  int element_type;
  size_t rank;
  int64_t dims[TENSOR_MAX_RANK];
  void *data;
} tensor;

size_t tensor_element_bytes(int element_type); /* dies for types that .npy cannot hold */
size_t tensor_element_count(const tensor *t);

/* A new, uninitialised value. Freed with api->ReleaseValue. */
ort_value *tensor_new(const ort_api *api, int element_type, size_t rank, const int64_t *dims);
tensor tensor_of(const ort_api *api, ort_value *value);
tensor tensor_describe(const ort_api *api, const ort_tensor_info *info); /* data is NULL */

/*
 * .npy, version 1.0 (NumPy Enhancement Proposal 1), little endian, C order. Reading dies on anything else.
 */
ort_value *npy_read(const ort_api *api, const char *path);
void npy_write(const char *path, const tensor *t);

#endif
