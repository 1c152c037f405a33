/* Sequences, optionals and unrolled loops: what they become, and what is said where something is not known.
 */
#define _XOPEN_SOURCE 700
#include "onnx_fixture.h"

/* ---- making models ---- */

static void constant(fixture *f, const char *name, int64_t value) {
  Onnx__TensorProto *tensor = maker_initializer(&f->maker, name, INT64, 1, &value, sizeof value);
  tensor->n_dims = 0;
}

/* x: f32[4] as the sequence s of its four elements 0 .. 3, each f32[1]. */
static void make_singles(fixture *f) {
  maker_input(&f->maker, "x", FLOAT, "4");
  maker_node(&f->maker, "SplitToSequence", "x", "s");
}

static void make_joined(fixture *f, const char *sequence) {
  maker_int(&f->maker, maker_node(&f->maker, "ConcatFromSequence", sequence, "y"), "axis", 0);
  maker_output(&f->maker, "y");
}

/* The input `name` becomes a sequence of such tensors, or an optional one. */
static void wrap_input(fixture *f, const char *name, const char *dims, bool as_sequence) {
  arena *a = &f->maker.memory;
  maker_input(&f->maker, name, FLOAT, dims);
  Onnx__ValueInfoProto *input = f->maker.graph.input[f->maker.graph.n_input - 1];
  Onnx__TypeProto *element = input->type;
  input->type = ARENA_NEW(a, Onnx__TypeProto);
  onnx__type_proto__init(input->type);
  if (as_sequence) {
    input->type->value_case = ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE;
    input->type->sequence_type = ARENA_NEW(a, Onnx__TypeProto__Sequence);
    onnx__type_proto__sequence__init(input->type->sequence_type);
    input->type->sequence_type->elem_type = element;
  } else {
    input->type->value_case = ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE;
    input->type->optional_type = ARENA_NEW(a, Onnx__TypeProto__Optional);
    onnx__type_proto__optional__init(input->type->optional_type);
    input->type->optional_type->elem_type = element;
  }
}

/* A Loop: its body takes (i, c, carried), negates the carried tensor and gathers it. */
static Onnx__GraphProto *make_loop(fixture *f, const char *inputs, const char *condition) {
  arena *a = &f->maker.memory;
  Onnx__NodeProto *loop = maker_node(&f->maker, "Loop", inputs, "last,y");
  Onnx__GraphProto *body = ARENA_NEW(a, Onnx__GraphProto);
  onnx__graph_proto__init(body);
  size_t nodes = 0, in = 0, out = 0;
  ARENA_PUSH(a, body->input, body->n_input, in) = maker_value(&f->maker, "i", INT64, "");
  ARENA_PUSH(a, body->input, body->n_input, in) = maker_value(&f->maker, "c", BOOL, "");
  ARENA_PUSH(a, body->input, body->n_input, in) = maker_value(&f->maker, "v", FLOAT, "4");
  maker_node_in(&f->maker, body, &nodes, "Neg", "v", "w");
  maker_node_in(&f->maker, body, &nodes, "Less", "i,turns", "fewer");
  ARENA_PUSH(a, body->output, body->n_output, out) = maker_value(&f->maker, condition, BOOL, "");
  ARENA_PUSH(a, body->output, body->n_output, out) = maker_value(&f->maker, "w", FLOAT, "4");
  ARENA_PUSH(a, body->output, body->n_output, out) = maker_value(&f->maker, "w", FLOAT, "4");
  maker_graph_attribute(&f->maker, loop, "body", body);
  maker_output(&f->maker, "y");
  return body;
}

/* ---- what they compute ---- */

/* Output 0 on x = 0 1 2 3, as text: "0 1 2 3". */
static void expect_numbers(fixture *f, ir_graph *graph, const char *wanted) {
  float numbers[] = {0, 1, 2, 3};
  ir_tensor x = {.dtype = SMELT_F32, .rank = 1, .dims = {4}, .data = numbers}, y;
  status s = ir_evaluate(&f->memory, graph, &x, NULL, &y);
  if (s) fail_msg("%s", s->cause);
  text t = {0};
  for (int64_t i = 0; i < ir_tensor_count(&y); i++)
    text_print(&t, "%s%g", i ? " " : "", (double)((float *)y.data)[i]);
  assert_string_equal(t.bytes, wanted);
  text_free(&t);
}

