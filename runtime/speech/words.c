/* words.c: the text of what was heard, and names of languages. */
#include "speech/speech.h"

#include <stdlib.h>
#include <string.h>

/* "en" or "<|en|>" */
static bool is_code(const char *given, const char *code) {
  size_t length = strlen(given);
  bool is_marked = length > 4 && strncmp(given, "<|", 2) == 0;
  return is_marked ? strlen(code) == length - 4 && memcmp(given + 2, code, length - 4) == 0
                   : strcmp(given, code) == 0;
}

int32_t rt_language_named(const smelt_model *model, const char *name) {
  const smelt_manifest_language *languages = rt_manifest_languages(&model->manifest);
  uint32_t count = model->manifest.hearing->language_count;
  for (uint32_t i = 0; i < count; i++)
    if (is_code(name, rt_manifest_text(&model->manifest, languages[i].code))) return languages[i].token;
  return SMELT_NONE;
}

int32_t rt_previous_token(smelt_model *model) {
  static const char name[] = "<|startofprev|>";
  int32_t token;
  return smelt_encode(model, name, sizeof name - 1, false, &token, 1) == 1 ? token : SMELT_NONE;
}

static bool is_space(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

bool rt_heard_decode(smelt_model *model, const rt_heard *heard, rt_heard_text *text) {
  int32_t none = model->manifest.hearing->no_timestamps_token, count = 0;
  int32_t *words = malloc(((size_t)heard->count + 1) * sizeof *words);
  for (int32_t i = 0; i < heard->count && words; i++)
    if (none == SMELT_NONE || heard->tokens[i] <= none) words[count++] = heard->tokens[i];
  int64_t bytes = words && model->has_tokenizer ? smelt_decode(model, words, count, true, NULL, 0) : 0;
  text->bytes = words ? calloc(1, (size_t)bytes + 1) : NULL;
  if (text->bytes && bytes > 0) smelt_decode(model, words, count, true, text->bytes, bytes);
  free(words);
  if (!text->bytes) return false;
  size_t begin = 0, end = (size_t)bytes;
  while (begin < end && is_space(text->bytes[begin])) begin++;
  while (end > begin && is_space(text->bytes[end - 1])) end--;
  text->is_apart = begin > 0 || none == SMELT_NONE;
  text->count = end - begin;
  memmove(text->bytes, text->bytes + begin, text->count);
  return true;
}
