/* write.c PROMPT [TOKENS]: goes on with a text, by the model that smelt made of ../verse/model. */
#include <smelt/model.h>

#include <stdio.h>
#include <stdlib.h>

extern const smelt_image smelt_model_verse; /* of `smelt build --emit lib --name verse` */

static bool on_token(void *user, int32_t token, const char *text, size_t bytes) {
  (void)user, (void)token;
  fwrite(text, 1, bytes, stdout);
  return fflush(stdout) == 0; /* false would stop the model */
}

int main(int argc, char **argv) {
  if (argc < 2) return fprintf(stderr, "usage: write PROMPT [TOKENS]\n"), 2;
  smelt_model *model;
  smelt_result result = smelt_open(&smelt_model_verse, NULL, &model);
  if (result) return fprintf(stderr, "write: %s\n", smelt_result_text(result)), 1;
  smelt_generate_options options = smelt_generate_defaults(model);
  options.temperature = 0; /* always the likeliest token */
  options.max_new_tokens = argc > 2 ? atoi(argv[2]) : 64;
  result = smelt_generate(model, argv[1], &options, on_token, NULL);
  if (result) fprintf(stderr, "write: %s\n", smelt_error(model));
  smelt_close(model);
  return result ? 1 : 0;
}
