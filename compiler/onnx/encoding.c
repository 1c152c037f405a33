/* encoding.c: the encoded element types, what is noted about values, and elements packed in bytes. */
#include "onnx/encoding.h"

#include <string.h>

/* Values of TensorProto.DataType (onnx.proto) that older schemas lack. */
enum {
  TYPE_FLOAT8E4M3FN = 17,
  TYPE_FLOAT8E4M3FNUZ,
  TYPE_FLOAT8E5M2,
  TYPE_FLOAT8E5M2FNUZ,
  TYPE_UINT4,
  TYPE_INT4,
  TYPE_FLOAT4E2M1,
  TYPE_FLOAT8E8M0,
  TYPE_UINT2,
  TYPE_INT2,
};

#define INTEGER(type, storage, bits, low, high)                                                              \
  {type, ENCODED_INTEGER, storage, bits, low, high, 0, 0, 0, 0, 0, 0, false}
#define FLOAT(type, bits, exponent, fraction, bias, largest, infinity, nan, one_zero)                        \
  {type, ENCODED_FLOAT, SMELT_U8, bits, 0, 0, exponent, fraction, bias, largest, infinity, nan, one_zero}

static const onnx_encoding encodings[] = {
    FLOAT(TYPE_FLOAT8E4M3FN, 8, 4, 3, 7, 0x7e, -1, 0x7f, false),
    FLOAT(TYPE_FLOAT8E4M3FNUZ, 8, 4, 3, 8, 0x7f, -1, -1, true),
    FLOAT(TYPE_FLOAT8E5M2, 8, 5, 2, 15, 0x7b, 0x7c, 0x7e, false),
    FLOAT(TYPE_FLOAT8E5M2FNUZ, 8, 5, 2, 16, 0x7f, -1, -1, true),
    FLOAT(TYPE_FLOAT4E2M1, 4, 2, 1, 1, 7, -1, 8, false),
    {TYPE_FLOAT8E8M0, ENCODED_EXPONENT, SMELT_U8, 8, 0, 0, 8, 0, 127, 0xfe, -1, 0xff, false},
    INTEGER(TYPE_UINT4, SMELT_U8, 4, 0, 15),
    INTEGER(TYPE_INT4, SMELT_I8, 4, -8, 7),
    INTEGER(TYPE_UINT2, SMELT_U8, 2, 0, 3),
    INTEGER(TYPE_INT2, SMELT_I8, 2, -2, 1),
};

const onnx_encoding *onnx_encoding_of(int64_t data_type) {
  for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++) {
    if (encodings[i].data_type == data_type) return &encodings[i];
  }
  return NULL;
}

const onnx_encoding *onnx_noted(const onnx_model *model, const ir_value *v) {
  return v ? pointer_map_get(&model->encodings, v) : NULL;
}

void onnx_note(onnx_model *model, const ir_value *v, const onnx_encoding *encoding) {
  if (encoding) pointer_map_set(model->arena, &model->encodings, v, (void *)(uintptr_t)encoding);
}

/* Operators that move elements of their first input, and those that know what encoded ones are. */
static const char *const carriers[] = {"Identity",  "Reshape",        "Flatten",      "Squeeze",
                                       "Unsqueeze", "Transpose",      "Concat",       "Split",
                                       "Slice",     "Expand",         "Tile",         "Gather",
                                       "GatherND",  "GatherElements", "DepthToSpace", "SpaceToDepth"};
static const char *const converters[] = {"Cast",
                                         "CastLike",
                                         "QuantizeLinear",
                                         "DequantizeLinear",
                                         "Shape",
                                         "Size",
                                         "BitCast",
                                         "Loop",
                                         "SequenceConstruct",
                                         "SequenceInsert",
                                         "SequenceMap",
                                         "Optional",
                                         "OptionalGetElement",
                                         "OptionalHasElement",
                                         "GatherBlockQuantized"};

static bool is_listed(const char *name, const char *const *list, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(list[i], name) == 0) return true;
  }
  return false;
}

bool onnx_carry_encodings(onnx_context *c) {
  const onnx_encoding *found = NULL;
  const char *name = c->row->op_type;
  bool same = true;
  for (int i = 0; i < c->in_count; i++) {
    const onnx_encoding *encoding = onnx_noted(c->model, c->in[i]);
    if (encoding) found = encoding;
  }
  if (!found || is_listed(name, converters, sizeof converters / sizeof *converters)) return true;
  if (!is_listed(name, carriers, sizeof carriers / sizeof *carriers)) {
    onnx_fail(c, "it cannot compute on the element type %s", onnx_dtype_name(found->data_type));
    return false;
  }
  bool joins = strcmp(name, "Concat") == 0;
  for (int i = 0; joins && i < c->in_count; i++) same &= onnx_noted(c->model, c->in[i]) == found;
  if (!same || onnx_noted(c->model, c->in[0]) != found) {
    onnx_fail(c, "its inputs differ in element type");
    return false;
  }
  for (int i = 0; i < c->out_count; i++) {
    if (c->out[i]) onnx_note(c->model, c->out[i], found);
  }
  return true;
}

const void *onnx_unpack_elements(arena *a, const onnx_encoding *encoding, const void *bytes, size_t count) {
  int bits = encoding->bits;
  const uint8_t *packed = bytes;
  uint8_t *elements = arena_array(a, count, 1);
  for (size_t i = 0; i < count; i++) {
    size_t bit = i * (size_t)bits;
    unsigned element = packed[bit / 8] >> bit % 8 & ((1u << bits) - 1);
    bool negative = encoding->storage == SMELT_I8 && element >> (bits - 1);
    elements[i] = (uint8_t)(negative ? element | ~0u << bits : element);
  }
  return elements;
}
