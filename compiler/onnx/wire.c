/*
 * wire.c: a look at protobuf's wire format before protobuf-c unpacks it
 * (protobuf.dev/programming-guides/encoding).
 */
#include "onnx/model.h"

enum { WIRE_VARINT = 0, WIRE_FIXED64 = 1, WIRE_BYTES = 2, WIRE_FIXED32 = 5 };

/* Reads a varint at *at; false if it runs past `count` or over 64 bits. */
static bool read_varint(const uint8_t *bytes, size_t count, size_t *at, uint64_t *value) {
  *value = 0;
  for (unsigned shift = 0; shift < 64 && *at < count; shift += 7) {
    uint8_t byte = bytes[(*at)++];
    *value |= (uint64_t)(byte & 0x7f) << shift;
    if (!(byte & 0x80)) return true;
  }
  return false;
}

bool onnx_wire_next(const uint8_t *bytes, size_t count, size_t *at, onnx_wire_field *field) {
  uint64_t tag, value;
  if (*at >= count) return false;
  *field = (onnx_wire_field){.start = bytes + *at};
  if (!read_varint(bytes, count, at, &tag) || tag >> 3 == 0 || tag >> 3 > UINT32_MAX) return false;
  field->number = (uint32_t)(tag >> 3);
  size_t skipped = 0;
  switch (tag & 7) {
  case WIRE_VARINT:
    if (!read_varint(bytes, count, at, &value)) return false;
    break;
  case WIRE_FIXED64:
    skipped = 8;
    break;
  case WIRE_FIXED32:
    skipped = 4;
    break;
  case WIRE_BYTES:
    if (!read_varint(bytes, count, at, &value) || value > count - *at) return false;
    skipped = (size_t)value;
    field->is_bytes = true;
    break;
  default:
    return false;
  }
  if (skipped > count - *at) return false;
  field->bytes = bytes + *at;
  field->count = skipped;
  *at += skipped;
  field->end = bytes + *at;
  return true;
}

static const ProtobufCMessageDescriptor *message_field(const ProtobufCMessageDescriptor *type,
                                                       uint32_t number) {
  const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(type, number);
  return field && field->type == PROTOBUF_C_TYPE_MESSAGE ? field->descriptor : NULL;
}

static status check_message(arena *a, const ProtobufCMessageDescriptor *type, const uint8_t *bytes,
                            size_t count, int nesting) {
  if (nesting > ONNX_MAX_NESTING) {
    return fail(a, STATUS_INPUT, "nests messages more than %d deep", ONNX_MAX_NESTING);
  }
  onnx_wire_field field;
  for (size_t at = 0; at < count;) {
    if (!onnx_wire_next(bytes, count, &at, &field)) {
      return fail(a, STATUS_INPUT, "is not an ONNX model or is truncated");
    }
    const ProtobufCMessageDescriptor *inner = field.is_bytes ? message_field(type, field.number) : NULL;
    if (inner) TRY(check_message(a, inner, field.bytes, field.count, nesting + 1));
  }
  return OK;
}

status onnx_wire_check(arena *a, const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t count) {
  return check_message(a, type, bytes, count, 1);
}
