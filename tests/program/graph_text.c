/* graph_text.c: graph_text FILE: whether a graph in text is read, verified and printed as it was. */
#include "driver/diagnostics.h"
#include "ir/ir.h"

#include <string.h>

static status read_and_print(arena *a, const char *path, text *printed, file_view *view) {
  ir_module *module;
  TRY(file_map(a, path, view));
  TRY(ir_parse(a, path, (const char *)view->bytes, view->count, &module));
  for (size_t i = 0; i < module->graph_count; i++) TRY(ir_verify(module->graphs[i]));
  ir_print_module(printed, module);
  return OK;
}

int main(int argc, char **argv) {
  if (argc != 2) return 2;
  arena a = {0};
  text printed = {0};
  file_view view = {0};
  status s = read_and_print(&a, argv[1], &printed, &view);
  if (s) print_failure(s);
  bool is_same = !s && printed.count == view.count && memcmp(printed.bytes, view.bytes, view.count) == 0;
  if (!s && !is_same) fprintf(stderr, "%s is printed otherwise than it was\n", argv[1]);
  if (view.bytes) file_unmap(&view);
  text_free(&printed);
  arena_free(&a);
  return is_same ? 0 : 1;
}
