/*
 * dictionary.c: dictionary [MODEL...]: words for libFuzzer (llvm.org/docs/LibFuzzer.html, Dictionaries):
 * operators from the importers' tables and ops.def, attributes' names from ir/ and from the given models.
 */
#include "onnx/import.h"

#include <string.h>

typedef struct {
  arena memory;
  onnx_names seen;
} dictionary;

static void add(dictionary *d, const char *word) {
  bool seen;
  if (!*word) return;
  onnx_names_add(&d->memory, &d->seen, arena_text(&d->memory, word), &seen);
  if (seen) return;
  putchar('"');
  for (const char *c = word; *c; c++)
    printf(*c < ' ' || *c == '"' || *c == '\\' ? "\\x%02x" : "%c", (uint8_t)*c);
  puts("\"");
}

static void add_tables(dictionary *d) {
  static const onnx_op_table *const families[] = {
#define X(family) &onnx_##family##_ops,
      ONNX_FAMILIES(X)
#undef X
  };
  static const char *const attributes[] = {
#define X(NAME, name) #name,
      IR_ATTRS(X)
#undef X
  };
  for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
    for (size_t k = 0; k < families[i]->count; k++) {
      add(d, families[i]->rows[k].op_type);
      add(d, families[i]->rows[k].domain);
    }
  }
  for (int op = 0; op < IR_OP_COUNT; op++) add(d, ir_op_describe((ir_op)op)->name);
  for (size_t i = 0; i < sizeof attributes / sizeof *attributes; i++) add(d, attributes[i]);
  for (int dtype = 0; dtype < SMELT_DTYPE_COUNT; dtype++) add(d, ir_dtype_name((ir_dtype)dtype));
}

static void add_attributes(dictionary *d, const Onnx__GraphProto *graph) {
  for (size_t i = 0; i < graph->n_node; i++) {
    for (size_t k = 0; k < graph->node[i]->n_attribute; k++) {
      const Onnx__AttributeProto *attribute = graph->node[i]->attribute[k];
      add(d, onnx_text(attribute->name));
      if (attribute->g) add_attributes(d, attribute->g);
    }
  }
}

static void add_model(dictionary *d, const char *path) {
  file_view file;
  if (file_map(&d->memory, path, &file)) return;
  const ProtobufCMessageDescriptor *type = &onnx__model_proto__descriptor;
  const Onnx__ModelProto *model =
      onnx_wire_check(&d->memory, type, file.bytes, file.count)
          ? NULL
          : (const Onnx__ModelProto *)onnx_unpack(&d->memory, type, file.bytes, file.count);
  if (model && model->graph) add_attributes(d, model->graph);
  file_unmap(&file);
}

int main(int argc, char **argv) {
  dictionary d = {0};
  add_tables(&d);
  for (int i = 1; i < argc; i++) add_model(&d, argv[i]);
  arena_free(&d.memory);
  return ferror(stdout) ? 1 : 0;
}
