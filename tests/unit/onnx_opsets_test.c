/* Operators as opsets 1 to 6 had them, before broadcasting was numpy's and sizes were inputs; evaluated by
 * the reference evaluator. The backend suite has no tests of most of these. */
#define _XOPEN_SOURCE 700
#include "onnx/onnx.h"

#include <math.h>
#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "onnx_model_maker.h"

enum { FLOAT = 1, MOST_ELEMENTS = 16 };

typedef struct {
  model_maker *maker;
  Onnx__NodeProto *node;
} made;

static void set_int(const made *m, const char *name, int64_t value) {
  maker_int(m->maker, m->node, name, value);
}
static void set_float(const made *m, const char *name, float value) {
  Onnx__AttributeProto *a =
      maker_attribute(m->maker, m->node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);
  a->has_f = 1;
  a->f = value;
}
static void set_text(const made *m, const char *name, const char *value) {
  Onnx__AttributeProto *a =
      maker_attribute(m->maker, m->node, name, ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__STRING);
  a->has_s = 1;
  a->s = (ProtobufCBinaryData){strlen(value), (uint8_t *)maker_text(m->maker, value)};
}

/* ---- the attributes of each case ---- */

static void along_channels(const made *m) {
  set_int(m, "broadcast", 1);
  set_int(m, "axis", 1);
}
static void along_the_end(const made *m) {
  set_int(m, "broadcast", 1);
}
static void shape_3_2(const made *m) {
  maker_ints(m->maker, m->node, "shape", (const int64_t[]){3, -1}, 2);
}
static void paddings(const made *m) {
  maker_ints(m->maker, m->node, "paddings", (const int64_t[]){0, 1, 0, 0}, 4);
  set_float(m, "value", 9);
}
static void to_integers(const made *m) {
  set_text(m, "to", "INT32");
}
static void twice_as_wide(const made *m) {
  set_float(m, "height_scale", 1);
  set_float(m, "width_scale", 2);
  set_text(m, "mode", "nearest");
}
static void for_test(const made *m) {
  set_int(m, "is_test", 1);
}
static void epsilon_0(const made *m) {
  set_float(m, "epsilon", 0);
  set_float(m, "momentum", 0.5f);
}
static void nothing(const made *m) {
  (void)m;
}

/* ---- the cases: x is 1, 2, 3, ... ---- */

typedef struct {
  int64_t opset;
  const char *op_type, *shape, *weights, *outputs; /* weights: shapes of the further inputs, ' ' between */
  void (*attributes)(const made *m);
  float w[MOST_ELEMENTS]; /* the elements of the weights, one after the other */
  const char *result;     /* which output is looked at */
  float expected[MOST_ELEMENTS];
  size_t count;
} opset_case;

static const opset_case cases[] = {
    {6, "Add", "1,2,2", "2", "y", along_channels, {10, 20}, "y", {11, 12, 23, 24}, 4},
    {6, "Add", "1,2,2", "2", "y", along_the_end, {10, 20}, "y", {11, 22, 13, 24}, 4},
    {1, "Mul", "1,2,2", "2", "y", along_channels, {10, 20}, "y", {10, 20, 60, 80}, 4},
    {7, "Add", "1,2,2", "2", "y", nothing, {10, 20}, "y", {11, 22, 13, 24}, 4},
    {6, "Pow", "2,2", "2", "y", along_the_end, {2, 1}, "y", {1, 2, 9, 4}, 4},
    {6, "Greater", "1,2,2", "2", "y", along_channels, {1, 3}, "y", {0, 1, 0, 1}, 4},
    {4, "Reshape", "2,3", "", "y", shape_3_2, {0}, "y", {1, 2, 3, 4, 5, 6}, 6},
    {5, "Tile", "1,2", "1 1", "y", nothing, {3, 1}, "y", {1, 2, 1, 2, 1, 2}, 6},
    {1, "Pad", "2,2", "", "y", paddings, {0}, "y", {9, 1, 2, 9, 3, 4}, 6},
    {3, "Concat", "2,2", "2,1", "y", nothing, {7, 8}, "y", {1, 2, 7, 3, 4, 8}, 6},
    {5, "Cast", "3", "", "y", to_integers, {0}, "y", {1, 2, 3}, 3},
    {5, "Upsample", "1,1,1,2", "", "y", twice_as_wide, {0}, "y", {1, 1, 2, 2}, 4},
    {6, "PRelu", "1,3,2", "3", "y", nothing, {0, 0, 0}, "y", {1, 2, 3, 4, 5, 6}, 6},
    {6, "Dropout", "3", "", "y", for_test, {0}, "y", {1, 2, 3}, 3},
    /* stored mean 1 and 2, variance 1: x - mean; training: mean 2 and 3, variance 1 */
    {6,
     "BatchNormalization",
     "2,2",
     "2 2 2 2",
     "y",
     epsilon_0,
     {1, 1, 0, 0, 1, 2, 1, 1},
     "y",
     {0, 0, 2, 2},
     4},
    {6,
     "BatchNormalization",
     "2,2",
     "2 2 2 2",
     "y,m",
     epsilon_0,
     {1, 1, 0, 0, 4, 9, 1, 1},
     "y",
     {-1, -1, 1, 1},
     4},
    {9, "BatchNormalization", "2,2", "2 2 2 2", "y,m", epsilon_0, {1, 1, 0, 0, 4, 9, 1, 1}, "m", {3, 6}, 2},
};

