/*
 * write.c: LIBRARY PREFIX NAME PROMPT TOKENS: goes on with a text by a shared library for macOS, greedily and
 * with two threads; then the error of a grammar that is wrong, which the runtime jumps out of. PREFIX: what
 * its functions begin with; NAME: its model is PREFIX_model_NAME.
 */
#include "loader.h"
#include "system.h"
#include "smelt/model.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool print(void *user, int32_t token, const char *text, size_t bytes) {
  (void)user, (void)token;
  return fwrite(text, 1, bytes, stdout) == bytes;
}

static void *function(const library *loaded, const char *prefix, const char *name) {
  char whole[128];
  snprintf(whole, sizeof whole, "%s_%s", prefix, name);
  return library_symbol(loaded, whole);
}

int main(int argc, char **argv) {
  if (argc != 6) return 2;
  const library *l = library_load(argv[1]);
  system_library = argv[1];
  char image[128];
  snprintf(image, sizeof image, "model_%s", argv[3]);
  /* smelt_generate_options is returned in memory, as both systems do it. */
  smelt_result (*open)(const smelt_image *, const smelt_open_options *, smelt_model **) =
      (smelt_result (*)(const smelt_image *, const smelt_open_options *, smelt_model **))function(l, argv[2],
                                                                                                  "open");
  smelt_generate_options (*defaults)(const smelt_model *) =
      (smelt_generate_options (*)(const smelt_model *))function(l, argv[2], "generate_defaults");
  smelt_result (*generate)(smelt_model *, const char *, const smelt_generate_options *,
                           smelt_token_callback *, void *) =
      (smelt_result (*)(smelt_model *, const char *, const smelt_generate_options *, smelt_token_callback *,
                        void *))function(l, argv[2], "generate");
  smelt_result (*constrain)(smelt_model *, smelt_constraint_kind, const char *, size_t, smelt_constraint **) =
      (smelt_result (*)(smelt_model *, smelt_constraint_kind, const char *, size_t,
                        smelt_constraint **))function(l, argv[2], "constraint_create");
  const char *(*error)(const smelt_model *) =
      (const char *(*)(const smelt_model *))function(l, argv[2], "error");
  void (*close)(smelt_model *) = (void (*)(smelt_model *))function(l, argv[2], "close");

  char why[256] = "";
  smelt_open_options open_options = {.threads = 2, .error = why, .error_bytes = sizeof why};
  smelt_model *model;
  if (open(function(l, argv[2], image), &open_options, &model)) {
    fprintf(stderr, "write: %s\n", why);
    return 1;
  }
  smelt_generate_options options = defaults(model);
  options.max_new_tokens = atoi(argv[5]);
  options.temperature = 0;
  smelt_result result = generate(model, argv[4], &options, print, NULL);
  smelt_constraint *constraint;
  smelt_result refused = constrain(model, SMELT_GRAMMAR, "root ::= (", 10, &constraint);
  printf("\n%d %s\n", refused, error(model));
  close(model);
  return result != SMELT_OK;
}
