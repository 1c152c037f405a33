/* inspect.c: smelt inspect: what a model is made of and what smelt makes of it, for people and programs. */
#include "driver/commands.h"
#include "driver/inspect.h"

static status inspect(compilation *c) {
  inspect_facts facts;
  inspect_gather(c, &facts);
  if (c->options->json) {
    inspect_print_json(&facts);
  } else {
    inspect_print(&facts);
  }
  return c->options->page ? inspect_write_page(&facts, c->options->page) : OK;
}

int command_inspect(arena *a, const driver_options *options) {
  (void)a;
  compilation c;
  status s = compile_begin(&c, options);
  progress_end(&c.progress);
  if (!s) s = inspect(&c);
  if (s) print_failure(s);
  int code = s ? (int)s->code : STATUS_OK;
  compile_end(&c);
  return code;
}
