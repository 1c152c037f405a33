/* run_graph.c: one call of an entry from the shell: inputs from .npy and .npz files, outputs to them. */
#include "app/app.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#pragma weak app_read_files
#pragma weak app_write_file /* linked only where the model writes no text, else NULL */

bool app_add_input(app_call *c, char *name, const smelt_tensor *tensor) {
  if (c->input_count == c->input_capacity) {
    int32_t capacity = 2 * c->input_capacity + 4;
    char **names = realloc(c->names, (size_t)capacity * sizeof *names);
    if (names) c->names = names;
    smelt_tensor *inputs = realloc(c->inputs, (size_t)capacity * sizeof *inputs);
    if (inputs) c->inputs = inputs;
    if (!names || !inputs) {
      free(name);
      free(tensor->data);
      return false;
    }
    c->input_capacity = capacity;
  }
  c->names[c->input_count] = name;
  c->inputs[c->input_count++] = *tensor;
  return true;
}

int app_read_input(app_call *c, const app_options *options, const char *name, size_t bytes,
                   const char *path) {
  smelt_tensor tensor = {0};
  char *copy = malloc(bytes + 1);
  if (!copy) return app_fail(APP_INPUT, "%s: out of memory", options->program);
  memcpy(copy, name, bytes);
  copy[bytes] = 0;
  const char *wrong = npy_read(path, &tensor);
  if (!app_add_input(c, copy, &tensor)) wrong = "out of memory";
  return wrong ? app_fail(APP_INPUT, "%s: %s: %s", options->program, path, wrong) : APP_OK;
}

static int read_inputs(app_call *c, const smelt_model *model, const char *entry, const app_options *options) {
  int code = APP_OK;
  for (int32_t i = 0; code == APP_OK && i < options->inputs.count; i++) {
    const app_named_file *file = &options->inputs.items[i];
    code = app_read_input(c, options, file->argument, (size_t)(file->path - file->argument) - 1, file->path);
  }
  if (code != APP_OK || !options->word_count) return code;
  if (app_read_files) return app_read_files(c, model, entry, options);
  return app_fail(APP_USAGE, "%s: %s: this program takes arrays with --input NAME=FILE", options->program,
                  options->words[0]);
}

/* The index of the output called as --output's argument up to its '='; -1: none. */
static int32_t output_index(const smelt_model *model, const char *entry, const app_named_file *file) {
  size_t bytes = (size_t)(file->path - file->argument) - 1;
  smelt_tensor_info info;
  for (int32_t i = 0; smelt_output_info(model, entry, i, &info) == SMELT_OK; i++)
    if (strlen(info.name) == bytes && memcmp(info.name, file->argument, bytes) == 0) return i;
  return -1;
}

static int write_outputs(const smelt_model *model, const char *entry, const app_call *c,
                         const app_options *options) {
  for (int32_t i = 0; i < options->outputs.count; i++) {
    const app_named_file *file = &options->outputs.items[i];
    int32_t index = output_index(model, entry, file);
    if (index < 0)
      return app_fail(APP_USAGE, "%s: --output %s: '%s' has no such output; --describe lists them",
                      options->program, file->argument, entry);
    const char *wrong = npy_write(file->path, &c->outputs[index]);
    if (wrong) return app_fail(APP_INPUT, "%s: %s: %s", options->program, file->path, wrong);
  }
  return APP_OK;
}

/*
 * Inputs before the entry's own are those of `encode`, which leaves what it finds to the others: it runs
 * first. Returns how many they are; -1: it failed.
 */
static int32_t run_encoder(smelt_model *model, const char *entry, const app_call *c) {
  int32_t count = c->input_count - smelt_input_count(model, entry);
  if (count <= 0 || count != smelt_input_count(model, "encode")) return 0;
  const char *const *names = (const char *const *)c->names;
  return smelt_run(model, "encode", names, c->inputs, count, c->outputs) ? -1 : count;
}

static smelt_result run_entry(smelt_model *model, const char *entry, const app_call *c) {
  int32_t first = run_encoder(model, entry, c);
  if (first < 0) return SMELT_BAD_ARGUMENT;
  return smelt_run(model, entry, (const char *const *)c->names + first, c->inputs + first,
                   c->input_count - first, c->outputs);
}

int app_run_graph(smelt_model *model, const app_options *options) {
  const char *entry = options->entry ? options->entry : smelt_entry_name(model, 0);
  int32_t output_count = smelt_output_count(model, entry),
          encoder_outputs = smelt_output_count(model, "encode");
  if (output_count < 0)
    return app_fail(APP_USAGE, "%s: --entry %s: no such entry; --describe lists them", options->program,
                    entry);
  if (options->output_path && !app_write_file)
    return app_fail(APP_USAGE, "%s: --output-file: this program writes arrays with --output NAME=FILE",
                    options->program);
  int32_t most_outputs = output_count > encoder_outputs ? output_count : encoder_outputs;
  app_call c = {.outputs = calloc((size_t)most_outputs + 1, sizeof *c.outputs), .output_count = output_count};
  int code = c.outputs ? APP_OK : app_fail(APP_INPUT, "%s: out of memory", options->program);
  if (code == APP_OK) code = read_inputs(&c, model, entry, options);
  bool lacks_inputs = c.input_count < smelt_input_count(model, entry);
  const char *hint = lacks_inputs ? "; --input NAME=FILE gives one, --describe lists all" : "";
  if (code == APP_OK && run_entry(model, entry, &c))
    code = app_fail(APP_INPUT, "%s: %s%s", options->program, smelt_error(model), hint);
  if (code == APP_OK) code = write_outputs(model, entry, &c, options);
  if (code == APP_OK && options->output_path) code = app_write_file(model, entry, &c, options);
  for (int32_t i = 0; i < c.input_count; i++) {
    free(c.names[i]);
    free(c.inputs[i].data);
  }
  free(c.names);
  free(c.inputs);
  free(c.outputs);
  return code;
}