static void positions_count_from_both_ends(void **state) {
  static const struct {
    const char *op_type, *inputs, *wanted;
    int64_t position;
  } cases[] = {
      {"SequenceInsert", "s,first,p", "0 0 1 2 3", 0},
      {"SequenceInsert", "s,first,p", "0 1 2 3 0", 4},
      {"SequenceInsert", "s,first,p", "0 1 2 0 3", -1},
      {"SequenceInsert", "s,first,p", "0 0 1 2 3", -4},
      {"SequenceInsert", "s,first", "0 1 2 3 0", 0},
      {"SequenceErase", "s,p", "1 2 3", 0},
      {"SequenceErase", "s,p", "0 1 3", -2},
      {"SequenceErase", "s", "0 1 2", 0},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    void *inner = NULL;
    assert_int_equal(set_up(&inner), 0);
    fixture *f = inner;
    make_singles(f);
    constant(f, "p", cases[i].position);
    constant(f, "zero", 0);
    maker_node(&f->maker, "SequenceAt", "s,zero", "first");
    maker_node(&f->maker, cases[i].op_type, cases[i].inputs, "t");
    make_joined(f, "t");
    expect_numbers(f, import_well(f, NULL), cases[i].wanted);
    tear_down(&inner);
  }
}

static void lengths_are_constants(void **state) {
  fixture *f = *state;
  make_singles(f);
  maker_node(&f->maker, "SequenceLength", "s", "y");
  maker_output(&f->maker, "y");
  expect_text(import_well(f, NULL), "4");
}

static void sequences_have_no_nodes(void **state) {
  fixture *f = *state;
  maker_input(&f->maker, "x", FLOAT, "n");
  maker_node(&f->maker, "SequenceConstruct", "x,x", "s");
  maker_node(&f->maker, "Identity", "s", "t");
  constant(f, "p", -1);
  maker_node(&f->maker, "SequenceAt", "t,p", "z");
  maker_node(&f->maker, "Neg", "z", "y");
  maker_output(&f->maker, "y");
  ir_graph *graph = import_well(f, NULL);
  assert_ptr_equal(graph->first, graph->last);
}

static void parts_of_symbolic_axes(void **state) {
  fixture *f = *state;
  int64_t one = 1;
  maker_input(&f->maker, "x", FLOAT, "n + 1");
  maker_initializer(&f->maker, "one", INT64, 1, &one, sizeof one);
  maker_node(&f->maker, "Shape", "x", "all");
  maker_node(&f->maker, "Sub", "all,one", "rest");
  maker_int(&f->maker, maker_node(&f->maker, "Concat", "one,rest", "sizes"), "axis", 0);
  maker_node(&f->maker, "SplitToSequence", "x,sizes", "s");
  constant(f, "p", 1);
  maker_node(&f->maker, "SequenceAt", "s,p", "y");
  maker_output(&f->maker, "y");
  expect_text(import_well(f, NULL), "f32[n]");
}

static void sequence_inputs_and_outputs_are_elements(void **state) {
  fixture *f = *state;
  wrap_input(f, "pieces", "rows,2", true);
  maker_node(&f->maker, "SequenceErase", "pieces", "rest");
  maker_output(&f->maker, "rest");
  onnx_form form = {.name = "pieces", .kind = ONNX_SEQUENCE, .length = 3};
  ir_graph *graph = import_well(f, &(onnx_options){.forms = &form, .form_count = 1});
  assert_int_equal(graph->input_count, 3);
  assert_string_equal(graph->inputs[2]->name, "pieces.2");
  assert_int_equal(graph->output_count, 2);
  assert_string_equal(graph->outputs[1].name, "rest.1");
  /* Elements may differ in what the file calls one size. */
  assert_ptr_not_equal(graph->inputs[0]->type.dims[0], graph->inputs[1]->type.dims[0]);
}

