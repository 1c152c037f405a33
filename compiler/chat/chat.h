/*
 * chat.h: a chat template, in the subset of Jinja that model hubs use, becomes
 * code that runtime/chat runs (smelt/chat.h). Includes nothing but base/.
 *
 * It reads as Jinja2 does with what transformers sets: trim_blocks, lstrip_blocks, loop controls,
 * `generation` blocks (which change nothing), raise_exception and strftime_now.
 */
#ifndef SMELT_COMPILER_CHAT_H
#define SMELT_COMPILER_CHAT_H

#include "base/base.h"

/* A variable that the template finds set: bos_token. */
typedef struct {
  const char *name, *value; /* value NULL: none */
} chat_variable;

/*
 * Compiles `source` (UTF-8, `bytes` long) and appends the code to `blob`, which the caller frees with
 * text_free. Fails with STATUS_INPUT, the line as its node: "line 12"; `blob` is then unchanged. What cannot
 * be compiled is always refused, never left out.
 */
status chat_compile(arena *a, const char *source, size_t bytes, const chat_variable *variables,
                    size_t variable_count, text *blob);

#endif
