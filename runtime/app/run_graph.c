/* run_graph.c: one call of an entry from the shell: inputs from .npy files, outputs to them. */
#include "app/app.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The call's tensors; names are copies cut at the '='. */
typedef struct {
  char **names;
  smelt_tensor *inputs, *outputs;
  int32_t input_count;
} call;

static int read_inputs(call *c, const app_options *options) {
  for (int32_t i = 0; i < options->inputs.count; i++) {
    const app_named_file *file = &options->inputs.items[i];
    size_t bytes = (size_t)(file->path - file->argument);
    c->names[i] = malloc(bytes);
    if (!c->names[i]) return app_fail(APP_INPUT, "%s: out of memory", options->program);
    memcpy(c->names[i], file->argument, bytes);
    c->names[i][bytes - 1] = 0;
    c->input_count = i + 1;
    const char *wrong = npy_read(file->path, &c->inputs[i]);
    if (wrong) return app_fail(APP_INPUT, "%s: %s: %s", options->program, file->path, wrong);
  }
  return APP_OK;
}

/* The index of the output called as --output's argument up to its '='; -1: none. */
static int32_t output_index(const smelt_model *model, const char *entry, const app_named_file *file) {
  size_t bytes = (size_t)(file->path - file->argument) - 1;
  smelt_tensor_info info;
  for (int32_t i = 0; smelt_output_info(model, entry, i, &info) == SMELT_OK; i++)
    if (strlen(info.name) == bytes && memcmp(info.name, file->argument, bytes) == 0) return i;
  return -1;
}

static int write_outputs(const smelt_model *model, const char *entry, const call *c,
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

int app_run_graph(smelt_model *model, const app_options *options) {
  const char *entry = options->entry ? options->entry : smelt_entry_name(model, 0);
  int32_t output_count = smelt_output_count(model, entry);
  if (output_count < 0)
    return app_fail(APP_USAGE, "%s: --entry %s: no such entry; --describe lists them", options->program,
                    entry);
  size_t most = (size_t)options->inputs.count + 1;
  call c = {.names = calloc(most, sizeof *c.names),
            .inputs = calloc(most, sizeof *c.inputs),
            .outputs = calloc((size_t)output_count + 1, sizeof *c.outputs)};
  bool lacks_inputs = (int32_t)options->inputs.count < smelt_input_count(model, entry);
  const char *hint = lacks_inputs ? "; --input NAME=FILE gives one, --describe lists all" : "";
  int code = APP_OK;
  if (!c.names || !c.inputs || !c.outputs) code = app_fail(APP_INPUT, "%s: out of memory", options->program);
  if (code == APP_OK) code = read_inputs(&c, options);
  if (code == APP_OK &&
      smelt_run(model, entry, (const char *const *)c.names, c.inputs, c.input_count, c.outputs))
    code = app_fail(APP_INPUT, "%s: %s%s", options->program, smelt_error(model), hint);
  if (code == APP_OK) code = write_outputs(model, entry, &c, options);
  for (int32_t i = 0; i < c.input_count; i++) {
    free(c.names[i]);
    free(c.inputs[i].data);
  }
  free(c.names);
  free(c.inputs);
  free(c.outputs);
  return code;
}
