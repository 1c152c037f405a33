/* ir_text_test.c: printing and parsing graphs: round trips, mistakes with their places, hostile text. */
#include "ir/ir.h" /* before cmocka.h, which makes `fail` a macro */

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static arena memory;

static int tear_down(void **state) {
  (void)state;
  arena_free(&memory);
  return 0;
}

static const char *print(ir_module *m) {
  text t = {0};
  ir_print_module(&t, m);
  const char *copy = arena_text(&memory, t.bytes ? t.bytes : "");
  text_free(&t);
  return copy;
}

/* Names the first line that differs: cmocka cuts long texts. */
static void assert_same_text(const char *found, const char *expected) {
  size_t at = 0;
  while (found[at] && found[at] == expected[at]) at++;
  if (found[at] == expected[at]) return;
  while (at && found[at - 1] != '\n') at--;
  fail_msg("expected\n%.*s\nfound\n%.*s", (int)strcspn(expected + at, "\n"), expected + at,
           (int)strcspn(found + at, "\n"), found + at);
}

static const char *or_empty(const char *s) {
  return s ? s : "";
}

static ir_module *must_parse(const char *source) {
  ir_module *m = NULL;
  status s = ir_parse(&memory, "test", source, strlen(source), &m);
  for (size_t i = 0; !s && i < m->graph_count; i++) s = ir_verify(m->graphs[i]);
  if (s) {
    fail_msg("%s: %s: %s: expected %s, found %s", or_empty(s->file), or_empty(s->node), s->cause,
             or_empty(s->expected), or_empty(s->found));
  }
  return m;
}

/* In canonical form: printing gives it back. */
static const char all_forms[] =
    "limit past <= 2048\n"
    "limit s >= 1\n"
    "limit `odd name+1` <= 7\n"
    "state past_0: f32[1, 4, 2048, 16] {append_axis = 2}\n"
    "state \"cross/key\": f16[1, 4, 100, 16]\n"
    "\n"
    "graph decode(ids: i64[batch, s], \"past/0\": f32[batch, 4, past, 16], cos: f32[1, s, 8], sin: f32[1, s, "
    "8]) {\n"
    "  wte = const \"transformer.wte\" : f32[512, 64]\n"
    "  half = const {0.5} : f32[]\n"
    "  odd = const {inf, -inf, nan, -0, 0.1, 1e-05, 3.4028235e+38} : f32[7]\n"
    "  f64s = const {0.1, 0.30000000000000004} : f64[2]\n"
    "  halves = const {1, 0.33325195, 65504} : f16[3]\n"
    "  u64s = const {18446744073709551615, 0} : u64[2]\n"
    "  bools = const \"flags\" {1, 0} : bool[2]\n"
    "  none = const {} : i32[0, 3]\n"
    "  large = const : i8[4, 5]\n"
    "  bias = const \"bias\" : f32[64]\n"
    "  w = const \"w\" : f32[64, 128]\n"
    "  \"return\" = dims {list = [batch, past + s, 4]} : i64[3]\n"
    "  \"/h.0/Range\" = iota {axis = 1, start = [past], step = [2]} : i64[1, s]\n"
    "  x = gather wte, ids {axis = 0} : f32[batch, s, 64]\n"
    "  cast = cast x {dtype = f16} : f16[batch, s, 64]\n"
    "  sum = reduce_sum x {axes = [0, 2]} : f32[1, s, 1]\n"
    "  split = reshape x : f32[batch, s, 4, 16]\n"
    "  heads = transpose split {perm = [0, 2, 1, 3]} : f32[batch, 4, s, 16]\n"
    "  key = append \"past/0\", heads {axis = 2, state = past_0} : f32[batch, 4, past + s, 16]\n"
    "  cut = slice key {start = [0, 3, past, 0], step = [1, -1, 1, 1]} : f32[batch, 4, s, 16]\n"
    "  plain = slice key : f32[batch, 4, s, 16]\n"
    "  padded = pad cut {start = [0, 0, 0, 1], value = -inf} : f32[batch, 4, s, 18]\n"
    "  y = layer_norm x, _, bias {epsilon = 9.999999747378752e-06} : f32[batch, s, 64]\n"
    "  z = linear x, w, _, y {gated = true, activation = gelu_tanh} : f32[batch, s, 64]\n"
    "  turned = rotary heads, cos, sin {interleaved = true} : f32[batch, 4, s, 16]\n"
    "  a = attention turned, key, key {scale = 0.25, causal = true} : f32[batch, 4, s, 16]\n"
    "  cross = load {state = \"cross/key\"} : f16[1, 4, 100, 16]\n"
    "  kept = store cross {state = \"cross/key\"} : f16[1, 4, 100, 16]\n"
    "  return logits = z, \"return\" = \"return\"\n"
    "}\n"
    "\n"
    "graph empty() {\n"
    "  return\n"
    "}\n"
    "\n"
    "graph \"many inputs\"(\n"
    "    a: f32[],\n"
    "    b: f32[],\n"
    "    c: f32[],\n"
    "    d: f32[],\n"
    "    e: f32[]) {\n"
    "  flags = const \"flags\" {1, 0} : bool[2]\n"
    "  return\n"
    "    a = a,\n"
    "    b = b,\n"
    "    c = c,\n"
    "    d = d,\n"
    "    flags = flags\n"
    "}\n";

