/* The drawing of `smelt inspect --html`: rows without overlaps, straight chains, and layers folded into one.
 */
#include "driver/page.h" /* before cmocka.h, which makes `fail` a macro */

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const double GAP = 10;

static void boxes_keep_their_distance(const page_box *boxes, int count, double width) {
  for (int i = 0; i < count; i++) {
    assert_true(boxes[i].x - boxes[i].width / 2 >= -0.01 && boxes[i].x + boxes[i].width / 2 <= width + 0.01);
    for (int k = 0; k < i; k++) {
      if (boxes[i].rank != boxes[k].rank) continue;
      assert_true(fabs(boxes[i].x - boxes[k].x) >= (boxes[i].width + boxes[k].width) / 2 + GAP - 0.01);
    }
  }
}

static void a_chain_is_straight(void **state) {
  (void)state;
  arena a = {0};
  page_box boxes[] = {{0, 100, 0}, {1, 60, 0}, {2, 80, 0}, {5, 100, 0}};
  page_edge edges[] = {{0, 1, NULL}, {1, 2, NULL}, {2, 3, NULL}};
  double width = page_layout(&a, boxes, 4, edges, 3, GAP);
  boxes_keep_their_distance(boxes, 4, width);
  for (int i = 1; i < 4; i++) assert_true(fabs(boxes[i].x - boxes[0].x) < 1);
  assert_true(fabs(edges[2].bends[0] - boxes[0].x) < 1 && fabs(edges[2].bends[1] - boxes[0].x) < 1);
  arena_free(&a);
}

/* Two pairs given crosswise are put side by side, and a long edge goes around what stands between its ends.
 */
static void rows_are_ordered_and_apart(void **state) {
  (void)state;
  arena a = {0};
  page_box boxes[] = {{0, 100, 0}, {0, 100, 0}, {1, 100, 0}, {1, 100, 0}, {2, 100, 0}};
  page_edge edges[] = {{0, 3, NULL}, {1, 2, NULL}, {2, 4, NULL}, {3, 4, NULL}, {0, 4, NULL}};
  double width = page_layout(&a, boxes, 5, edges, 5, GAP);
  boxes_keep_their_distance(boxes, 5, width);
  assert_true((boxes[0].x < boxes[1].x) == (boxes[3].x < boxes[2].x));
  double bend = edges[4].bends[0];
  for (int i = 2; i < 4; i++) assert_true(fabs(bend - boxes[i].x) > boxes[i].width / 2);
  arena_free(&a);
}

/* Nothing to draw is a drawing too. */
static void empty_graphs_have_no_width(void **state) {
  (void)state;
  arena a = {0};
  assert_true(page_layout(&a, NULL, 0, NULL, 0, GAP) == 0);
  arena_free(&a);
}

static const plan_module *plan_of(arena *a, const char *source) {
  ir_module *m;
  plan_module *plan;
  status s = ir_parse(a, "case", source, strlen(source), &m);
  if (s) fail_msg("%s", s->cause);
  for (size_t i = 0; i < ir_dim_symbol_count(m); i++) ir_dim_set_maximum(m, ir_dim_symbol_at(m, i), 16);
  s = plan_make(m, &plan);
  if (s) fail_msg("%s", s->cause);
  return plan;
}

/* Four layers of norm, linear, linear with residual; the first of all makes another width. */
static void layers_are_drawn_once(void **state) {
  (void)state;
  arena a = {0};
  text t = {0};
  text_print(&t, "graph run(x: f32[s, 8]) {\n"
                 "  g = const \"g\" : f32[16]\n"
                 "  w0 = const \"w0\" : f32[8, 16]\n"
                 "  w1 = const \"w1\" : f32[16, 32]\n"
                 "  w2 = const \"w2\" : f32[32, 16]\n"
                 "  x0 = linear x, w0 : f32[s, 16]\n");
  for (int i = 0; i < 4; i++) {
    text_print(&t,
               "  n%d = layer_norm x%d, g, g {epsilon = 0.00001} : f32[s, 16]\n"
               "  f%d = linear n%d, w1 {activation = relu} : f32[s, 32]\n"
               "  x%d = linear f%d, w2, _, x%d : f32[s, 16]\n",
               i, i, i, i, i + 1, i, i);
  }
  text_print(&t, "  return y = x4\n}\n");
  const plan_module *plan = plan_of(&a, t.bytes);
  text_free(&t);
  const page_graph *g = page_graph_of(&a, &plan->entries[0]);
  assert_int_equal(g->block_count, 1);
  assert_int_equal(g->blocks[0].count, 4);
  assert_int_equal(g->blocks[0].period, 3);
  assert_int_equal(g->node_count, 1 + 3 + 2); /* x0, one layer, input and output */
  assert_int_equal(g->edge_count, 6);         /* x, into the norm and around it, two in the layer, y */
  for (size_t i = 0; i < g->edge_count; i++) {
    assert_true(g->boxes[g->edges[i].from].rank < g->boxes[g->edges[i].to].rank);
  }
  arena_free(&a);
}

/* Two linears in a row are no layers if the second skips the first: each repeat takes from the one before. */
static void other_wiring_is_no_repetition(void **state) {
  (void)state;
  arena a = {0};
  const plan_module *plan = plan_of(&a, "graph run(x: f32[s, 8]) {\n"
                                        "  w = const \"w\" : f32[8, 8]\n"
                                        "  a = linear x, w : f32[s, 8]\n"
                                        "  b = linear a, w : f32[s, 8]\n"
                                        "  c = linear a, w {activation = relu} : f32[s, 8]\n"
                                        "  d = linear b, w : f32[s, 8]\n"
                                        "  e = linear d, w, _, c : f32[s, 8]\n"
                                        "  return e = e\n"
                                        "}\n");
  const page_graph *g = page_graph_of(&a, &plan->entries[0]);
  assert_int_equal(g->block_count, 0);
  assert_int_equal(g->node_count, 5 + 2);
  arena_free(&a);
}

static void names_are_escaped(void **state) {
  (void)state;
  text t = {0};
  page_escape(&t, "<b>\"a\" & \x1b[2J");
  assert_string_equal(t.bytes, "&lt;b&gt;&quot;a&quot; &amp; ?[2J");
  t.count = 0;
  page_escape_short(&t, "768 → 3072, bias", 8);
  assert_string_equal(t.bytes, "768 → 3…");
  text_free(&t);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_chain_is_straight),           cmocka_unit_test(rows_are_ordered_and_apart),
      cmocka_unit_test(empty_graphs_have_no_width),    cmocka_unit_test(layers_are_drawn_once),
      cmocka_unit_test(other_wiring_is_no_repetition), cmocka_unit_test(names_are_escaped),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
