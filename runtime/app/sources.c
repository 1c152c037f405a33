/* sources.c: texts of an encoder-decoder, whose answers stand apart from them: lines of standard input, and
 * texts that are too long for the encoder. */
#define _GNU_SOURCE
#include "app/app.h"

#include <unistd.h>

bool app_takes_lines(const smelt_model *model, const app_options *options) {
  bool has_text = options->prompt || options->prompt_ids || options->lines_path;
  bool is_of_one = options->echo || options->logits_path || options->stats || options->samples > 1 ||
                   (!options->samples && model->manifest.generation->choices.samples > 1);
  return !has_text && !is_of_one && !isatty(STDIN_FILENO);
}

void app_fit_source(const smelt_model *model, const app_text *text, int32_t *ids, int32_t *count) {
  int32_t most = model->manifest.generation->max_encoder_tokens;
  if (*count <= most) return;
  if (!text->options->truncates)
    app_fail_text(text, "warning: the text has %d tokens, the model reads at most %d: the rest is left out",
                  (int)*count, (int)most);
  app_truncate_ids(model, !text->options->prompt_ids, most, ids, count);
}
