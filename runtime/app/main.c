/* main.c: a compiled program: opens the model it carries and does what the command line says. */
#include "app/app.h"

#include <unistd.h>

extern const smelt_image smelt_model_main;
#pragma weak app_generate /* linked only where the model generates */
#pragma weak app_bench
#pragma weak app_write_profile /* these where the program measures itself (compiler/driver/parts.c) */

static int fail_to_open(const app_options *options, smelt_result result, const char *error) {
  return app_fail(result == SMELT_BAD_ARGUMENT ? APP_USAGE : APP_INPUT, "%s: %s", options->program, error);
}

/* The generation defaults are the model's, and opening it takes a thread count: so options are read twice. */
static int open_model(app_options *options, int argc, char **argv, smelt_model **model) {
  app_options first = {0};
  int code = app_parse_options(&first, NULL, argc, argv);
  options->program = first.program;
  app_options_free(&first);
  if (code) return code;
  options->features_path = first.features_path; /* which decides what other options suit */
  char error[512];
  smelt_open_options open_options = {.threads = first.threads,
                                     .pins = first.pins,
                                     .repeats = first.seed_given,
                                     .weights = first.weights_path,
                                     .checks_weights = first.checks_weights,
                                     .error = error,
                                     .error_bytes = sizeof error};
  smelt_result result = smelt_open(&smelt_model_main, &open_options, model);
  if (result) return fail_to_open(options, result, error);
  options->generate = smelt_generate_defaults(*model);
  options->stride = -1;
  options->no_speech = -1;
  return app_parse_options(options, *model, argc, argv);
}

/* Whether an entry is run on arrays. --output-file is of vectors too, where the program makes them of texts.
 */
static bool has_arrays(const smelt_model *model, const app_options *options) {
  int abilities = app_abilities(model);
  bool has_files = options->word_count && !(abilities & (APP_SEES | APP_TRANSCRIBES));
  return has_files || options->inputs.count || options->outputs.count || options->entry ||
         (options->output_path && !(abilities & APP_EMBEDS));
}

/* The command that the first word names, or, where texts are given to a graph that reads them, the usual one.
 */
static const app_command *choose_command(const smelt_model *model, const app_options *options) {
  bool is_apart = has_arrays(model, options) || options->features_path;
  return options->command ? options->command : is_apart ? NULL : app_usual_command(model);
}

static int run_command(smelt_model *model, app_options *options, const app_command *command) {
  if (command) return command->run(model, options);
  bool generates = model->manifest.generation && !options->word_count && !has_arrays(model, options);
  return generates ? app_generate(model, options) : app_run_graph(model, options);
}

static int run(smelt_model *model, app_options *options) {
  app_output out = app_output_on(STDOUT_FILENO);
  options->help |= options->help_all;
  if (options->help || options->version || options->licenses || options->describe) {
    if (options->help) app_write_help(&out, options, model);
    if (options->version) app_write_version(&out, model);
    if (options->licenses) app_write_licenses(&out);
    if (options->describe) app_write_description(&out, model);
    if (app_flush(&out)) return APP_OK;
    return app_fail(APP_INPUT, "%s: standard output cannot be written", options->program);
  }
  bool profiles = options->profile || options->profile_path;
  if (options->bench && !app_bench)
    return app_fail(APP_USAGE, "%s: the program was built without --bench", options->program);
  if (options->bench) return app_bench(model, options);
  if (profiles) model->profile = rt_profile_create(&model->manifest, rt_team_thread_count(model->team));
  if (profiles && !model->profile) return app_fail(APP_INPUT, "%s: out of memory", options->program);
  int code = run_command(model, options, choose_command(model, options));
  return profiles && code == APP_OK ? app_write_profile(model, options) : code;
}

int main(int argc, char **argv) {
  app_options options = {0};
  smelt_model *model = NULL;
  int code = open_model(&options, argc, argv, &model);
  if (code == APP_OK) code = run(model, &options);
  smelt_close(model);
  app_options_free(&options);
  return code;
}
