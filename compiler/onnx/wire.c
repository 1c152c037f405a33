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

static const ProtobufCMessageDescriptor *message_field(const ProtobufCMessageDescriptor *type,
                                                       uint64_t number) {
  if (number > UINT32_MAX) return NULL;
  const ProtobufCFieldDescriptor *field = protobuf_c_message_descriptor_get_field(type, (unsigned)number);
  return field && field->type == PROTOBUF_C_TYPE_MESSAGE ? field->descriptor : NULL;
}

static status fail_broken(arena *a) {
  return fail(a, STATUS_INPUT, "is not an ONNX model or is truncated");
}

static status check_message(arena *a, const ProtobufCMessageDescriptor *type, const uint8_t *bytes,
                            size_t count, int nesting) {
  if (nesting > ONNX_MAX_NESTING) {
    return fail(a, STATUS_INPUT, "nests messages more than %d deep", ONNX_MAX_NESTING);
  }
  size_t at = 0;
  while (at < count) {
    uint64_t tag, value;
    if (!read_varint(bytes, count, &at, &tag) || tag >> 3 == 0) return fail_broken(a);
    size_t skipped = 0;
    switch (tag & 7) {
    case WIRE_VARINT:
      if (!read_varint(bytes, count, &at, &value)) return fail_broken(a);
      break;
    case WIRE_FIXED64:
      skipped = 8;
      break;
    case WIRE_FIXED32:
      skipped = 4;
      break;
    case WIRE_BYTES: {
      if (!read_varint(bytes, count, &at, &value) || value > count - at) return fail_broken(a);
      skipped = (size_t)value;
      const ProtobufCMessageDescriptor *inner = message_field(type, tag >> 3);
      if (inner) TRY(check_message(a, inner, bytes + at, skipped, nesting + 1));
      break;
    }
    default:
      return fail_broken(a);
    }
    if (skipped > count - at) return fail_broken(a);
    at += skipped;
  }
  return OK;
}

status onnx_wire_check(arena *a, const ProtobufCMessageDescriptor *type, const uint8_t *bytes, size_t count) {
  return check_message(a, type, bytes, count, 1);
}

static void *unpack_alloc(void *a, size_t bytes) {
  return arena_alloc(a, bytes);
}
static void unpack_free(void *a, void *pointer) {
  (void)a;
  (void)pointer; /* goes with the arena */
}

ProtobufCMessage *onnx_unpack(arena *a, const ProtobufCMessageDescriptor *type, const uint8_t *bytes,
                              size_t count) {
  ProtobufCAllocator allocator = {.alloc = unpack_alloc, .free = unpack_free, .allocator_data = a};
  return protobuf_c_message_unpack(type, &allocator, count, bytes);
}
