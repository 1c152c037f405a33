/*
 * app.h: the command line of a compiled program. What it prints goes to
 * standard output, messages to standard error; exit codes: 0 done, 1 the input
 * is at fault, 2 the command line is.
 */
#ifndef RT_APP_H
#define RT_APP_H

#include "core/limits.h"
#include "decode/decode.h"

enum { APP_OK = 0, APP_INPUT = 1, APP_USAGE = 2 };

/* ---- output (output.c) ----------------------------------------------------------- */

/* A file being written, with a buffer; only flushing and closing can fail. */
typedef struct {
  int file;
  bool failed; /* a write failed; later ones do nothing */
  size_t count;
  char buffer[4096];
} app_output;

app_output app_output_on(int file);
/* Creates or empties the file at `path`. False: errno says why. */
bool app_output_create(app_output *out, const char *path);
void app_write(app_output *out, const void *bytes, size_t count);
void app_write_text(app_output *out, const char *text);
void app_write_integer(app_output *out, int64_t value);
/* value with `digits` digits after the point, 0 to 3. */
void app_write_decimal(app_output *out, double value, int digits);
/* As a JSON string: names come from the model's file, so what JSON does not allow is escaped. */
void app_write_json_text(app_output *out, const char *text);
bool app_flush(app_output *out);
bool app_output_close(app_output *out); /* flushes; whether all was written */

/* "PROGRAM: message" on standard error; returns `exit_code`. */
int app_fail(int exit_code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- options (options.c) ------------------------------------------------------------ */

/* --input or --output NAME=FILE */
typedef struct {
  const char *argument; /* as given */
  const char *path;     /* after the first '=' */
} app_named_file;

typedef struct {
  const app_named_file *items; /* the options' memory */
  int32_t count;
} app_named_files;

typedef struct {
  const char *program; /* how the program was called */
  const char *prompt;  /* NULL: not given */
  const char *prompt_ids;
  const char *features_path;
  const char *logits_path;
  const char *profile_path; /* where the profile goes as JSON; NULL: nowhere */
  const char *entry;
  smelt_generate_options generate;
  bool seed_given;
  int32_t threads;
  bool pins;
  bool ids, echo, no_echo, stats, profile, bench, version, help, describe;
  app_named_files inputs, outputs;
  app_named_file *named_files; /* [2 * argc], behind inputs and outputs */
} app_options;

/*
 * Reads the command line over *options, whose fields hold the defaults. Returns
 * APP_OK, or APP_USAGE after a message. app_options_free in either case.
 */
int app_parse_options(app_options *options, int argc, char **argv);
void app_options_free(app_options *options);

/* Prints the options that suit the program: one that generates text, or one that runs a graph. */
void app_write_help(app_output *out, const app_options *options, const smelt_model *model);

/* ---- the three things a program does --------------------------------------------------- */

int app_generate(smelt_model *model, app_options *options);        /* generate_text.c */
int app_run_graph(smelt_model *model, const app_options *options); /* run_graph.c */
void app_write_version(app_output *out, const smelt_model *model); /* about.c */
void app_write_description(app_output *out, const smelt_model *model);

/* Prints or writes where the time went, as the options ask. Measures the machine's limits first
 * (profile_report.c). */
int app_write_profile(const smelt_model *model, const app_options *options);

/* One line of JSON: the limits, and every step of the entries that ran. */
void app_write_profile_json(app_output *out, const smelt_model *model, const rt_limits *limits);
/* The other side of `smelt bench` (bench.c). */
int app_bench(smelt_model *model, const app_options *options);

/* ---- NumPy's file format (npy.c) --------------------------------------------------------- */

/* Reads the array at `path`. Returns NULL, or what is wrong as a static text. tensor->data is the caller's to
 * free. */
const char *npy_read(const char *path, smelt_tensor *tensor);
const char *npy_write(const char *path, const smelt_tensor *tensor);

#endif