static void every_form_comes_back(void **state) {
  (void)state;
  ir_module *m = must_parse(all_forms);
  assert_same_text(print(m), all_forms);
  /* Constants written alike are one. */
  const ir_constant *first = NULL;
  for (ir_node *n = m->graphs[0]->first; n; n = n->next) {
    if (strcmp(n->result->name, "bools") == 0) first = n->attrs.constant;
  }
  assert_non_null(first);
  assert_ptr_equal(m->graphs[2]->first->attrs.constant, first);
  assert_int_equal(ir_dim_maximum(m, ir_dim_symbol(m, "past")), 2048);
}

static void spelling_is_free(void **state) {
  (void)state;
  ir_module *m = must_parse("# a comment\n graph f(x:f32[2,b+1],y:f32[ 2 , 1 + b ]){z=add x,y # sum\n"
                            "{}:f32[2,b+1] return out=z}");
  assert_string_equal(print(m), "graph f(x: f32[2, b + 1], y: f32[2, b + 1]) {\n"
                                "  z = add x, y : f32[2, b + 1]\n"
                                "  return out = z\n"
                                "}\n");
}

static void values_without_names_get_some(void **state) {
  (void)state;
  ir_module *m = must_parse("graph f(v1: f32[2]) { a = neg v1 : f32[2] b = abs a : f32[2] return out = b }");
  m->graphs[0]->first->result->name = NULL;
  m->graphs[0]->last->result->name = "v1"; /* taken by the input */
  const char *once = print(m);
  assert_string_equal(once, "graph f(v1: f32[2]) {\n  v2 = neg v1 : f32[2]\n  v3 = abs v2 : f32[2]\n"
                            "  return out = v3\n}\n");
  assert_string_equal(print(must_parse(once)), once);
}

