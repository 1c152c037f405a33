/* Reading ONNX files: what a good one becomes, what each kind of bad one is told, and that no bytes crash the
 * reader. */
#define _XOPEN_SOURCE 700
#include "onnx_fixture.h"

/* ---- good files ---- */

static void dim_params_are_expressions(void **state) {
  fixture *f = *state;
  maker_input(&f->maker, "x", FLOAT, "batch,past + 1,4");
  maker_node(&f->maker, "Relu", "x", "y");
  maker_output(&f->maker, "y");
  onnx_bound_symbol batch = {"batch", 1};
  ir_graph *graph =
      import_well(f, &(onnx_options){.graph_name = "decode", .symbols = &batch, .symbol_count = 1});
  assert_string_equal(graph->name, "decode");
  const ir_type *type = &graph->inputs[0]->type;
  assert_true(ir_dim_is(type->dims[0], 1));
  ir_dim one = ir_dim_const(f->module, 1);
  assert_ptr_equal(type->dims[1], ir_dim_add(f->module, ir_dim_symbol(f->module, "past"), one));
}

static void unordered_nodes_are_sorted(void **state) {
  fixture *f = *state;
  maker_input(&f->maker, "x", FLOAT, "4");
  maker_node(&f->maker, "Exp", "b", "y");
  maker_node(&f->maker, "Neg", "a", "b");
  maker_node(&f->maker, "Abs", "x", "a");
  maker_output(&f->maker, "y");
  ir_graph *graph = import_well(f, NULL);
  assert_int_equal(graph->first->op, IR_ABS);
  assert_int_equal(graph->last->op, IR_EXP);
  assert_string_equal(graph->last->result->name, "y");
  assert_string_equal(graph->last->origin, "Exp 'Exp_0'");
}

static void shape_arithmetic_disappears(void **state) {
  fixture *f = *state;
  int64_t one = 1, minus_one = -1;
  maker_input(&f->maker, "x", FLOAT, "batch,sequence,8");
  maker_initializer(&f->maker, "one", INT64, 1, &one, sizeof one);
  maker_initializer(&f->maker, "open", INT64, 1, &minus_one, sizeof minus_one);
  maker_node(&f->maker, "Shape", "x", "shape");
  maker_node(&f->maker, "Gather", "shape,one", "length");
  Onnx__NodeProto *concat = maker_node(&f->maker, "Concat", "length,open", "wanted");
  maker_int(&f->maker, concat, "axis", 0);
  maker_node(&f->maker, "Reshape", "x,wanted", "y");
  maker_output(&f->maker, "y");
  ir_graph *graph = import_well(f, NULL);
  assert_ptr_equal(graph->first, graph->last);
  expect_text(graph, "reshape x : f32[sequence, 8*batch]");
}

/* A merged decoder in small: If on an input that is fixed at build time; the branch sees the outer x, and
 * names its result as it is named outside. */
static void make_choice(fixture *f) {
  static const char *const branches[2] = {"then_branch", "else_branch"}, *const ops[2] = {"Exp", "Neg"};
  maker_input(&f->maker, "use_cache_branch", BOOL, "1");
  maker_input(&f->maker, "x", FLOAT, "n");
  Onnx__NodeProto *node = maker_node(&f->maker, "If", "use_cache_branch", "y");
  for (int i = 0; i < 2; i++) {
    Onnx__GraphProto *branch = ARENA_NEW(&f->maker.memory, Onnx__GraphProto);
    onnx__graph_proto__init(branch);
    size_t nodes = 0, outputs = 0;
    maker_node_in(&f->maker, branch, &nodes, ops[i], "x", "y");
    ARENA_PUSH(&f->maker.memory, branch->output, branch->n_output, outputs) =
        maker_value(&f->maker, "y", FLOAT, NULL);
    maker_graph_attribute(&f->maker, node, branches[i], branch);
  }
  maker_output(&f->maker, "y");
}

