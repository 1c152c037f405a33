/* model.c: opening a model file, and what holds for the whole of it. */
#include "onnx/import.h"

#include <string.h>

/* The folder that external data is relative to: path without its last part. */
static const char *folder_of(arena *a, const char *path) {
  const char *slash = strrchr(path, '/');
  if (!slash) return ".";
  if (slash == path) return "/";
  return arena_format(a, "%.*s", (int)(slash - path), path);
}

int64_t onnx_opset(const onnx_model *model, const char *domain) {
  if (strcmp(domain, "ai.onnx") == 0) domain = "";
  for (size_t i = 0; i < model->proto->n_opset_import; i++) {
    const Onnx__OperatorSetIdProto *set = model->proto->opset_import[i];
    const char *name = set->domain && strcmp(set->domain, "ai.onnx") != 0 ? set->domain : "";
    if (strcmp(name, domain) == 0 && set->version > 0) return set->version;
  }
  return 0;
}

/* Opsets are looked up one by one for every node. */
static status check_opset_count(arena *a, size_t count) {
  enum { MAX_OPSETS = 1000 };
  return count <= MAX_OPSETS
             ? OK
             : fail(a, STATUS_INPUT, "imports %zu opsets; at most %d are supported", count, MAX_OPSETS);
}

static status check_model(onnx_model *model) {
  arena *a = model->arena;
  const Onnx__ModelProto *proto = model->proto;
  if (!proto->graph || (!proto->has_ir_version && proto->n_opset_import == 0)) {
    return fail(a, STATUS_INPUT, "is not an ONNX model or is truncated");
  }
  TRY(check_opset_count(a, proto->n_opset_import));
  for (size_t i = 0; i < proto->n_functions; i++)
    TRY(check_opset_count(a, proto->functions[i]->n_opset_import));
  int64_t opset = onnx_opset(model, "");
  if (opset > ONNX_NEWEST_OPSET) {
    return fail_hint(a,
                     fail(a, STATUS_INPUT, "uses opset %lld; the newest one smelt knows is %d",
                          (long long)opset, ONNX_NEWEST_OPSET),
                     "export the model for an older opset");
  }
  return OK;
}

/* Lists the main graph's inputs that are no initializers. */
static void index_inputs(onnx_model *model) {
  arena *a = model->arena;
  const Onnx__GraphProto *graph = model->proto->graph;
  onnx_names defaults = {0};
  for (size_t i = 0; i < graph->n_initializer; i++)
    onnx_names_add(a, &defaults, onnx_text(graph->initializer[i]->name), NULL);
  model->inputs = ARENA_ARRAY(a, const Onnx__ValueInfoProto *, graph->n_input);
  for (size_t i = 0; i < graph->n_input; i++) {
    const char *name = onnx_text(graph->input[i]->name);
    if (!onnx_names_find(&defaults, name)) model->inputs[model->input_count++] = graph->input[i];
  }
}

static status read_model(onnx_model *model, const uint8_t *bytes, size_t count) {
  arena *a = model->arena;
  if (count == 0) return fail(a, STATUS_INPUT, "is empty, so not an ONNX model");
  TRY(onnx_wire_check(a, &onnx__model_proto__descriptor, bytes, count));
  model->proto = onnx_unpack_model(a, bytes, count);
  if (!model->proto) return fail(a, STATUS_INPUT, "is not an ONNX model or is truncated");
  TRY(check_model(model));
  onnx_index_operators(model);
  onnx_index_functions(model);
  index_inputs(model);
  return OK;
}

static onnx_model *new_model(ir_module *m, const char *path) {
  onnx_model *model = ARENA_NEW(m->arena, onnx_model);
  model->module = m;
  model->arena = m->arena;
  model->path = arena_text(m->arena, path);
  model->folder = folder_of(m->arena, path);
  return model;
}

status onnx_open(ir_module *m, const char *path, onnx_model **result) {
  *result = NULL;
  onnx_model *model = new_model(m, path);
  TRY(file_map(m->arena, path, &model->file));
  status s = read_model(model, model->file.bytes, model->file.count);
  if (s) {
    onnx_close(model);
    return fail_file(m->arena, s, path);
  }
  *result = model;
  return OK;
}

status onnx_open_bytes(ir_module *m, const char *path, const uint8_t *bytes, size_t count,
                       onnx_model **result) {
  *result = NULL;
  onnx_model *model = new_model(m, path);
  status s = read_model(model, bytes, count);
  if (s) return fail_file(m->arena, s, path);
  *result = model;
  return OK;
}

bool onnx_has_input(const onnx_model *model, const char *name) {
  for (size_t i = 0; i < model->input_count; i++) {
    if (strcmp(onnx_text(model->inputs[i]->name), name) == 0) return true;
  }
  return false;
}

const char *onnx_input_at(const onnx_model *model, size_t index) {
  return index < model->input_count ? onnx_text(model->inputs[index]->name) : NULL;
}

void onnx_close(onnx_model *model) {
  if (!model) return;
  file_unmap(&model->file);
  for (size_t i = 0; i < model->external_count; i++) file_unmap(&model->external[i]);
  model->external_count = 0;
}

status onnx_import(arena *a, const char *path, const onnx_options *options, ir_module *m, ir_graph **graph) {
  (void)a; /* m's own: everything lives there */
  onnx_model *model;
  TRY(onnx_open(m, path, &model));
  status s = onnx_import_graph(model, options, graph);
  if (s) onnx_close(model);
  return s;
}
