/*
 * unpack.c: protobuf messages in the arena. protobuf-c copies all bytes it
 * unpacks; weights inside the file are therefore left out of what it sees and
 * the unpacked tensors pointed at the mapped file instead.
 */
#include "onnx/model.h"

enum { LEAST_BYTES = 4096 }; /* of raw data worth leaving out */

/* Field numbers of onnx.proto. */
enum { MODEL_GRAPH = 7, GRAPH_INITIALIZER = 5, TENSOR_RAW_DATA = 9 };

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

/* ---- leaving weights out ---- */

typedef struct {
  size_t initializer; /* its index in the graph */
  const uint8_t *bytes;
  size_t count;
} left_out;

typedef struct {
  arena *a;
  left_out *items;
  size_t item_count, item_capacity;
  size_t initializer_count, graph_count;
} shortening;

static void append_varint(text *t, uint64_t value) {
  uint8_t bytes[10];
  size_t count = 0;
  do {
    bytes[count] = (uint8_t)((value & 0x7f) | (value > 0x7f ? 0x80 : 0));
    value >>= 7;
    count++;
  } while (value);
  text_append(t, bytes, count);
}

static void append_message(text *t, uint32_t number, const text *message) {
  append_varint(t, (uint64_t)number << 3 | 2);
  append_varint(t, message->count);
  if (message->count) text_append(t, message->bytes, message->count);
}

/* The tensor without its raw data if that is large. */
static void shorten_tensor(shortening *s, const uint8_t *bytes, size_t count, text *result) {
  onnx_wire_field field;
  for (size_t at = 0; onnx_wire_next(bytes, count, &at, &field);) {
    if (field.number == TENSOR_RAW_DATA && field.is_bytes && field.count >= LEAST_BYTES) {
      ARENA_PUSH(s->a, s->items, s->item_count, s->item_capacity) =
          (left_out){s->initializer_count, field.bytes, field.count};
    } else {
      text_append(result, field.start, (size_t)(field.end - field.start));
    }
  }
}

static void shorten_graph(shortening *s, const uint8_t *bytes, size_t count, text *result) {
  onnx_wire_field field;
  for (size_t at = 0; onnx_wire_next(bytes, count, &at, &field);) {
    if (field.number == GRAPH_INITIALIZER && field.is_bytes) {
      text tensor = {0};
      shorten_tensor(s, field.bytes, field.count, &tensor);
      append_message(result, GRAPH_INITIALIZER, &tensor);
      text_free(&tensor);
      s->initializer_count++;
    } else {
      text_append(result, field.start, (size_t)(field.end - field.start));
    }
  }
}

static void shorten_model(shortening *s, const uint8_t *bytes, size_t count, text *result) {
  onnx_wire_field field;
  for (size_t at = 0; onnx_wire_next(bytes, count, &at, &field);) {
    if (field.number == MODEL_GRAPH && field.is_bytes) {
      text graph = {0};
      shorten_graph(s, field.bytes, field.count, &graph);
      append_message(result, MODEL_GRAPH, &graph);
      text_free(&graph);
      s->graph_count++;
    } else {
      text_append(result, field.start, (size_t)(field.end - field.start));
    }
  }
}

/* Gives the unpacked tensors the bytes that were left out. False if the two do not belong together. */
static bool put_back(const shortening *s, Onnx__GraphProto *graph) {
  if (s->item_count && (!graph || graph->n_initializer != s->initializer_count)) return false;
  for (size_t i = 0; i < s->item_count; i++) {
    const left_out *item = &s->items[i];
    Onnx__TensorProto *tensor = graph->initializer[item->initializer];
    tensor->has_raw_data = 1;
    tensor->raw_data.len = item->count;
    tensor->raw_data.data = (uint8_t *)(uintptr_t)item->bytes; /* protobuf-c has no const; nobody writes */
  }
  return true;
}

Onnx__ModelProto *onnx_unpack_model(arena *a, const uint8_t *bytes, size_t count) {
  const ProtobufCMessageDescriptor *type = &onnx__model_proto__descriptor;
  shortening s = {.a = a};
  text shorter = {0};
  shorten_model(&s, bytes, count, &shorter);
  Onnx__ModelProto *model =
      (Onnx__ModelProto *)onnx_unpack(a, type, (const uint8_t *)shorter.bytes, shorter.count);
  text_free(&shorter);
  /* A file with its graph in several pieces is legal and never seen: it is unpacked whole. */
  if (s.graph_count > 1) return (Onnx__ModelProto *)onnx_unpack(a, type, bytes, count);
  return model && put_back(&s, model->graph) ? model : NULL;
}
