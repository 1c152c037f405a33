/* onnx_import_fuzz.c: any bytes as a model file, to a graph that verifies. External data is never found. */
#include "fuzz.h"
#include "onnx/onnx.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
  arena a = {0};
  ir_module *m = ir_module_new(&a, "fuzz");
  onnx_model *model = NULL;
  ir_graph *g = NULL;
  status s = onnx_open_bytes(m, "/no/such/folder/model.onnx", bytes, count, &model);
  if (!s) s = onnx_import_graph(model, NULL, &g);
  fuzz_no_defect("the import failed", s, NULL);
  if (!s) s = ir_verify(g);
  fuzz_no_defect("the imported graph does not verify", s, g);
  onnx_close(model);
  arena_free(&a);
  return 0;
}
