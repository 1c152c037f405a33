/* Weights of ONNX files, inside and beside them: what is read and shared, and what is refused. */
#define _XOPEN_SOURCE 700
#include "onnx_fixture.h"

static void imports_share_constants(void **state) {
  fixture *f = *state;
  float weights[4] = {1, 2, 3, 4};
  onnx_model *model;
  ir_graph *graphs[2];
  size_t bytes;
  maker_input(&f->maker, "x", FLOAT, "4");
  maker_initializer(&f->maker, "w", FLOAT, 4, weights, sizeof weights);
  maker_node(&f->maker, "Add", "x,w", "y");
  maker_output(&f->maker, "y");
  uint8_t *packed = maker_pack(&f->maker, &bytes);
  assert_true(write_bytes(f->path, packed, bytes));
  f->module = ir_module_new(&f->memory, f->path);
  assert_null(onnx_open(f->module, f->path, &model));
  assert_true(onnx_has_input(model, "x"));
  assert_false(onnx_has_input(model, "w"));
  for (int i = 0; i < 2; i++) assert_null(onnx_import_graph(model, NULL, &graphs[i]));
  assert_int_equal(graphs[0]->first->op, IR_CONST);
  assert_ptr_equal(graphs[0]->first->attrs.constant, graphs[1]->first->attrs.constant);
  assert_string_equal(graphs[0]->first->attrs.constant->name, "w");
  onnx_close(model);
}

/* Large weights inside the file are not copied; small ones and what stands around them are unaffected. */
static void large_weights_are_read(void **state) {
  fixture *f = *state;
  enum { COUNT = 3000 };
  float *weights = ARENA_ARRAY(&f->maker.memory, float, COUNT), value;
  for (int i = 0; i < COUNT; i++) weights[i] = (float)i;
  maker_input(&f->maker, "x", FLOAT, "3000");
  maker_initializer(&f->maker, "one", FLOAT, 1, &weights[1], sizeof *weights);
  maker_initializer(&f->maker, "many", FLOAT, COUNT, weights, COUNT * sizeof *weights);
  maker_initializer(&f->maker, "two", FLOAT, 1, &weights[2], sizeof *weights);
  maker_node(&f->maker, "Sum", "x,many,one,two", "y");
  maker_output(&f->maker, "y");
  ir_graph *graph = import_well(f, NULL);
  for (ir_node *n = graph->first; n; n = n->next) {
    const char *name = n->op == IR_CONST ? n->attrs.constant->name : NULL;
    if (!name || strcmp(name, "many") != 0) continue;
    memcpy(&value, (const char *)ir_value_data(n->result) + 2999 * sizeof value, sizeof value);
    assert_true(value == 2999);
    return;
  }
  fail_msg("the constant is missing");
}

/* ---- external data ---- */

static Onnx__TensorProto *make_external(fixture *f, const char *location) {
  float weights[4] = {1, 2, 3, 4};
  char path[160];
  snprintf(path, sizeof path, "%s/weights.bin", f->folder);
  assert_true(write_bytes(path, weights, sizeof weights));
  maker_input(&f->maker, "x", FLOAT, "2");
  Onnx__TensorProto *tensor = maker_initializer(&f->maker, "w", FLOAT, 2, NULL, 0);
  maker_external(&f->maker, tensor, "location", location);
  maker_node(&f->maker, "Add", "x,w", "y");
  maker_output(&f->maker, "y");
  return tensor;
}

static void external_data_is_mapped(void **state) {
  fixture *f = *state;
  Onnx__TensorProto *tensor = make_external(f, "weights.bin");
  maker_external(&f->maker, tensor, "offset", "8");
  maker_external(&f->maker, tensor, "length", "8");
  ir_graph *graph = import_well(f, NULL);
  float value;
  memcpy(&value, ir_value_data(graph->first->result), sizeof value);
  assert_true(value == 3);
}

static void external_data_is_checked(void **state) {
  static const struct {
    const char *location, *offset, *length, *cause;
  } cases[] = {
      {"absent.bin", "0", "8", "is missing"},
      {"/etc/passwd", "0", "8", "outside the model's folder"},
      {"../weights.bin", "0", "8", "outside the model's folder"},
      {"a/../../weights.bin", "0", "8", "outside the model's folder"},
      {"link.bin", "0", "8", "outside the model's folder"},
      {"weights.bin", "9", "8", "ends beyond the file"},
      {"weights.bin", "18446744073709551615", "8", "no number"},
      {"weights.bin", "1844674407370955160", "8", "ends beyond the file"},
      {"weights.bin", "-8", "8", "no number"},
      {"weights.bin", "0", "12", "wrong length"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    void *inner = NULL;
    char link[160];
    assert_int_equal(set_up(&inner), 0);
    fixture *f = inner;
    snprintf(link, sizeof link, "%s/link.bin", f->folder);
    assert_int_equal(symlink("/etc/passwd", link), 0);
    Onnx__TensorProto *tensor = make_external(f, cases[i].location);
    maker_external(&f->maker, tensor, "offset", cases[i].offset);
    maker_external(&f->maker, tensor, "length", cases[i].length);
    expect_failure(f, "initializer 'w'", cases[i].cause);
    tear_down(&inner);
  }
  (void)state;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_FILE(imports_share_constants),
      WITH_FILE(large_weights_are_read),
      WITH_FILE(external_data_is_mapped),
      WITH_FILE(external_data_is_checked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