static void if_folds_to_its_branch(void **state) {
  fixture *f = *state;
  make_choice(f);
  for (int chosen = 0; chosen < 2; chosen++) {
    double number = chosen;
    onnx_constant_input cache = {.name = "use_cache_branch", .values = &number, .value_count = 1};
    ir_graph *graph = import_well(f, &(onnx_options){.constants = &cache, .constant_count = 1});
    assert_int_equal(graph->input_count, 1);
    assert_int_equal(graph->last->op, chosen ? IR_EXP : IR_NEG);
  }
  ir_graph *open = import_well(f, NULL);
  assert_int_equal(open->input_count, 2);
  ir_node *branch = ir_def(open->outputs[0].value->def->operands[0], IR_BRANCH);
  assert_non_null(branch);
  assert_int_equal(branch->attrs.body->last->op, IR_EXP);
  assert_int_equal(branch->attrs.otherwise->last->op, IR_NEG);
}

/* A function that adds 1 and calls Elu with the caller's alpha; `recursive`: and then itself. */
static void make_function(fixture *f, bool recursive) {
  model_maker *k = &f->maker;
  Onnx__FunctionProto *function = ARENA_NEW(&k->memory, Onnx__FunctionProto);
  onnx__function_proto__init(function);
  function->name = maker_text(k, "Shifted");
  function->domain = maker_text(k, "mine");
  function->input = maker_names(k, "a,absent", &function->n_input);
  function->output = maker_names(k, "c", &function->n_output);
  Onnx__GraphProto body;
  onnx__graph_proto__init(&body);
  size_t capacity = 0;
  Onnx__NodeProto *elu = maker_node_in(k, &body, &capacity, "Elu", "a", "b");
  maker_attribute(k, elu, "alpha", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT)->ref_attr_name =
      maker_text(k, "slope");
  Onnx__NodeProto *last = maker_node_in(k, &body, &capacity, recursive ? "Shifted" : "Clip", "b,absent", "c");
  if (recursive) last->domain = maker_text(k, "mine");
  function->node = body.node;
  function->n_node = body.n_node;
  k->model.functions = ARENA_ARRAY(&k->memory, Onnx__FunctionProto *, 1);
  k->model.functions[0] = function;
  k->model.n_functions = 1;
  maker_input(k, "x", FLOAT, "4");
  Onnx__NodeProto *call = maker_node(k, "Shifted", "x", "y");
  call->domain = maker_text(k, "mine");
  Onnx__AttributeProto *slope =
      maker_attribute(k, call, "slope", ONNX__ATTRIBUTE_PROTO__ATTRIBUTE_TYPE__FLOAT);
  slope->has_f = 1;
  slope->f = 0.25f;
  maker_output(k, "y");
}

static void functions_are_inlined(void **state) {
  fixture *f = *state;
  make_function(f, false);
  ir_graph *graph = import_well(f, NULL);
  assert_int_equal(graph->last->op, IR_SELECT);
  expect_text(graph, "{0.25}");
}

static void recursive_functions_are_refused(void **state) {
  fixture *f = *state;
  make_function(f, true);
  expect_failure(f, "Shifted", "calls itself");
}

/* ---- bad graphs ---- */

