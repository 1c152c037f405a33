/* constraint.c: --grammar, --json-schema and --regex. */
#define _GNU_SOURCE
#include "app/app.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int make(smelt_model *model, app_options *options, smelt_constraint_kind kind, const char *text,
                size_t bytes, const char *place) {
  smelt_result result = smelt_constraint_create(model, kind, text, bytes, &options->generate.constraint);
  int code = kind == SMELT_REGEX ? APP_USAGE : APP_INPUT;
  const char *error = smelt_error(model); /* which may begin with the line */
  const char *space = error[0] >= '0' && error[0] <= '9' ? "" : " ";
  return result ? app_fail(code, "%s: %s:%s%s", options->program, place, space, error) : APP_OK;
}

static int make_from_file(smelt_model *model, app_options *options, smelt_constraint_kind kind,
                          const char *path) {
  char *text = NULL;
  size_t bytes = 0;
  int file = rt_host_open(path);
  bool was_read = file >= 0 && app_read_all(file, &text, &bytes);
  int code = was_read ? make(model, options, kind, text, bytes, path)
                      : app_fail(APP_INPUT, "%s: %s: the file cannot be read", options->program, path);
  if (file >= 0) close(file);
  free(text);
  return code;
}

int app_take_constraint(smelt_model *model, app_options *options) {
  int count = (options->grammar_path != NULL) + (options->schema_path != NULL) + (options->regex != NULL);
  if (count == 0) return APP_OK;
  if (count > 1)
    return app_fail(APP_USAGE, "%s: --grammar, --json-schema and --regex exclude each other",
                    options->program);
  if (!model->has_tokenizer)
    return app_fail(APP_USAGE,
                    "%s: the model was compiled without a tokenizer: it has no text to keep to anything",
                    options->program);
  if (options->regex)
    return make(model, options, SMELT_REGEX, options->regex, strlen(options->regex), "--regex");
  if (options->schema_path) return make_from_file(model, options, SMELT_JSON_SCHEMA, options->schema_path);
  return make_from_file(model, options, SMELT_GRAMMAR, options->grammar_path);
}

void app_free_constraint(app_options *options) {
  smelt_constraint_free(options->generate.constraint);
}
