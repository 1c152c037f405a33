/*
 * seed.c: seed SUITE MODELS GRAPHS: from each folder of the ONNX backend suite a small model into the folder
 * MODELS, and as a graph in text into GRAPHS where it can be imported. Inputs that are sizes become
 * initializers with the test's own values: without them few models get past the import.
 */
#define _GNU_SOURCE
#include "onnx/import.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_MODEL_BYTES = 64 << 10, MAX_SIZES = 64 };

static bool write_file(const char *path, const void *bytes, size_t count) {
  FILE *file = fopen(path, "wb");
  if (!file) return false;
  bool good = fwrite(bytes, 1, count, file) == count;
  return fclose(file) == 0 && good;
}

/* The message in a file, or NULL. */
static ProtobufCMessage *read_message(arena *a, const ProtobufCMessageDescriptor *type, const char *path) {
  file_view file;
  if (!file_exists(path) || file_map(a, path, &file)) return NULL;
  ProtobufCMessage *message = NULL;
  if (file.count <= MAX_MODEL_BYTES && !onnx_wire_check(a, type, file.bytes, file.count)) {
    message = onnx_unpack(a, type, file.bytes, file.count);
  }
  file_unmap(&file);
  return message;
}

static bool is_sizes(const Onnx__TensorProto *tensor) {
  bool is_integer = tensor->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__INT64 ||
                    tensor->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__INT32 ||
                    tensor->data_type == ONNX__TENSOR_PROTO__DATA_TYPE__BOOL;
  return is_integer && (tensor->n_dims == 0 || (tensor->n_dims == 1 && tensor->dims[0] <= MAX_SIZES));
}

static void fix_sizes(arena *a, Onnx__GraphProto *graph, const char *folder) {
  size_t capacity = 0;
  Onnx__TensorProto **initializers = NULL;
  size_t count = 0;
  for (size_t i = 0; i < graph->n_initializer; i++)
    ARENA_PUSH(a, initializers, count, capacity) = graph->initializer[i];
  for (size_t i = 0; i < graph->n_input; i++) {
    const char *path = arena_format(a, "%s/test_data_set_0/input_%zu.pb", folder, i);
    const Onnx__TypeProto *type = graph->input[i]->type;
    if (!type || type->value_case != ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE) continue;
    Onnx__TensorProto *tensor = (Onnx__TensorProto *)read_message(a, &onnx__tensor_proto__descriptor, path);
    if (!tensor || !is_sizes(tensor)) continue;
    tensor->name = graph->input[i]->name;
    ARENA_PUSH(a, initializers, count, capacity) = tensor;
  }
  graph->initializer = initializers;
  graph->n_initializer = count;
}

static bool write_graph(arena *a, const uint8_t *bytes, size_t count, const char *path) {
  ir_module *m = ir_module_new(a, path);
  onnx_model *model;
  ir_graph *g;
  if (onnx_open_bytes(m, path, bytes, count, &model) || onnx_import_graph(model, NULL, &g)) return true;
  text t = {0};
  ir_print_module(&t, m);
  bool good = t.count > MAX_MODEL_BYTES || write_file(path, t.bytes, t.count);
  text_free(&t);
  return good;
}

/* False only where writing failed. */
static bool make_seed(const char *folder, const char *name, const char *models, const char *graphs) {
  arena a = {0};
  bool good = true;
  Onnx__ModelProto *model = (Onnx__ModelProto *)read_message(&a, &onnx__model_proto__descriptor,
                                                             arena_format(&a, "%s/model.onnx", folder));
  if (model && model->graph) {
    fix_sizes(&a, model->graph, folder);
    model->doc_string = model->producer_name = model->graph->doc_string = NULL;
    size_t count = onnx__model_proto__get_packed_size(model);
    uint8_t *bytes = arena_alloc(&a, count);
    onnx__model_proto__pack(model, bytes);
    good = write_file(arena_format(&a, "%s/%s.onnx", models, name), bytes, count) &&
           write_graph(&a, bytes, count, arena_format(&a, "%s/%s.graph", graphs, name));
  }
  arena_free(&a);
  return good;
}

int main(int argc, char **argv) {
  if (argc != 4) return 2;
  DIR *listing = opendir(argv[1]);
  if (!listing) {
    perror(argv[1]);
    return 1;
  }
  bool good = true;
  for (struct dirent *entry; (entry = readdir(listing));) {
    arena a = {0};
    if (entry->d_name[0] != '.')
      good &= make_seed(file_join(&a, argv[1], entry->d_name), entry->d_name, argv[2], argv[3]);
    arena_free(&a);
  }
  closedir(listing);
  return good ? 0 : 1;
}
