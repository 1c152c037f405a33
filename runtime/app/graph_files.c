/* graph_files.c: files that a graph is run on without saying which input or output they are. */
#include "app/app.h"

#include <stdlib.h>
#include <string.h>

static int read_archive(app_call *c, const app_options *options, const char *path) {
  app_array *arrays;
  int32_t count, taken = 0;
  const char *wrong = npz_read(path, &arrays, &count);
  for (; !wrong && taken < count; taken++) {
    if (!app_add_input(c, arrays[taken].name, &arrays[taken].tensor)) wrong = "out of memory";
    arrays[taken] = (app_array){0};
  }
  npz_free(arrays, count);
  return wrong ? app_fail(APP_INPUT, "%s: %s: %s", options->program, path, wrong) : APP_OK;
}

/* A file without a name: an archive has names, an array is the only input. */
static int read_word(app_call *c, const smelt_model *model, const char *entry, const app_options *options,
                     const char *path) {
  smelt_tensor_info info;
  if (app_ends_with(path, ".npz")) return read_archive(c, options, path);
  if (smelt_input_count(model, entry) != 1 || smelt_input_info(model, entry, 0, &info))
    return app_fail(APP_USAGE,
                    "%s: %s: the graph has several inputs: --input NAME=FILE says which, or a .npz file",
                    options->program, path);
  return app_read_input(c, options, info.name, strlen(info.name), path);
}

int app_read_files(app_call *c, const smelt_model *model, const char *entry, const app_options *options) {
  int code = APP_OK;
  for (int32_t i = 0; code == APP_OK && i < options->word_count; i++)
    code = read_word(c, model, entry, options, options->words[i]);
  return code;
}

int app_write_file(const smelt_model *model, const char *entry, const app_call *c,
                   const app_options *options) {
  const char *path = options->output_path, *wrong = NULL;
  smelt_tensor_info info;
  const char **names = calloc((size_t)c->output_count + 1, sizeof *names);
  for (int32_t i = 0; names && i < c->output_count; i++)
    names[i] = smelt_output_info(model, entry, i, &info) == SMELT_OK ? info.name : "";
  if (!names)
    wrong = "out of memory";
  else if (app_ends_with(path, ".npz"))
    wrong = npz_write(path, names, c->outputs, c->output_count);
  else if (c->output_count == 1)
    wrong = npy_write(path, &c->outputs[0]);
  else
    wrong = "the graph has several outputs: --output NAME=FILE says which, or a .npz file takes all";
  free(names);
  return wrong ? app_fail(APP_INPUT, "%s: %s: %s", options->program, path, wrong) : APP_OK;
}