/* ---- running one ---- */

/* A constant of the given shape, "2,1", as the node's input `name`. */
static const float *add_weight(model_maker *k, const char *name, const char *shape, const float *data) {
  int64_t dims[4], count = 1;
  size_t rank = 0;
  for (const char *at = shape; *at && rank < 4; at += strspn(at, ",")) {
    char *end;
    dims[rank] = strtoll(at, &end, 10);
    count *= dims[rank++];
    at = end;
  }
  Onnx__TensorProto *tensor = maker_initializer(k, name, FLOAT, count, data, (size_t)count * sizeof(float));
  tensor->dims = arena_copy(&k->memory, dims, rank * sizeof *dims);
  tensor->n_dims = rank;
  return data + count;
}

static void make_model(model_maker *k, const opset_case *c) {
  const char *inputs = "x";
  const float *data = c->w;
  char shape[16];
  maker_start(k, c->opset);
  maker_input(k, "x", FLOAT, c->shape);
  for (const char *at = c->weights; *at; at += strspn(at, " ")) {
    size_t length = strcspn(at, " ");
    snprintf(shape, sizeof shape, "%.*s", (int)length, at);
    const char *name = arena_format(&k->memory, "w%zu", strlen(inputs));
    data = add_weight(k, name, shape, data);
    inputs = arena_format(&k->memory, "%s,%s", inputs, name);
    at += length;
  }
  made m = {k, maker_node(k, c->op_type, inputs, c->outputs)};
  c->attributes(&m);
  maker_output(k, c->result);
}

static double element(const ir_tensor *t, size_t index) {
  if (t->dtype == SMELT_BOOL) return ((const uint8_t *)t->data)[index];
  if (t->dtype == SMELT_I32) return ((const int32_t *)t->data)[index];
  return (double)((const float *)t->data)[index];
}

static void check_case(const opset_case *c, const char *path) {
  model_maker maker;
  arena memory = {0};
  ir_graph *graph;
  size_t bytes;
  float x[MOST_ELEMENTS];
  make_model(&maker, c);
  uint8_t *packed = maker_pack(&maker, &bytes);
  assert_true(write_bytes(path, packed, bytes));
  ir_module *m = ir_module_new(&memory, path);
  status s = onnx_import(&memory, path, NULL, m, &graph);
  if (s) fail_msg("%s in opset %d: %s", c->op_type, (int)c->opset, s->cause);
  ir_tensor input = {.dtype = SMELT_F32, .rank = graph->inputs[0]->type.rank, .data = x}, output = {0};
  for (int i = 0; i < input.rank; i++) ir_dim_is_const(graph->inputs[0]->type.dims[i], &input.dims[i]);
  for (int i = 0; i < MOST_ELEMENTS; i++) x[i] = (float)(i + 1);
  assert_null(ir_evaluate(&memory, graph, &input, NULL, &output));
  assert_int_equal(ir_tensor_count(&output), c->count);
  for (size_t i = 0; i < c->count; i++) {
    double found = element(&output, i), expected = (double)c->expected[i];
    if (!(fabs(found - expected) < 1e-6))
      fail_msg("%s in opset %d: element %zu is %g, not %g", c->op_type, (int)c->opset, i, found, expected);
  }
  arena_free(&memory);
  arena_free(&maker.memory);
}

static void old_opsets_mean_what_they_meant(void **state) {
  char path[] = "/tmp/smelt-opsets-XXXXXX";
  int file = mkstemp(path);
  assert_true(file >= 0);
  close(file);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) check_case(&cases[i], path);
  unlink(path);
  (void)state;
}

int main(void) {
  const struct CMUnitTest tests[] = {cmocka_unit_test(old_opsets_mean_what_they_meant)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
