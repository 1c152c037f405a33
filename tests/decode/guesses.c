/*
 * guesses.c: a model with a draft, by way of model.h: texts are the same without guesses, with those of the
 * text, of the draft and of both, one after the other with one opened model.
 *
 * Linked by speculate_test.sh with the archive of `smelt build --draft --emit lib --name tested`.
 */
#include <smelt/model.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 48 };

extern const smelt_image smelt_model_tested;

typedef struct {
  int32_t tokens[MOST];
  int count;
} heard;

static bool on_token(void *user, int32_t token, const char *text, size_t bytes) {
  heard *h = user;
  (void)text, (void)bytes;
  if (token >= 0) h->tokens[h->count++] = token;
  return true;
}

static int fail(const char *what, const char *detail) {
  fprintf(stderr, "%s: %s\n", what, detail);
  return 1;
}

int main(void) {
  static const char *const prompts[] = {
      "In the beginning", "And he said, Behold, and he said, Behold, and he", "In the beginning God"};
  smelt_model *model;
  if (smelt_open(&smelt_model_tested, NULL, &model)) return fail("open", "failed");
  smelt_generate_options options = smelt_generate_defaults(model);
  options.max_new_tokens = MOST;
  options.ignore_end = true;
  for (int round = 0; round < 6; round++) {
    const char *prompt = prompts[round / 2];
    heard plain = {.count = 0};
    options.temperature = round % 2 ? 0.7f : 0;
    options.seed = (uint64_t)round;
    options.speculate = false;
    if (smelt_generate(model, prompt, &options, on_token, &plain)) return fail("plain", smelt_error(model));
    options.speculate = true;
    for (int how = 0; how < SMELT_GUESS_KINDS; how++) {
      heard guessed = {.count = 0};
      options.guessing = (smelt_guessing)how;
      if (smelt_generate(model, prompt, &options, on_token, &guessed))
        return fail("guesses", smelt_error(model));
      if (guessed.count != MOST || memcmp(&plain, &guessed, sizeof plain) != 0)
        return fail("the text is another with guesses", prompt);
    }
  }
  options.guessing = SMELT_GUESS_KINDS;
  if (smelt_generate(model, prompts[0], &options, NULL, NULL) != SMELT_BAD_ARGUMENT)
    return fail("a way to guess that there is not", "was taken");
  smelt_close(model);
  return 0;
}
