/* graph_text_fuzz.c: any bytes as graphs in text: read, verified, printed, read again; then the passes. */
#include "fuzz.h"

#include <string.h>

static void print(text *t, ir_module *m) {
  ir_print_module(t, m);
  text_append(t, "", 0); /* a module may be empty */
}

/* What is printed is read as the same. */
static void round_trip(ir_module *m) {
  arena a = {0};
  text once = {0}, twice = {0};
  ir_module *again;
  print(&once, m);
  status s = ir_parse(&a, "printed", once.bytes, once.count, &again);
  if (s) fuzz_finding("what was printed cannot be read", s, m->graph_count ? m->graphs[0] : NULL);
  print(&twice, again);
  if (strcmp(once.bytes, twice.bytes) != 0) {
    fprintf(stderr, "%s\n----\n%s\n", once.bytes, twice.bytes);
    fuzz_finding("what was printed is read as something else", OK, NULL);
  }
  text_free(&once);
  text_free(&twice);
  arena_free(&a);
}

/* The first graph, and others only as bodies of its loops and branches. */
static bool has_one_entry(const ir_module *m) {
  for (size_t i = 1; i < m->graph_count; i++) {
    if (!m->graphs[i]->is_body) return false;
  }
  return m->graph_count && !m->graphs[0]->is_body;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t count) {
  arena a = {0};
  ir_module *m = NULL;
  status s = ir_parse(&a, "fuzz", (const char *)bytes, count, &m);
  for (size_t i = 0; !s && i < m->graph_count; i++) s = ir_verify(m->graphs[i]);
  if (!s) { /* text that does not verify is the text's fault */
    round_trip(m);
    if (has_one_entry(m)) fuzz_through_passes(m->graphs[0], fuzz_seed(bytes, count));
  }
  arena_free(&a);
  return 0;
}