static void make_unknown(fixture *f) {
  maker_node(&f->maker, "Foo", "x", "y");
}
static void make_random(fixture *f) {
  maker_node(&f->maker, "RandomNormalLike", "x", "y");
}
static void make_training(fixture *f) {
  maker_node(&f->maker, "Adam", "x", "y")->domain = maker_text(&f->maker, "ai.onnx.preview.training");
}
static void make_cycle(fixture *f) {
  maker_node(&f->maker, "Add", "x,b", "a");
  maker_node(&f->maker, "Neg", "a", "b");
  maker_node(&f->maker, "Neg", "b", "y");
}
static void make_undefined(fixture *f) {
  maker_node(&f->maker, "Add", "x,nowhere", "y");
}
static void make_twice(fixture *f) {
  maker_node(&f->maker, "Neg", "x", "y");
  maker_node(&f->maker, "Exp", "x", "y");
}
static void make_no_output(fixture *f) {
  maker_node(&f->maker, "Neg", "x", "z");
}
static void make_wrong_attribute(fixture *f) {
  maker_int(&f->maker, maker_node(&f->maker, "LeakyRelu", "x", "y"), "alpha", 1);
}
static void make_bad_axis(fixture *f) {
  maker_int(&f->maker, maker_node(&f->maker, "Softmax", "x", "y"), "axis", INT64_MIN);
}
static void make_missing_input(fixture *f) {
  maker_node(&f->maker, "Add", "x", "y");
}
static void make_extra_input(fixture *f) {
  maker_node(&f->maker, "Neg", "x,x", "y");
}
static void make_mismatch(fixture *f) {
  float weights[3] = {0};
  maker_initializer(&f->maker, "w", FLOAT, 3, weights, sizeof weights);
  maker_node(&f->maker, "Add", "x,w", "y");
}
static void make_short_data(fixture *f) {
  float weights[3] = {0};
  maker_initializer(&f->maker, "w", FLOAT, 4, weights, sizeof weights);
  maker_node(&f->maker, "Add", "x,w", "y");
}
static void make_huge_tensor(fixture *f) {
  maker_initializer(&f->maker, "w", FLOAT, INT64_MAX, "", 0);
  maker_node(&f->maker, "Add", "x,w", "y");
}
static void make_negative_dim(fixture *f) {
  maker_initializer(&f->maker, "w", FLOAT, -4, "", 0);
  maker_node(&f->maker, "Add", "x,w", "y");
}
static void make_data_shape(fixture *f) {
  maker_input(&f->maker, "wanted", INT64, "1");
  maker_node(&f->maker, "Reshape", "x,wanted", "y");
}
static void make_no_shape(fixture *f) {
  maker_input(&f->maker, "s", FLOAT, NULL);
  maker_node(&f->maker, "Neg", "x", "y");
}
static void make_rank_9(fixture *f) {
  maker_input(&f->maker, "s", FLOAT, "1,1,1,1,1,1,1,1,1");
  maker_node(&f->maker, "Neg", "x", "y");
}
static void make_strings(fixture *f) {
  maker_input(&f->maker, "s", STRING, "1");
  maker_node(&f->maker, "Neg", "x", "y");
}
static void make_negative_input(fixture *f) {
  maker_input(&f->maker, "s", FLOAT, "-7");
  maker_node(&f->maker, "Neg", "x", "y");
}
static void make_two_inputs(fixture *f) {
  maker_input(&f->maker, "x", FLOAT, "4");
  maker_node(&f->maker, "Neg", "x", "y");
}
static void make_rank_overflow(fixture *f) {
  int64_t axes[9] = {0, 1, 2, 3, 4, 5, 6, 7, 8};
  maker_initializer(&f->maker, "axes", INT64, 9, axes, sizeof axes);
  maker_node(&f->maker, "Unsqueeze", "x,axes", "y");
}
static void make_unknown_mode(fixture *f) {
  float scale = 2;
  maker_initializer(&f->maker, "scales", FLOAT, 1, &scale, sizeof scale);
  Onnx__NodeProto *resize = maker_node(&f->maker, "Resize", "x,,scales", "y");
  maker_string(&f->maker, resize, "coordinate_transformation_mode", "tf_half_pixel_for_nn");
}

