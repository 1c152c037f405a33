/* tensor.c: TensorProto to constants, from raw bytes, typed fields or external data (onnx.proto,
 * TensorProto). */
#include "onnx/encoding.h"

#include <string.h>

/* The field of TensorProto that holds the elements where raw_data does not. */
typedef enum { FIELD_NONE, FIELD_FLOAT, FIELD_DOUBLE, FIELD_INT32, FIELD_INT64, FIELD_UINT64 } typed_field;

typedef struct {
  const char *name; /* TensorProto.DataType's; NULL: no such type */
  bool supported;
  ir_dtype dtype;
  typed_field field;
} element_type;

/* Indexed by TensorProto.DataType. */
static const element_type element_types[] = {
    [0] = {"UNDEFINED", false, SMELT_F32, FIELD_NONE},
    [1] = {"FLOAT", true, SMELT_F32, FIELD_FLOAT},
    [2] = {"UINT8", true, SMELT_U8, FIELD_INT32},
    [3] = {"INT8", true, SMELT_I8, FIELD_INT32},
    [4] = {"UINT16", true, SMELT_U16, FIELD_INT32},
    [5] = {"INT16", true, SMELT_I16, FIELD_INT32},
    [6] = {"INT32", true, SMELT_I32, FIELD_INT32},
    [7] = {"INT64", true, SMELT_I64, FIELD_INT64},
    [8] = {"STRING", false, SMELT_F32, FIELD_NONE},
    [9] = {"BOOL", true, SMELT_BOOL, FIELD_INT32},
    [10] = {"FLOAT16", true, SMELT_F16, FIELD_INT32},
    [11] = {"DOUBLE", true, SMELT_F64, FIELD_DOUBLE},
    [12] = {"UINT32", true, SMELT_U32, FIELD_UINT64},
    [13] = {"UINT64", true, SMELT_U64, FIELD_UINT64},
    [14] = {"COMPLEX64", false, SMELT_F32, FIELD_NONE},
    [15] = {"COMPLEX128", false, SMELT_F32, FIELD_NONE},
    [16] = {"BFLOAT16", true, SMELT_BF16, FIELD_INT32},
    /* in int32_data one byte of packed elements per number */
    [17] = {"FLOAT8E4M3FN", false, SMELT_F32, FIELD_INT32},
    [18] = {"FLOAT8E4M3FNUZ", false, SMELT_F32, FIELD_INT32},
    [19] = {"FLOAT8E5M2", false, SMELT_F32, FIELD_INT32},
    [20] = {"FLOAT8E5M2FNUZ", false, SMELT_F32, FIELD_INT32},
    [21] = {"UINT4", false, SMELT_F32, FIELD_INT32},
    [22] = {"INT4", false, SMELT_F32, FIELD_INT32},
    [23] = {"FLOAT4E2M1", false, SMELT_F32, FIELD_INT32},
    [24] = {"FLOAT8E8M0", false, SMELT_F32, FIELD_INT32},
    [25] = {"UINT2", false, SMELT_F32, FIELD_INT32},
    [26] = {"INT2", false, SMELT_F32, FIELD_INT32},
};

static const element_type *element_type_of(int32_t data_type) {
  size_t count = sizeof element_types / sizeof *element_types;
  return data_type >= 0 && (size_t)data_type < count ? &element_types[data_type] : NULL;
}

bool onnx_dtype(int32_t data_type, ir_dtype *dtype) {
  const element_type *type = element_type_of(data_type);
  if (!type || !type->supported) return false;
  *dtype = type->dtype;
  return true;
}

bool onnx_storage_dtype(int32_t data_type, ir_dtype *dtype) {
  const onnx_encoding *encoding = onnx_encoding_of(data_type);
  if (encoding) *dtype = encoding->storage;
  return encoding || onnx_dtype(data_type, dtype);
}

const char *onnx_dtype_name(int32_t data_type) {
  const element_type *type = element_type_of(data_type);
  return type ? type->name : "unknown";
}

/* count * factor, or false beyond 2^62. */
static bool multiply(uint64_t *count, uint64_t factor) {
  if (factor && *count > (UINT64_C(1) << 62) / factor) return false;
  *count *= factor;
  return true;
}

status onnx_tensor_type(onnx_model *model, const Onnx__TensorProto *tensor, ir_type *type, size_t *bytes) {
  arena *a = model->arena;
  *type = (ir_type){0};
  if (!onnx_storage_dtype(tensor->data_type, &type->dtype)) {
    return fail(a, STATUS_INPUT, "its element type %s (%d) is not supported",
                onnx_dtype_name(tensor->data_type), (int)tensor->data_type);
  }
  if (tensor->n_dims > IR_MAX_RANK) {
    return fail(a, STATUS_INPUT, "it has %zu dims; at most %d are supported", tensor->n_dims, IR_MAX_RANK);
  }
  uint64_t count = ir_dtype_bytes(type->dtype);
  uint64_t largest = count; /* as if no dim were 0: an empty tensor's other dims must make sense too */
  for (size_t i = 0; i < tensor->n_dims; i++) {
    int64_t dim = tensor->dims[i];
    if (dim < 0) return fail(a, STATUS_INPUT, "its dim %zu is negative: %lld", i, (long long)dim);
    if (!multiply(&count, (uint64_t)dim) || !multiply(&largest, dim ? (uint64_t)dim : 1)) {
      return fail(a, STATUS_INPUT, "its dims make it larger than any memory");
    }
    type->dims[i] = ir_dim_const(model->module, dim);
  }
  type->rank = (int)tensor->n_dims;
  *bytes = (size_t)count;
  return OK;
}

