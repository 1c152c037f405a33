/* draft.c: what a draft is compiled with, and whether it suits its model. */
#include "driver/draft.h"

#include <string.h>

/* Of the model's options only those that are about the artefact, or that the draft has to share. */
static const driver_options *draft_options(compilation *c) {
  const driver_options *o = c->options;
  driver_options *options = ARENA_NEW(&c->arena, driver_options);
  const char *precision = ir_precision_name(c->module->precision); /* what `auto` chose */
  *options = (driver_options){.path = o->draft,
                              .target = o->target,
                              .cpu = o->cpu,
                              .precision = o->draft_precision ? o->draft_precision : precision,
                              .kv = o->kv,
                              .max_tokens = c->generation.max_tokens,
                              .max_batch = o->max_batch,
                              .quiet = o->quiet,
                              .is_draft = true};
  return options;
}

static status check(compilation *c, compilation *draft) {
  arena *a = &draft->arena;
  const char *cause = !draft->is_generator    ? "is no model that writes text"
                      : draft->folder.encoder ? "has an encoder, which a draft cannot have"
                                              : NULL;
  if (cause) return fail_file(a, fail(a, STATUS_INPUT, "%s", cause), draft->folder.model);
  status s = tok_compare(a, draft->folder.tokenizer, c->folder.tokenizer);
  return s ? fail_hint(a, s, "a draft needs the tokenizer of its model") : OK;
}

status draft_begin(compilation *c, compilation *draft) {
  TRY(compile_begin(draft, draft_options(c)));
  TRY(check(c, draft));
  text_free(&draft->tokenizer);
  text_free(&draft->chat);
  return OK;
}