static void optionals_are_there_or_not(void **state) {
  for (int is_there = 0; is_there < 2; is_there++) {
    void *inner = NULL;
    assert_int_equal(set_up(&inner), 0);
    fixture *f = inner;
    wrap_input(f, "bound", "", false);
    maker_input(&f->maker, "x", FLOAT, "4");
    maker_node(&f->maker, "Clip", "x,bound", "y");
    maker_output(&f->maker, "y");
    onnx_form form = {.name = "bound", .kind = ONNX_ABSENT};
    ir_graph *graph = import_well(f, &(onnx_options){.forms = &form, .form_count = !is_there});
    assert_int_equal(graph->input_count, 1 + is_there);
    assert_true(is_there == (graph->first != NULL));
    tear_down(&inner);
  }
  (void)state;
}

/* ---- loops ---- */

static void known_loops_are_unrolled(void **state) {
  fixture *f = *state;
  maker_input(&f->maker, "x", FLOAT, "4");
  constant(f, "trip", 3);
  constant(f, "turns", 5);
  make_loop(f, "trip,,x", "c");
  ir_graph *graph = import_well(f, NULL);
  assert_int_equal(f->module->graph_count, 1); /* no body of a loop node */
  expect_numbers(f, graph, "-0 -1 -2 -3 0 1 2 3 -0 -1 -2 -3");
}

/* Each turn drops an element. The condition that a turn leaves decides about the next one: turn 0 leaves
 * true, turn 1 false. */
static void conditions_end_loops(void **state) {
  fixture *f = *state;
  make_singles(f);
  constant(f, "turns", 1);
  Onnx__GraphProto *body = make_loop(f, ",,s", "fewer");
  body->node[0]->op_type = maker_text(&f->maker, "SequenceErase");
  body->n_output = 2;
  f->maker.graph.node[1]->n_output = 1;
  f->maker.graph.n_output = 0;
  make_joined(f, "last");
  expect_numbers(f, import_well(f, NULL), "0 1");
}

static void loops_that_never_run_are_empty(void **state) {
  fixture *f = *state;
  maker_input(&f->maker, "x", FLOAT, "4");
  constant(f, "trip", 0);
  constant(f, "turns", 5);
  make_loop(f, "trip,,x", "c");
  expect_text(import_well(f, NULL), "f32[0, 4]");
}

/* ---- what is not known ---- */

static void make_tensor_wanted(fixture *f) {
  make_singles(f);
  maker_node(&f->maker, "Neg", "s", "y");
}
static void make_sequence_wanted(fixture *f) {
  maker_input(&f->maker, "x", FLOAT, "4");
  maker_node(&f->maker, "SequenceLength", "x", "y");
}
static void make_outside(fixture *f) {
  make_singles(f);
  constant(f, "p", 4);
  maker_node(&f->maker, "SequenceAt", "s,p", "y");
}
static void make_unknown_position(fixture *f) {
  make_singles(f);
  maker_input(&f->maker, "p", INT64, "");
  maker_node(&f->maker, "SequenceAt", "s,p", "y");
}
/* As torch exports repeat_interleave along a symbolic axis: as many ones as there are elements. */
static void make_unknown_list(fixture *f) {
  maker_input(&f->maker, "x", FLOAT, "n");
  maker_node(&f->maker, "Shape", "x", "count");
  maker_node(&f->maker, "ConstantOfShape", "count", "sizes");
  maker_node(&f->maker, "Cast", "sizes", "ones");
  maker_int(&f->maker, f->maker.graph.node[f->maker.graph.n_node - 1], "to", INT64);
  maker_node(&f->maker, "SplitToSequence", "x,ones", "s");
  maker_node(&f->maker, "SequenceLength", "s", "y");
}