static status fail_count(arena *a, const char *unit, size_t expected, size_t found) {
  status s = fail(a, STATUS_INPUT, "its data does not fit its dims");
  s = fail_expected(a, s, "%zu %s", expected, unit);
  return fail_found(a, s, "%zu", found);
}

/* Little-endian integers of `from` bytes each to the low `to` bytes of each; to 1 byte of 0 or 1 for bool. */
static const void *narrow(arena *a, const void *source, size_t count, size_t from, size_t to, bool is_bool) {
  uint8_t *result = arena_array(a, count, to);
  const uint8_t *bytes = source;
  for (size_t i = 0; i < count; i++) {
    memcpy(result + i * to, bytes + i * from, to);
    if (is_bool) result[i] = memcmp(bytes + i * from, "\0\0\0\0", from) != 0;
  }
  return result;
}

static status typed_data(onnx_model *model, const Onnx__TensorProto *tensor, ir_dtype dtype, size_t bytes,
                         const void **data) {
  typed_field field = element_type_of(tensor->data_type)->field;
  const struct {
    const void *elements;
    size_t count, width;
  } fields[] = {
      [FIELD_NONE] = {NULL, 0, 1},
      [FIELD_FLOAT] = {tensor->float_data, tensor->n_float_data, 4},
      [FIELD_DOUBLE] = {tensor->double_data, tensor->n_double_data, 8},
      [FIELD_INT32] = {tensor->int32_data, tensor->n_int32_data, 4},
      [FIELD_INT64] = {tensor->int64_data, tensor->n_int64_data, 8},
      [FIELD_UINT64] = {tensor->uint64_data, tensor->n_uint64_data, 8},
  };
  size_t width = ir_dtype_bytes(dtype);
  size_t count = bytes / width;
  if (fields[field].count != count) return fail_count(model->arena, "elements", count, fields[field].count);
  *data = fields[field].elements;
  if (fields[field].width != width) {
    *data = narrow(model->arena, *data, count, fields[field].width, width, dtype == SMELT_BOOL);
  }
  return OK;
}

/* Bytes of a bool tensor must be 0 or 1; others are made 1 in a copy. */
static const void *clean_bools(arena *a, const void *data, size_t count) {
  const uint8_t *bytes = data;
  for (size_t i = 0; i < count; i++) {
    if (bytes[i] > 1) return narrow(a, data, count, 1, 1, true);
  }
  return data;
}

/* Bytes of the tensor's elements in the file. */
static size_t packed_bytes(const onnx_encoding *encoding, size_t bytes) {
  if (!encoding || encoding->bits >= 8) return bytes;
  return bytes / 8 * (size_t)encoding->bits + (bytes % 8 * (size_t)encoding->bits + 7) / 8; /* no overflow */
}

static status tensor_data(onnx_model *model, const Onnx__TensorProto *tensor, ir_dtype dtype, size_t bytes,
                          const void **data) {
  arena *a = model->arena;
  if (tensor->segment) return fail(a, STATUS_INPUT, "it is stored in segments, which are not supported");
  if (tensor->has_data_location && tensor->data_location == ONNX__TENSOR_PROTO__DATA_LOCATION__EXTERNAL) {
    TRY(onnx_external_bytes(model, tensor, bytes, (const uint8_t **)data));
  } else if (tensor->has_raw_data) {
    if (tensor->raw_data.len != bytes) return fail_count(a, "bytes", bytes, tensor->raw_data.len);
    *data = tensor->raw_data.data;
  } else {
    TRY(typed_data(model, tensor, dtype, bytes, data));
  }
  if (!*data) *data = ""; /* no elements */
  if (dtype == SMELT_BOOL) *data = clean_bools(a, *data, bytes);
  return OK;
}

status onnx_tensor_constant(onnx_model *model, const Onnx__TensorProto *tensor, const ir_constant **result) {
  arena *a = model->arena;
  const char *name = onnx_text(tensor->name);
  size_t bytes;
  ir_constant *constant = ARENA_NEW(a, ir_constant);
  const onnx_encoding *encoding = onnx_encoding_of(tensor->data_type);
  status s = onnx_tensor_type(model, tensor, &constant->type, &bytes);
  if (!s)
    s = tensor_data(model, tensor, constant->type.dtype, packed_bytes(encoding, bytes), &constant->data);
  if (!s && packed_bytes(encoding, bytes) != bytes) {
    constant->data = onnx_unpack_elements(a, encoding, constant->data, bytes);
  }
  if (s) return *name ? fail_node(a, s, "initializer '%s'", name) : s;
  constant->name = *name ? name : NULL;
  *result = constant;
  return OK;
}