static void mistakes_are_placed(void **state) {
  (void)state;
  static const struct {
    const char *source, *place, *expected, *found;
  } cases[] = {
      {"grph", "t:1:1", "graph, body, state or limit", "grph"},
      {"graph f(x: f32[2) {", "t:1:17", "']'", ")"},
      {"graph f(x: f33[2]) {", "t:1:12", "an element type (f32, i64 ...)", "f33"},
      {"graph f(x: f32[2]) {\n  y = frob x : f32[2]\n", "t:2:7", "an operator", "frob"},
      {"graph f(x: f32[2]) {\n  y = neg z : f32[2]\n", "t:2:11", "the name of a value defined above", "z"},
      {"graph f(x: f32[2]) {\n  y = neg x : f32[3]\n", "t:2:3", "f32[2]", "f32[3]"},
      {"graph f(x: f32[2]) {\n  y = neg x, x : f32[2]\n", "t:2:16", "1 to 1 operands of neg", ":"},
      {"graph f(x: f32[2]) {\n  y = add x, _ : f32[2]\n", "t:2:16", "2 to 2 operands of add", ":"},
      {"graph f(x: f32[2]) {\n  x = neg x : f32[2]\n", "t:2:3", "a name that is not taken yet", "x"},
      {"graph f(x: f32[2]) {\n  y = cumsum x {axes = [0]} : f32[2]\n", "t:2:17", "an attribute of cumsum",
       "axes"},
      {"graph f(x: f32[2]) {\n  y = cumsum x {axis = 9} : f32[2]\n", "t:2:24", "axis from 0 to 7", "9"},
      {"graph f() { c = const {1, 2} : f32[3]", "t:1:38", "a type with as many elements as numbers are given",
       "the end of the file"},
      {"graph f() { c = const {300} : u8[1]", "t:1:24", "a number that fits u8", "3"},
      {"graph f() { c = const {1.5} : i32[1]", "t:1:25", "a number of the constant's type", "."},
      {"graph f() { c = const \"open : i32[1]", "t:1:23", "a quoted name with its end and known escapes",
       "\""},
      {"graph f() {", "t:1:12", "a node or return", "the end of the file"},
      {"graph f(x: f32[0 - 3]) {", "t:1:15", "sizes that are not negative", "["},
      {"graph f() { y = load {state = gone} : f32[1]", "t:1:31", "the name of a state that is declared above",
       "gone"},
      {"graph f(x: f32[2], x: f32[2]) {", "t:1:20", "a name that is not taken yet", "x"},
      {"graph f(x: f32[1,1,1,1,1,1,1,1,1]) {", "t:1:32", "at most 8 sizes", "1"},
      {"graph f(x: f32[2]) {\n  y = slice x {step = [0]} : f32[2]\n", "t:2:3", "any but 0", "0"},
      {"limit 3 <= 4", "t:1:7", "a symbol", "3"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
    ir_module *m;
    status s = ir_parse(&memory, "t", cases[i].source, strlen(cases[i].source), &m);
    assert_non_null(s);
    assert_int_equal(s->code, STATUS_INPUT);
    assert_string_equal(s->file, cases[i].place);
    assert_string_equal(s->expected, cases[i].expected);
    assert_string_equal(s->found, cases[i].found);
  }
}

/* Every prefix, and many texts with bytes replaced: errors or graphs, never a crash (run under the
 * sanitizers). */
static void hostile_text_is_refused_or_read(void **state) {
  (void)state;
  size_t length = sizeof all_forms - 1;
  ir_module *m;
  char *copy = malloc(length);
  assert_non_null(copy);
  for (size_t cut = 0; cut < length; cut += 3) {
    memcpy(copy, all_forms, cut);
    char *exact = malloc(cut + 1); /* reading past the end would be seen */
    memcpy(exact, copy, cut);
    (void)ir_parse(&memory, "t", exact, cut, &m);
    free(exact);
    arena_free(&memory);
  }
  uint64_t seed = 7;
  static const char bytes[] = "[]{}(),=:\"`_-+*/0189axs. \n\\\x80";
  for (int round = 0; round < 1500; round++) {
    memcpy(copy, all_forms, length);
    for (int k = 0; k < 3; k++) {
      seed = seed * 6364136223846793005u + 1442695040888963407u;
      copy[(seed >> 33) % length] = bytes[(seed >> 20) % (sizeof bytes - 1)];
    }
    status s = ir_parse(&memory, "t", copy, length, &m);
    for (size_t i = 0; !s && i < m->graph_count; i++) (void)ir_verify(m->graphs[i]);
    if (!s) print(m);
    arena_free(&memory);
  }
  free(copy);
}

static void large_graphs_take_no_time(void **state) {
  (void)state;
  text t = {0};
  text_print(&t, "graph f(x0: f32[batch, s, 64]) {\n");
  enum { NODES = 20000 };
  for (int i = 1; i <= NODES; i++) text_print(&t, "  x%d = add x%d, x0 : f32[batch, s, 64]\n", i, i - 1);
  text_print(&t, "  return y = x%d\n}\n", NODES);
  clock_t start = clock();
  ir_module *m = must_parse(t.bytes);
  assert_same_text(print(m), t.bytes);
  double seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
  print_message("%d nodes parsed, verified and printed in %.3f s\n", NODES, seconds);
  assert_true(seconds < 5); /* a quadratic scan would take minutes under the sanitizers */
  text_free(&t);
}

int main(void) {
#define TEST(name) cmocka_unit_test_teardown(name, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(every_form_comes_back),           TEST(spelling_is_free),
      TEST(values_without_names_get_some),   TEST(mistakes_are_placed),
      TEST(hostile_text_is_refused_or_read), TEST(large_graphs_take_no_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
