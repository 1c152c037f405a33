/* tensor.c: tensors made for and taken from ONNX Runtime. */
#include "tensor.h"

#include "oracle_error.h"

ort_value *tensor_new(const ort_api *api, int element_type, size_t rank, const int64_t *dims) {
  ort_value *value = NULL;
  ort_check(api, api->CreateTensorAsOrtValue(api->allocator, dims, rank, element_type, &value),
            "making a tensor");
  return value;
}

tensor tensor_describe(const ort_api *api, const ort_tensor_info *info) {
  tensor t = {0};
  ort_check(api, api->GetTensorElementType(info, &t.element_type), "reading an element type");
  ort_check(api, api->GetDimensionsCount(info, &t.rank), "reading a rank");
  if (t.rank > TENSOR_MAX_RANK) oracle_die(ORACLE_EXIT_FAILED, "a tensor has rank %zu", t.rank);
  ort_check(api, api->GetDimensions(info, t.dims, t.rank), "reading dimensions");
  return t;
}

tensor tensor_of(const ort_api *api, ort_value *value) {
  ort_tensor_info *info = NULL;
  ort_check(api, api->GetTensorTypeAndShape(value, &info), "reading a tensor's shape");
  tensor t = tensor_describe(api, info);
  api->ReleaseTensorTypeAndShapeInfo(info);
  ort_check(api, api->GetTensorMutableData(value, &t.data), "reading a tensor's data");
  return t;
}
