/* onnx_pass_fuzz.c: any bytes as a model file, through import, passes and plan; decoders as generators too.
 */
#include "fuzz.h"
#include "onnx/onnx.h"
#include "pass/pass.h"
#include "plan/plan.h"

static void through_generator(ir_graph *g) {
  const generator_limits limits = {.max_tokens = 64, .prefill_tokens = 16, .max_encoder_tokens = 16};
  ir_module *m = g->module;
  generator made;
  plan_module *plan;
  status s = pass_make_generator(m, &(generator_source){.decoder = g}, &limits, NULL, NULL, &made);
  fuzz_no_defect("the generator failed", s, g);
  if (s) return;
  for (size_t i = 0; i < m->graph_count; i++) {
    s = ir_verify(m->graphs[i]);
    if (s) fuzz_finding("a generator's graph does not verify", s, m->graphs[i]);
  }
  fuzz_no_defect("the generator's plan failed", plan_make(m, &plan), g);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
  arena a = {0};
  ir_module *m = ir_module_new(&a, "fuzz");
  onnx_model *model = NULL;
  ir_graph *g = NULL;
  uint64_t seed = fuzz_seed(bytes, count);
  status s = onnx_open_bytes(m, "/no/such/folder/model.onnx", bytes, count, &model);
  if (!s) s = onnx_import_graph(model, NULL, &g);
  fuzz_no_defect("the import failed", s, NULL);
  if (!s && pass_is_generator(g) && seed & 1) {
    through_generator(g);
  } else if (!s) {
    fuzz_through_passes(g, seed);
  }
  onnx_close(model);
  arena_free(&a);
  return 0;
}
