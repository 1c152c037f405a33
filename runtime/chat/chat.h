/*
 * chat.h: runs a compiled chat template (smelt/chat.h) over messages. Public to
 * runtime/app. No global state.
 */
#ifndef RT_CHAT_H
#define RT_CHAT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "smelt/chat.h"

/* A template in place: views into its blob. */
typedef struct {
  const chat_header *header;
  const uint32_t *code;
  const uint32_t *starts;
  const char *texts;
  const chat_macro *macros;
} rt_chat;

/*
 * Opens `blob`, which must stay and be aligned to 8 bytes. Returns NULL, or what is wrong as a static text.
 * Its code need not be sound: running checks every step.
 */
const char *rt_chat_open(rt_chat *chat, const void *blob, size_t bytes);

/* Texts are UTF-8, not NUL-terminated. */
typedef struct {
  const char *role; /* NUL-terminated: "system", "user" or "assistant" */
  const char *content;
  size_t bytes;
} rt_message;

/* A variable that the template finds set, over what it would find. */
typedef struct {
  const char *name; /* [name_bytes] */
  size_t name_bytes;
  const char *value; /* NUL-terminated JSON, or else a text as it is */
} rt_chat_variable;

/* Whether the template has any use for a variable of that name. */
bool rt_chat_knows(const rt_chat *chat, const char *name, size_t bytes);

/* What came of a template; memory is the caller's, freed with rt_chat_free. */
typedef struct {
  char *text;
  size_t bytes;
  char error[256]; /* one line; empty: it went well */
} rt_chat_result;

/* False: result->error says why: what the template raises, or that it does what it may not. */
bool rt_chat_render(const rt_chat *chat, const rt_message *messages, size_t count, bool adds_prompt,
                    const rt_chat_variable *variables, size_t variable_count, rt_chat_result *result);
void rt_chat_free(rt_chat_result *result);

#endif
