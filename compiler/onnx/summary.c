/* summary.c: what a model file holds, in numbers. */
#include "onnx/import.h"

static void add_graph(onnx_model *model, const Onnx__GraphProto *graph, onnx_summary *sum);

/* Nesting is bounded by onnx_wire_check. */
static void add_node(onnx_model *model, const Onnx__NodeProto *node, onnx_summary *sum) {
  sum->node_count++;
  for (size_t i = 0; i < node->n_attribute; i++) {
    const Onnx__AttributeProto *attribute = node->attribute[i];
    if (attribute->g) add_graph(model, attribute->g, sum);
    for (size_t k = 0; k < attribute->n_graphs; k++) add_graph(model, attribute->graphs[k], sum);
  }
}

static void add_graph(onnx_model *model, const Onnx__GraphProto *graph, onnx_summary *sum) {
  for (size_t i = 0; i < graph->n_initializer; i++) {
    ir_type type;
    size_t bytes;
    int64_t count = 0;
    sum->initializer_count++;
    if (onnx_tensor_type(model, graph->initializer[i], &type, &bytes))
      continue; /* import says what is wrong */
    ir_type_is_static(&type, &count);
    sum->element_count += (uint64_t)count;
    sum->bytes += bytes;
  }
  for (size_t i = 0; i < graph->n_node; i++) add_node(model, graph->node[i], sum);
}

void onnx_summarise(onnx_model *model, onnx_summary *summary) {
  const Onnx__ModelProto *proto = model->proto;
  const char *name = onnx_text(proto->producer_name), *version = onnx_text(proto->producer_version);
  *summary = (onnx_summary){.opset = onnx_opset(model, "")};
  summary->producer = arena_format(model->arena, "%s%s%s", name, *name && *version ? " " : "", version);
  add_graph(model, proto->graph, summary);
  for (size_t i = 0; i < proto->n_functions; i++) {
    for (size_t k = 0; k < proto->functions[i]->n_node; k++) {
      add_node(model, proto->functions[i]->node[k], summary);
    }
  }
}
