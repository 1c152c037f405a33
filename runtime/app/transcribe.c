/* transcribe.c: WAV files in, what is said in them out. */
#define _GNU_SOURCE
#include "app/option_table.h"
#include "app/transcript.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const app_option app_hearing_options[] = {
    {0, "language", "CODE", "what is spoken, as en; else the model finds out", APP_TRANSCRIBES, APP_TEXT,
     APP_FIELD(language), 0},
    {0, "task", "TASK", "transcribe, or translate into English", APP_TRANSCRIBES, APP_TEXT, APP_FIELD(task),
     0},
    {0, "timestamps", NULL, "a line for each piece, with its times", APP_TRANSCRIBES, APP_FLAG,
     APP_FIELD(tells_times), 0},
    {0, "srt", NULL, "subtitles", APP_TRANSCRIBES, APP_FLAG, APP_FIELD(as_srt), 0},
    {0, "vtt", NULL, "subtitles for web pages", APP_TRANSCRIBES, APP_FLAG, APP_FIELD(as_vtt), 0},
    {0, "condition", NULL, "hear each window behind the text of those before", APP_TRANSCRIBES, APP_FLAG,
     APP_FIELD(conditions), 0},
    {0, "no-speech", "X", "leave out what is no speech with probability X, and hardly a text",
     APP_TRANSCRIBES, APP_DECIMAL, APP_FIELD(no_speech), 1},
    {0},
};

typedef struct {
  smelt_model *model;
  const app_options *options;
  rt_hear_options hearing;
  rt_session session;
  app_output out;
} transcriber;

/* ---- what is asked ----------------------------------------------------------------------- */

static int take_language(const transcriber *t, int32_t *token) {
  const rt_manifest *view = &t->model->manifest;
  const smelt_manifest_language *languages = rt_manifest_languages(view);
  uint32_t count = view->hearing->language_count;
  char known[400] = ""; /* a hundred codes of two or three letters */
  *token = rt_language_named(t->model, t->options->language);
  if (*token != SMELT_NONE) return APP_OK;
  for (uint32_t i = 0; i < count; i++) {
    const char *code = rt_manifest_text(view, languages[i].code);
    size_t used = strlen(known);
    snprintf(known + used, sizeof known - used, "%s%s", i ? " " : "", code);
  }
  if (count == 0)
    return app_fail(APP_USAGE, "%s: --language: the model has no choice of languages", t->options->program);
  return app_fail(APP_USAGE, "%s: --language: expected one of %s, found '%s'", t->options->program, known,
                  t->options->language);
}

static int take_task(const transcriber *t, int32_t *token) {
  const smelt_manifest_hearing *h = t->model->manifest.hearing;
  const char *task = t->options->task;
  bool translates = strcmp(task, "translate") == 0;
  if (!translates && strcmp(task, "transcribe") != 0)
    return app_fail(APP_USAGE, "%s: --task: expected transcribe or translate, found '%s'",
                    t->options->program, task);
  *token = translates ? h->translate_token : h->transcribe_token;
  if (*token != SMELT_NONE) return APP_OK;
  return app_fail(APP_USAGE, "%s: --task: the model has no choice of tasks", t->options->program);
}

static int take_options(transcriber *t, const transcript_form *form) {
  const app_options *o = t->options;
  static const float least_mean = -1; /* as the reference has it, unless the model says otherwise */
  int code = APP_OK;
  t->hearing = rt_hear_defaults(t->model);
  t->hearing.tells_times |= o->tells_times || transcript_tells_times(form);
  if (o->no_speech >= 0) {
    t->hearing.no_speech = o->no_speech;
    if (isnan(t->hearing.least_mean)) t->hearing.least_mean = least_mean;
  }
  if (o->language) code = take_language(t, &t->hearing.language);
  if (code == APP_OK && o->task) code = take_task(t, &t->hearing.task);
  if (o->conditions) t->hearing.previous_token = rt_previous_token(t->model);
  if (code == APP_OK && o->conditions && t->hearing.previous_token == SMELT_NONE)
    code = app_fail(APP_USAGE, "%s: --condition: the model has no token <|startofprev|>", o->program);
  return code;
}

