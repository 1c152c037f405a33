/*
 * encoding.h: ONNX's element types below eight bits and its 8-bit floats. The
 * graph knows none of them: a float of 8 or 4 bits is its code in an u8, an
 * integer of 4 or 2 bits is its value in an i8 or u8. What a value's bytes
 * mean is noted beside the graph while it is imported; conversions are made
 * of integer operators. Private to compiler/onnx.
 */
#ifndef SMELT_ONNX_ENCODING_H
#define SMELT_ONNX_ENCODING_H

#include "onnx/import.h"

typedef enum {
  ENCODED_INTEGER,  /* the value itself */
  ENCODED_FLOAT,    /* sign, exponent, fraction */
  ENCODED_EXPONENT, /* E8M0: 2^(code - 127) */
} onnx_encoding_kind;

/* onnx docs: "Float stored in 8 bits", "4 bit integer types"; OCP 8-bit and microscaling formats. */
struct onnx_encoding {
  int32_t data_type; /* TensorProto.DataType */
  onnx_encoding_kind kind;
  ir_dtype storage;
  int bits;                               /* in a file's tensors, first element in the low bits */
  int64_t low, high;                      /* integers */
  int exponent_bits, fraction_bits, bias; /* floats */
  int largest, infinity, nan;             /* floats: magnitude codes without sign; -1: there is none */
  bool one_zero;                          /* floats: no negative zero; its code is the NaN */
};

/* The encoding of a TensorProto.DataType; NULL for types that the graph has itself, and for unknown ones. */
const onnx_encoding *onnx_encoding_of(int64_t data_type);

/* What is noted about a value's bytes; NULL: they are what its dtype says. */
const onnx_encoding *onnx_noted(const onnx_model *model, const ir_value *v);
void onnx_note(onnx_model *model, const ir_value *v, const onnx_encoding *encoding); /* NULL does nothing */
/*
 * After an importer: results of operators that only move elements mean what their input means. False and a
 * failure where an operator cannot take an encoded input.
 */
bool onnx_carry_encodings(onnx_context *c);

/* `count` elements out of the packed bytes of a tensor; one per byte. */
const void *onnx_unpack_elements(arena *a, const onnx_encoding *encoding, const void *bytes, size_t count);

/* x's elements as `dtype`, whatever is noted about x. */
ir_value *onnx_decode(onnx_context *c, ir_value *x, ir_dtype dtype);

typedef struct {
  bool saturate; /* floats beyond the largest become it, else infinity or NaN; integers: else low bits */
  bool round;    /* integers: to even, else truncated */
  const char *exponent; /* E8M0: "up", "down" or "nearest" */
} onnx_encode_how;
/* x, decoded numbers of any dtype, as an encoded value, which is noted. */
ir_value *onnx_encode(onnx_context *c, ir_value *x, const onnx_encoding *encoding,
                      const onnx_encode_how *how);

#endif
