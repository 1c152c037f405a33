/* ir_verify_test.c: the verifier finds what a wrong pass leaves behind. */
#include "ir/ir.h" /* before cmocka.h, which makes `fail` a macro */

#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

static arena memory;

static int tear_down(void **state) {
  (void)state;
  arena_free(&memory);
  return 0;
}

/* The sample's nodes, in order. */
typedef struct {
  ir_graph *graph;
  ir_node *y, *z, *bias, *n;
} sample;

static sample make_sample(void) {
  static const char source[] = "state kv: f32[1, 4, 64, 8] {append_axis = 2}\n"
                               "graph f(x: f32[b, 4, s, 8], past: f32[b, 4, p, 8]) {\n"
                               "  y = add x, x : f32[b, 4, s, 8]\n"
                               "  z = append past, y {axis = 2, state = kv} : f32[b, 4, p + s, 8]\n"
                               "  bias = const {1, 2, 3, 4, 5, 6, 7, 8} : f32[8]\n"
                               "  n = layer_norm z, _, bias {epsilon = 1e-05} : f32[b, 4, p + s, 8]\n"
                               "  return out = n, y = y\n"
                               "}\n";
  ir_module *m = NULL;
  assert_null(ir_parse(&memory, "t", source, sizeof source - 1, &m));
  ir_graph *g = m->graphs[0];
  assert_null(ir_verify(g));
  return (sample){g, g->first, g->first->next, g->first->next->next, g->last};
}

/* The failure has this cause and names this node by its line (NULL: no node). */
static void assert_finds(ir_graph *g, const char *cause, const char *node) {
  status s = ir_verify(g);
  assert_non_null(s);
  assert_string_equal(s->cause, cause);
  if (node) {
    assert_non_null(s->node);
    assert_memory_equal(s->node, node, strlen(node));
  }
}

static void wrong_types_are_found(void **state) {
  (void)state;
  sample s = make_sample();
  s.z->result->type.dims[2] = ir_dim_symbol(s.graph->module, "q");
  assert_finds(s.graph, "the result's type is not the inferred one",
               "z = append past, y {axis = 2, state = 0}");
  s = make_sample();
  s.y->result->type.dtype = SMELT_F16;
  assert_finds(s.graph, "the result's type is not the inferred one", "y = add x, x");
}

static void wrong_order_is_found(void **state) {
  (void)state;
  sample s = make_sample();
  s.y->operands[0] = s.n->result;
  assert_finds(s.graph, "operand 0 is not defined before this node", "y = add n, x");
  s = make_sample();
  s.z->previous = s.n;
  assert_finds(s.graph, "the list of nodes is broken", "z = ");
  s = make_sample();
  s.graph->last = s.z;
  assert_finds(s.graph, "the list of nodes has a wrong end", NULL);
}

static void wrong_use_counts_are_found(void **state) {
  (void)state;
  sample s = make_sample();
  s.y->result->use_count--;
  assert_finds(s.graph, "the use count of y is wrong", "y = ");
  s = make_sample();
  s.graph->inputs[0]->use_count++;
  assert_finds(s.graph, "the use count of x is wrong", NULL);
}

static void wrong_operands_are_found(void **state) {
  (void)state;
  sample s = make_sample();
  s.y->operand_count = 1;
  assert_finds(s.graph, "add has the wrong number of operands", "y = ");
  s = make_sample();
  s.y->operands[1] = NULL;
  assert_finds(s.graph, "operand 1 is missing", "y = add x, _");
}

static void wrong_names_are_found(void **state) {
  (void)state;
  sample s = make_sample();
  s.n->result->name = "past";
  assert_finds(s.graph, "two values have the name past", "past = ");
  s = make_sample();
  s.graph->outputs[1].name = "out";
  assert_finds(s.graph, "two outputs have the name out", NULL);
  s = make_sample();
  s.n->result->name = NULL; /* names are optional */
  assert_null(ir_verify(s.graph));
}

static void wrong_states_are_found(void **state) {
  (void)state;
  sample s = make_sample();
  s.z->attrs.state = 1;
  assert_finds(s.graph, "there is no state 1", "z = ");
  s = make_sample();
  s.graph->module->states[0].append_axis = 1;
  assert_finds(s.graph, "state kv grows along axis 1, not 2", "z = ");
  s = make_sample();
  s.graph->module->states[0].type.dtype = SMELT_F16;
  assert_finds(s.graph, "state kv has another dtype or rank", "z = ");
}

int main(void) {
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(wrong_types_are_found),    TEST(wrong_order_is_found),  TEST(wrong_use_counts_are_found),
      TEST(wrong_operands_are_found), TEST(wrong_names_are_found), TEST(wrong_states_are_found),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