/* ---- a file --------------------------------------------------------------------------------- */

enum { WHY_BYTES = 300 };

/* The file's sound at the model's rate. False: `why`, a line. */
static bool read_sound(const transcriber *t, const char *file, rt_wave *wave, char *why) {
  bool is_stdin = strcmp(file, "-") == 0;
  int descriptor = is_stdin ? STDIN_FILENO : rt_host_open(file);
  char *bytes = NULL;
  size_t count = 0;
  if (descriptor < 0 || !app_read_all(descriptor, &bytes, &count)) {
    snprintf(why, WHY_BYTES, "%s: cannot be read: %s", file, strerror(errno));
    if (descriptor >= 0 && !is_stdin) close(descriptor);
    free(bytes);
    return false;
  }
  if (!is_stdin) close(descriptor);
  bool ok = !rt_sound_read(t->model, bytes ? bytes : "", count, wave);
  if (!ok) snprintf(why, WHY_BYTES, "%s: %s", file, smelt_error(t->model));
  free(bytes);
  return ok;
}

static bool on_piece(void *user, const rt_heard *piece) {
  return transcript_add(user, piece);
}

static bool hear(transcriber *t, const char *file, transcript *to, char *why) {
  rt_wave wave = {0};
  bool ok = read_sound(t, file, &wave, why);
  if (ok) {
    rt_generation request = {.options = t->options->generate};
    to->seconds = (double)wave.count / wave.rate;
    if (rt_hear(&t->session, &wave, &t->hearing, &request, on_piece, to, &to->language)) {
      snprintf(why, WHY_BYTES, "%s: %s", file, smelt_error(t->model));
      ok = false;
    }
  }
  free(wave.samples);
  return ok;
}

static int write_file(transcriber *t, const transcript_form *form, const char *file) {
  transcript to = {.model = t->model,
                   .form = form,
                   .out = &t->out,
                   .file = file,
                   .is_one_of_many = t->options->word_count > 1,
                   .language = SMELT_NONE};
  char why[WHY_BYTES] = "";
  transcript_begin(&to);
  bool ok = hear(t, file, &to, why);
  if (ok)
    transcript_end(&to);
  else
    transcript_fail(&to, why);
  transcript_free(&to);
  if (!ok) app_fail(APP_INPUT, "%s: %s", t->options->program, why);
  if (!app_flush(&t->out)) return app_fail(APP_INPUT, "%s: the text cannot be written", t->options->program);
  return ok ? APP_OK : APP_INPUT;
}

/* ---- the command -------------------------------------------------------------------------------- */

static int write_files(transcriber *t, const transcript_form *form) {
  static const char *const standard_input[] = {"-"};
  bool has_files = t->options->word_count > 0;
  const char *const *files = has_files ? t->options->words : standard_input;
  int32_t count = has_files ? t->options->word_count : 1;
  int code = APP_OK;
  if (!has_files && isatty(STDIN_FILENO))
    return app_fail(APP_USAGE, "%s: no sound: name WAV files, or pipe one in; --help says more",
                    t->options->program);
  if (rt_session_open(&t->session, t->model))
    code = app_fail(APP_INPUT, "%s: %s", t->options->program, smelt_error(t->model));
  for (int32_t i = 0; i < count && t->session.outputs; i++)
    if (write_file(t, form, files[i]) != APP_OK) code = APP_INPUT;
  rt_session_close(&t->session);
  return code;
}

int app_transcribe(smelt_model *model, app_options *options) {
  transcriber t = {.model = model, .options = options, .out = app_output_on(STDOUT_FILENO)};
  const transcript_form *form = transcript_choose_form(options);
  app_token_lists lists = {0};
  if (!form) return APP_USAGE;
  app_choose_seed(options);
  int code = take_options(&t, form);
  if (code == APP_OK) code = app_take_token_lists(model, options, &lists);
  if (code == APP_OK) code = write_files(&t, form);
  app_free_token_lists(&lists);
  return code;
}
