/*
 * two_models.c: two models in one program, each of which writes its own text. Prints "NAME: TEXT" for each. C
 * and C++. With PREFIXED, each has an API of its own.
 */
#include "story.h"
#include "verse.h"

#include <stdio.h>

static bool print(void *user, int32_t token, const char *text, size_t bytes) {
  (void)user, (void)token;
  return fwrite(text, 1, bytes, stdout) == bytes;
}

#define WRITER(name, api, image, prompt)                                                                     \
  static int name##_writes(void) {                                                                           \
    api##_model *model;                                                                                      \
    if (api##_open(&image, NULL, &model)) return 1;                                                          \
    api##_generate_options options = api##_generate_defaults(model);                                         \
    options.max_new_tokens = 24;                                                                             \
    options.temperature = 0;                                                                                 \
    printf(#name ": %s", prompt);                                                                            \
    int failed = api##_generate(model, prompt, &options, print, NULL) != 0;                                  \
    printf("\n");                                                                                            \
    api##_close(model);                                                                                      \
    return failed;                                                                                           \
  }

#ifdef PREFIXED
WRITER(verse, verse, verse_model_main, "In the beginning")
WRITER(story, story, story_model_main, "Once upon a time")
#else
WRITER(verse, smelt, smelt_model_verse, "In the beginning")
WRITER(story, smelt, smelt_model_story, "Once upon a time")
#endif

int main(void) {
  return verse_writes() || story_writes() || verse_writes();
}