static void bad_graphs_are_explained(void **state) {
  static const struct {
    void (*make)(fixture *f);
    const char *node, *cause;
  } cases[] = {
      {make_unknown, "Foo 'Foo_0'", "unknown operator 'Foo' (domain '', opset 17)"},
      {make_random, "RandomNormalLike", "left out on purpose: it gives random numbers"},
      {make_training, "Adam", "left out on purpose: it trains a model"},
      {make_cycle, "'", "has a cycle"},
      {make_undefined, "Add 'Add_0'", "'nowhere' is not defined"},
      {make_twice, "Exp 'Exp_1'", "'y' is defined twice"},
      {make_no_output, "output 'y'", "'y' is not defined"},
      {make_wrong_attribute, "LeakyRelu 'LeakyRelu_0'", "attribute 'alpha' has the wrong type"},
      {make_bad_axis, "Softmax 'Softmax_0'", "out of range"},
      {make_missing_input, "Add 'Add_0'", "input 1 is missing"},
      {make_extra_input, "Neg 'Neg_0'", "takes at most 1"},
      {make_mismatch, "Add 'Add_0'", ""},
      {make_short_data, "initializer 'w'", "does not fit its dims"},
      {make_huge_tensor, "initializer 'w'", "larger than any memory"},
      {make_negative_dim, "initializer 'w'", "negative"},
      {make_data_shape, "Reshape 'Reshape_0'", "its shape depends on data"},
      {make_no_shape, "input 's'", "its shape is not given"},
      {make_rank_9, "input 's'", "at most 8"},
      {make_strings, "input 's'", "STRING"},
      {make_negative_input, "input 's'", "-7"},
      {make_two_inputs, "input 'x'", "two inputs"},
      {make_unknown_mode, "Resize 'Resize_0'", "'tf_half_pixel_for_nn' is not supported"},
      {make_rank_overflow, "Unsqueeze 'Unsqueeze_0'", "rank 10"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    void *inner = NULL;
    assert_int_equal(set_up(&inner), 0);
    fixture *f = inner;
    maker_input(&f->maker, "x", FLOAT, "4");
    maker_output(&f->maker, "y");
    cases[i].make(f);
    expect_failure(f, cases[i].node, cases[i].cause);
    tear_down(&inner);
  }
  (void)state;
}

/* ---- bad bytes ---- */

static void files_that_are_no_models(void **state) {
  fixture *f = *state;
  ir_graph *graph;
  static const char *const contents[] = {"", "this is a text, and not a model\n", "{\"a\": [1, 2, 3]}",
                                         "\x08\x08"};
  for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
    assert_true(write_bytes(f->path, contents[i], strlen(contents[i])));
    status s = import_file(f, NULL, &graph);
    assert_non_null(s);
    assert_string_equal(s->file, f->path);
    assert_non_null(strstr(s->cause, "ONNX model"));
  }
  unlink(f->path);
  assert_non_null(import_file(f, NULL, &graph));
}

/* An If whose branch holds an If whose branch ..., deeper than the reader follows. */
static void deep_nesting_is_refused(void **state) {
  fixture *f = *state;
  make_choice(f);
  Onnx__GraphProto *inner = f->maker.graph.node[0]->attribute[0]->g;
  for (int i = 0; i < 100; i++) {
    Onnx__GraphProto *outer = ARENA_NEW(&f->maker.memory, Onnx__GraphProto);
    onnx__graph_proto__init(outer);
    size_t capacity = 0;
    maker_graph_attribute(&f->maker, maker_node_in(&f->maker, outer, &capacity, "If", "x", "inner"),
                          "then_branch", inner);
    inner = outer;
  }
  f->maker.graph.node[0]->attribute[0]->g = inner;
  expect_failure(f, NULL, "nests messages");
}

/* A model with an operator of most families, small enough to damage often. */
static void make_varied(fixture *f) {
  model_maker *k = &f->maker;
  float weights[16] = {1, 2, 3};
  int64_t sizes[3] = {0, 2, 2}, starts[1] = {1}, ends[1] = {INT64_MAX}, axes[1] = {0};
  make_choice(f);
  maker_input(k, "h", FLOAT, "batch,4");
  maker_initializer(k, "gain", FLOAT, 4, weights, 16);
  maker_initializer(k, "sizes", INT64, 3, sizes, sizeof sizes);
  maker_initializer(k, "starts", INT64, 1, starts, sizeof starts);
  maker_initializer(k, "ends", INT64, 1, ends, sizeof ends);
  maker_initializer(k, "axes", INT64, 1, axes, sizeof axes);
  maker_node(k, "LayerNormalization", "h,gain,gain", "n");
  maker_node(k, "Reshape", "n,sizes", "r");
  int64_t perm[3] = {0, 2, 1};
  maker_ints(k, maker_node(k, "Transpose", "r", "t"), "perm", perm, 3);
  maker_node(k, "MatMul", "r,t", "m");
  maker_int(k, maker_node(k, "Softmax", "m", "s"), "axis", -1);
  maker_node(k, "Slice", "s,starts,ends,axes", "c");
  maker_node(k, "ReduceSum", "c,axes", "d");
  maker_node(k, "Tile", "d,sizes", "e");
  maker_int(k, maker_node(k, "Split", "m", "p,q"), "axis", 2);
  maker_int(k, maker_node(k, "Concat", "p,q", "v"), "axis", 1);
  maker_node(k, "Shape", "v", "w");
  maker_node(k, "Expand", "gain,w", "z");
  maker_int(k, maker_node(k, "CumSum", "m,axes", "u"), "reverse", 1);
  maker_output(k, "e");
  maker_output(k, "v");
  maker_output(k, "u");
}

