/*
 * tensor.h: tensors that ONNX Runtime owns.
 */
#ifndef ORACLE_TENSOR_H
#define ORACLE_TENSOR_H

#include "npy.h"
#include "ort_api.h"

/* A new, uninitialised value. Freed with api->ReleaseValue. */
ort_value *tensor_new(const ort_api *api, int element_type, size_t rank, const int64_t *dims);

/* A view of a value; the data belongs to the value. */
tensor tensor_of(const ort_api *api, ort_value *value);
tensor tensor_describe(const ort_api *api, const ort_tensor_info *info); /* data is NULL */

#endif
