/*
 * model.h: the unpacked file inside this folder: where its bytes are, what its
 * tensors become, which operators it may use. Private to compiler/onnx.
 */
#ifndef SMELT_ONNX_MODEL_H
#define SMELT_ONNX_MODEL_H

#include "onnx/names.h"
#include "onnx/onnx.h"
#include "onnx.pb-c.h"

typedef struct onnx_op_row onnx_op_row;
typedef struct onnx_encoding onnx_encoding; /* encoding.h */

struct onnx_model {
  ir_module *module;
  arena *arena;       /* the module's */
  const char *path;   /* as given */
  const char *folder; /* of path, for external data */
  file_view file;
  const Onnx__ModelProto *proto;
  file_view *external; /* files with external data, each mapped once; path is the location in the model */
  size_t external_count, external_capacity;
  const Onnx__ValueInfoProto **inputs; /* of the main graph, less initializers */
  size_t input_count;
  pointer_map encodings;    /* what the bytes of values mean where it is not what their dtype says */
  onnx_names constants;     /* initializers that were made constants; shared by all imports */
  onnx_names functions;     /* "domain:name", to their index + 1 as producer */
  const onnx_op_row **rows; /* all operators, sorted (dispatch.c) */
  size_t row_count;
  size_t inlined_count;    /* nodes from functions and turns, elements of sequences: what may multiply
                              (onnx_charge) */
  pointer_map sequences;   /* a value that stands for a sequence -> onnx_sequence */
  ir_value *none;          /* stands for an optional that is absent; NULL: not needed so far */
  onnx_form *output_forms; /* of the last import */
};

/* ---- wire.c: protobuf's wire format before it is unpacked ---- */

/*
 * Walks the message without building anything: every length inside its parent,
 * only wire types that ONNX uses, at most ONNX_MAX_NESTING messages inside each other
 * (protobuf-c recurses without limit).
 */
enum { ONNX_MAX_NESTING = 64 };
status onnx_wire_check(arena *a, const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t count);

/* One field of a message: start .. end is all of it, bytes .. bytes + count what follows its tag and length.
 */
typedef struct {
  uint32_t number;
  bool is_bytes; /* length-delimited: a message, text, bytes or packed numbers */
  const uint8_t *start, *bytes, *end;
  size_t count;
} onnx_wire_field;

/* Reads the field at *at and moves behind it; false at the end, and where the bytes make no sense. */
bool onnx_wire_next(const uint8_t *bytes, size_t count, size_t *at, onnx_wire_field *field);

/* ---- unpack.c ---- */

/* The message unpacked into the arena; needs no freeing. NULL if protobuf-c refuses it. */
ProtobufCMessage *onnx_unpack(arena *a, const ProtobufCMessageDescriptor *type, const uint8_t *bytes,
                              size_t count);
/* The same for a model that passed onnx_wire_check; large raw data is not copied but stays in `bytes`. */
Onnx__ModelProto *onnx_unpack_model(arena *a, const uint8_t *bytes, size_t count);

/* ---- tensor.c, external.c: TensorProto to constants ---- */

bool onnx_dtype(int32_t data_type, ir_dtype *dtype); /* false: no core dtype for it */
/* The dtype that holds its elements: the same, or what its encoding is stored in. */
bool onnx_storage_dtype(int32_t data_type, ir_dtype *dtype);
const char *onnx_dtype_name(int32_t data_type); /* ONNX's own name, for errors */

/* dims checked: rank, sign, and that the element count and its bytes fit in 62 bits. */
status onnx_tensor_type(onnx_model *model, const Onnx__TensorProto *tensor, ir_type *type, size_t *bytes);

/* Data is not copied unless its encoding has to change. Failures name the tensor. */
status onnx_tensor_constant(onnx_model *model, const Onnx__TensorProto *tensor, const ir_constant **constant);

/* The `wanted` bytes of a tensor that lies in a file beside the model (onnx docs/ExternalData.md). */
status onnx_external_bytes(onnx_model *model, const Onnx__TensorProto *tensor, size_t wanted,
                           const uint8_t **bytes);

/* Version of a domain's operators that the model imports ("" and "ai.onnx" are one); 0: none. */
int64_t onnx_opset(const onnx_model *model, const char *domain);

#endif