/* A linear congruential generator (Knuth, MMIX): the same damage every run. */
static uint32_t next_random(uint64_t *seed) {
  *seed = *seed * 6364136223846793005u + 1442695040888963407u;
  return (uint32_t)(*seed >> 33);
}

static void damage(uint8_t *bytes, size_t *count, uint64_t *seed) {
  if (next_random(seed) % 8 == 0) *count = next_random(seed) % *count;
  uint32_t flips = 1 + next_random(seed) % 3;
  for (uint32_t i = 0; i < flips && *count; i++) {
    uint8_t *byte = &bytes[next_random(seed) % *count];
    *byte =
        next_random(seed) % 2 ? (uint8_t)next_random(seed) : (uint8_t)(*byte ^ 1u << next_random(seed) % 8);
  }
}

static void no_damage_crashes(void **state) {
  fixture *f = *state;
  const char *rounds_text = getenv("ONNX_DAMAGE_ROUNDS");
  long rounds = rounds_text ? atol(rounds_text) : 1000, refused = 0;
  uint64_t seed = 42;
  size_t bytes;
  make_varied(f);
  uint8_t *packed = maker_pack(&f->maker, &bytes);
  uint8_t *copy = arena_alloc(&f->maker.memory, bytes);
  double number = 1;
  onnx_constant_input cache = {.name = "use_cache_branch", .values = &number, .value_count = 1};
  onnx_options options = {.constants = &cache, .constant_count = 1};
  for (long i = 0; i < rounds; i++) {
    size_t count = bytes;
    arena memory = {0};
    onnx_model *model;
    ir_graph *graph;
    memcpy(copy, packed, bytes);
    if (i) damage(copy, &count, &seed);
    assert_true(write_bytes(f->path, copy, count));
    ir_module *m = ir_module_new(&memory, f->path);
    status s = onnx_open(m, f->path, &model);
    if (!s) s = onnx_import_graph(model, &options, &graph);
    if (i == 0 && s) fail_msg("%s: %s", s->node ? s->node : "", s->cause);
    if (s) assert_string_equal(s->file, f->path);
    refused += s != OK;
    onnx_close(model);
    arena_free(&memory);
  }
  assert_true(refused > rounds / 4);
}

/* docs/operators.md is what the tables say. ONNX_WRITE_OPERATORS=1 writes it anew. */
static void operators_are_documented(void **state) {
  (void)state;
  arena a = {0};
  const char *source = getenv("SMELT_SOURCE");
  if (!source) skip();
  const char *path = file_join(&a, source, "docs/operators.md");
  text t = {0};
  file_view view;
  onnx_print_operators(&t);
  if (getenv("ONNX_WRITE_OPERATORS")) assert_true(write_bytes(path, t.bytes, t.count));
  assert_null(file_map(&a, path, &view));
  if (view.count != t.count || memcmp(view.bytes, t.bytes, t.count) != 0) {
    fail_msg("docs/operators.md is old: run this test with ONNX_WRITE_OPERATORS=1");
  }
  file_unmap(&view);
  text_free(&t);
  arena_free(&a);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_FILE(dim_params_are_expressions),      WITH_FILE(unordered_nodes_are_sorted),
      WITH_FILE(shape_arithmetic_disappears),     WITH_FILE(if_folds_to_its_branch),
      WITH_FILE(functions_are_inlined),           WITH_FILE(recursive_functions_are_refused),
      WITH_FILE(bad_graphs_are_explained),        WITH_FILE(files_that_are_no_models),
      WITH_FILE(deep_nesting_is_refused),         WITH_FILE(no_damage_crashes),
      cmocka_unit_test(operators_are_documented),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
