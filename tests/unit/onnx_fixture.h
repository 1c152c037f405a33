/* onnx_fixture.h: a model that a test makes, saved in a folder of its own and imported from there. The test
 * defines _XOPEN_SOURCE as 700 before its first include. */
#ifndef SMELT_TEST_ONNX_FIXTURE_H
#define SMELT_TEST_ONNX_FIXTURE_H

#include "onnx/onnx.h"

#include <stdarg.h>
#include <setjmp.h>
#include <stdlib.h>
#include <cmocka.h>

#include "onnx_model_maker.h"

enum { FLOAT = 1, INT64 = 7, STRING = 8, BOOL = 9 };

/* A folder of its own for each run, with the model in it. */
typedef struct {
  model_maker maker;
  arena memory;
  ir_module *module;
  char folder[64], path[128];
} fixture;

static inline int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  strcpy(f->folder, "/tmp/smelt-onnx-XXXXXX");
  if (!mkdtemp(f->folder)) return -1;
  snprintf(f->path, sizeof f->path, "%s/model.onnx", f->folder);
  maker_start(&f->maker, 17);
  *state = f;
  return 0;
}

static inline int tear_down(void **state) {
  static const char *const names[] = {"model.onnx", "weights.bin", "link.bin"};
  fixture *f = *state;
  char path[160];
  for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
    snprintf(path, sizeof path, "%s/%s", f->folder, names[i]);
    unlink(path);
  }
  rmdir(f->folder);
  arena_free(&f->memory);
  arena_free(&f->maker.memory);
  free(f);
  return 0;
}

static inline status import_file(fixture *f, const onnx_options *options, ir_graph **graph) {
  f->module = ir_module_new(&f->memory, f->path);
  return onnx_import(&f->memory, f->path, options, f->module, graph);
}

static inline status import_made(fixture *f, const onnx_options *options, ir_graph **graph) {
  size_t bytes;
  uint8_t *packed = maker_pack(&f->maker, &bytes);
  assert_true(write_bytes(f->path, packed, bytes));
  return import_file(f, options, graph);
}

static inline ir_graph *import_well(fixture *f, const onnx_options *options) {
  ir_graph *graph;
  status s = import_made(f, options, &graph);
  if (s) fail_msg("%s: %s", s->node ? s->node : "", s->cause);
  ir_remove_dead(graph);
  s = ir_verify(graph);
  if (s) fail_msg("verify: %s", s->cause);
  return graph;
}

/* The import must fail with the file named, and `node` and `cause` somewhere in their fields. */
static inline void expect_failure(fixture *f, const char *node, const char *cause) {
  ir_graph *graph;
  status s = import_made(f, NULL, &graph);
  assert_non_null(s);
  assert_int_equal(s->code, STATUS_INPUT);
  assert_string_equal(s->file, f->path);
  if (!strstr(s->cause, cause)) fail_msg("found '%s', expected '%s'", s->cause, cause);
  if (node && (!s->node || !strstr(s->node, node))) fail_msg("names '%s', expected '%s'", s->node, node);
}

static inline void expect_text(ir_graph *graph, const char *part) {
  text t = {0};
  ir_print(&t, graph);
  if (!strstr(t.bytes, part)) fail_msg("'%s' is not in:\n%s", part, t.bytes);
  text_free(&t);
}

#define WITH_FILE(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

#endif