static void make_unknown_parts(fixture *f) {
  maker_input(&f->maker, "x", FLOAT, "n");
  maker_node(&f->maker, "SplitToSequence", "x", "s");
  maker_node(&f->maker, "SequenceLength", "s", "y");
}
static void make_no_element(fixture *f) {
  maker_node(&f->maker, "Optional", "", "none");
  maker_node(&f->maker, "OptionalGetElement", "none", "y");
}
static void make_empty_join(fixture *f) {
  maker_node(&f->maker, "SequenceEmpty", "", "s");
  maker_int(&f->maker, maker_node(&f->maker, "ConcatFromSequence", "s", "y"), "axis", 0);
}
static void make_nested(fixture *f) {
  make_singles(f);
  maker_node(&f->maker, "SequenceConstruct", "s,s", "t");
  maker_node(&f->maker, "SequenceLength", "t", "y");
}
static void make_no_length(fixture *f) {
  wrap_input(f, "pieces", "2", true);
  maker_node(&f->maker, "SequenceLength", "pieces", "y");
}
static void make_endless(fixture *f) {
  make_singles(f);
  make_loop(f, ",,s", "c")->node[0]->op_type = maker_text(&f->maker, "Identity");
}
static void make_unknown_turns(fixture *f) {
  make_singles(f);
  maker_input(&f->maker, "trip", INT64, "");
  make_loop(f, "trip,,s", "c")->node[0]->op_type = maker_text(&f->maker, "Identity");
}

static void make_unknown_condition(fixture *f) {
  static const char *const branches[2] = {"then_branch", "else_branch"};
  arena *a = &f->maker.memory;
  maker_input(&f->maker, "chosen", BOOL, "");
  maker_input(&f->maker, "x", FLOAT, "4");
  Onnx__NodeProto *node = maker_node(&f->maker, "If", "chosen", "s");
  for (int i = 0; i < 2; i++) {
    Onnx__GraphProto *branch = ARENA_NEW(a, Onnx__GraphProto);
    onnx__graph_proto__init(branch);
    size_t nodes = 0, outputs = 0;
    maker_node_in(&f->maker, branch, &nodes, "SequenceConstruct", i ? "x" : "x,x", "t");
    ARENA_PUSH(a, branch->output, branch->n_output, outputs) = maker_value(&f->maker, "t", FLOAT, NULL);
    maker_graph_attribute(&f->maker, node, branches[i], branch);
  }
  maker_node(&f->maker, "SequenceLength", "s", "y");
}

static void what_is_not_known_is_named(void **state) {
  static const struct {
    void (*make)(fixture *f);
    const char *node, *cause;
  } cases[] = {
      {make_tensor_wanted, "Neg 'Neg_1'", "input 0 ('s') must be a tensor"},
      {make_sequence_wanted, "SequenceLength", "input 0 ('x') must be a sequence"},
      {make_outside, "SequenceAt", "position 4 is outside the sequence, which has 4"},
      {make_unknown_position, "SequenceAt", "its position depends on data"},
      {make_unknown_parts, "SplitToSequence", "number of its parts"},
      {make_unknown_list, "SplitToSequence", "number of its parts"},
      {make_no_element, "OptionalGetElement", "always empty"},
      {make_empty_join, "ConcatFromSequence", "the sequence is empty"},
      {make_nested, "SequenceConstruct", "element 0 of a sequence is no tensor"},
      {make_no_length, "input 'pieces'", "its length is not known"},
      {make_endless, "Loop", "loops, branches and sequences are more than"},
      {make_unknown_condition, "If", "'t' is a sequence"},
      {make_unknown_turns, "Loop", "its trip count depends on data, and it carries a sequence"},
  };
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    void *inner = NULL;
    assert_int_equal(set_up(&inner), 0);
    fixture *f = inner;
    constant(f, "turns", 5);
    cases[i].make(f);
    if (!f->maker.graph.n_output) maker_output(&f->maker, "y");
    expect_failure(f, cases[i].node, cases[i].cause);
    tear_down(&inner);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(positions_count_from_both_ends),
      WITH_FILE(lengths_are_constants),
      WITH_FILE(sequences_have_no_nodes),
      WITH_FILE(parts_of_symbolic_axes),
      WITH_FILE(sequence_inputs_and_outputs_are_elements),
      cmocka_unit_test(optionals_are_there_or_not),
      WITH_FILE(known_loops_are_unrolled),
      WITH_FILE(conditions_end_loops),
      WITH_FILE(loops_that_never_run_are_empty),
      cmocka_unit_test(what_is_not_known_is_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
