/* generate_text.c: prompt in, text out as it is made; or ids, logits and speed for those who ask. */
#define _GNU_SOURCE
#include "app/app.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#pragma weak app_takes_lines
#pragma weak app_fit_source /* linked only where an encoder reads the text, else NULL */
/* NULL where they were left out. */
#pragma weak app_take_constraint
#pragma weak app_free_constraint
#pragma weak app_generate_lines
#pragma weak rt_beam_search
#pragma weak rt_found_free

/* The prompt, as text where it came as text. */
typedef struct {
  char *text; /* owned, where it was read or decoded; else NULL */
  const char *shown;
  size_t shown_bytes;
  int32_t *ids;
  int32_t count;
} prompt;

typedef struct {
  app_output out, logits;
  bool prints_ids, wrote_id;
  bool writes_logits;
  int32_t generated;
  int64_t guessed, came_true;      /* of them, by speculation */
  double start_s, first_s, last_s; /* when generation began, the first token came, the last one came */
} listener;

static double now_s(void) {
  return (double)rt_now_ns() * 1e-9;
}

/* ---- the prompt ----------------------------------------------------------------------- */

/* The text of a prompt that was given as ids, for echoing. */
static void decode_shown(smelt_model *model, prompt *p) {
  int64_t bytes = smelt_decode(model, p->ids, p->count, true, NULL, 0);
  if (bytes <= 0 || !(p->text = malloc((size_t)bytes))) return;
  smelt_decode(model, p->ids, p->count, true, p->text, bytes);
  p->shown = p->text;
  p->shown_bytes = (size_t)bytes;
}

static int take_prompt(smelt_model *model, const app_options *options, prompt *p) {
  if (options->prompt_ids) {
    if (options->prompt)
      return app_fail(APP_USAGE, "%s: --prompt and --prompt-ids exclude each other", options->program);
    if (!app_parse_ids(options->prompt_ids, strlen(options->prompt_ids), &p->ids, &p->count))
      return app_fail(APP_USAGE, "%s: --prompt-ids: expected token ids, found '%s'", options->program,
                      options->prompt_ids);
    decode_shown(model, p);
    return APP_OK;
  }
  if (options->prompt) {
    p->shown = options->prompt;
    p->shown_bytes = strlen(options->prompt);
  } else if (rt_reads_features(model)) {
    return APP_OK; /* its decoder may start from nothing */
  } else if (isatty(STDIN_FILENO)) {
    return app_fail(APP_USAGE, "%s: no prompt: give one with -p TEXT, or pipe it in; --help says more",
                    options->program);
  } else {
    int code = app_read_stdin(options, &p->text, &p->shown_bytes);
    if (code) return code;
    p->shown = p->text;
  }
  if (!model->has_tokenizer)
    return app_fail(APP_USAGE, "%s: the model was compiled without a tokenizer: use --prompt-ids and --ids",
                    options->program);
  if (rt_encode_prompt(model, p->shown, p->shown_bytes, &p->ids, &p->count))
    return app_fail(APP_INPUT, "%s: %s", options->program, smelt_error(model));
  return APP_OK;
}

/* ---- what an encoder reads instead of the prompt ------------------------------------------- */

static int check_features(const smelt_model *model, const app_options *options) {
  bool reads_features = rt_reads_features(model);
  if (reads_features && !options->features_path)
    return app_fail(APP_USAGE, "%s: no features: give what the encoder reads with --features FILE.npy",
                    options->program);
  if (!reads_features && options->features_path)
    return app_fail(APP_USAGE, "%s: --features: the model reads text; give it with -p TEXT",
                    options->program);
  return APP_OK;
}

static int encode_features(smelt_model *model, const app_options *options) {
  const char *entry = smelt_entry_name(model, model->manifest.generation->encode_entry);
  smelt_tensor_info info;
  smelt_tensor features;
  const char *wrong = npy_read(options->features_path, &features);
  if (wrong) return app_fail(APP_INPUT, "%s: %s: %s", options->program, options->features_path, wrong);
  smelt_result result = smelt_input_info(model, entry, 0, &info);
  if (!result) result = smelt_run(model, entry, &info.name, &features, 1, NULL);
  free(features.data);
  if (result) return app_fail(APP_INPUT, "%s: %s", options->program, smelt_error(model));
  return APP_OK;
}

/* ---- while generating -------------------------------------------------------------------- */

static void write_id(listener *l, int32_t id) {
  if (l->wrote_id) app_write_text(&l->out, " ");
  app_write_integer(&l->out, id);
  l->wrote_id = true;
}

/* A token of SMELT_NONE brings text that waited, and is none. */
static bool on_token(void *user, int32_t token, const char *text, size_t bytes) {
  listener *l = user;
  l->last_s = now_s();
  if (token != SMELT_NONE && l->generated++ == 0) l->first_s = l->last_s;
  if (l->prints_ids && token != SMELT_NONE) write_id(l, token);
  if (!l->prints_ids) app_write(&l->out, text, bytes);
  return app_flush(&l->out);
}

static void on_logits(void *user, const float *logits, int32_t vocab_size) {
  listener *l = user;
  app_write(&l->logits, logits, (size_t)vocab_size * sizeof *logits);
}

/* A decoder's text goes on from the prompt, so both are shown; an encoder-decoder's answer stands alone. */
static void write_echo(listener *l, const app_options *options, const prompt *p, bool goes_on) {
  bool echo = options->echo || (goes_on && !options->no_echo && !l->prints_ids);
  if (!echo) return;
  for (int32_t i = 0; i < p->count && l->prints_ids; i++) write_id(l, p->ids[i]);
  if (!l->prints_ids) app_write(&l->out, p->shown, p->shown_bytes);
  if (!l->prints_ids && !goes_on) app_write_text(&l->out, "\n");
  app_flush(&l->out);
}

static void write_stats(const listener *l, int32_t prompt_tokens) {
  if (l->generated == 0) return;
  app_output err = app_output_on(STDERR_FILENO);
  double first_s = l->first_s - l->start_s, rest_s = l->last_s - l->first_s;
  app_write_text(&err, "first token after ");
  app_write_decimal(&err, first_s * 1e3, 2);
  app_write_text(&err, " ms; prompt ");
  app_write_integer(&err, prompt_tokens);
  app_write_text(&err, " tokens, ");
  app_write_decimal(&err, first_s > 0 ? prompt_tokens / first_s : 0, 1);
  app_write_text(&err, " tokens/s; generated ");
  app_write_integer(&err, l->generated);
  app_write_text(&err, " tokens, ");
  app_write_decimal(&err, rest_s > 0 ? (l->generated - 1) / rest_s : 0, 1);
  app_write_text(&err, " tokens/s");
  if (l->guessed > 0) {
    app_write_text(&err, "; guessed ");
    app_write_integer(&err, l->guessed);
    app_write_text(&err, " tokens, right ");
    app_write_integer(&err, l->came_true);
  }
  app_write_text(&err, "\n");
  app_flush(&err);
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* What became of one text, `before` tokens having come before it. */
static int end_text(const rt_session *session, const app_options *options, smelt_result result,
                    int32_t before, listener *l) {
  if (l->generated > before || l->wrote_id || result == SMELT_OK) app_write_text(&l->out, "\n");
  if (!app_flush(&l->out)) return app_fail(APP_INPUT, "%s: the text cannot be written", options->program);
  if (result == SMELT_TOO_LARGE && l->generated > before) { /* all of the text there can be */
    app_fail(APP_OK, "%s: %s", options->program, smelt_error(session->model));
    return APP_OK;
  }
  if (result) return app_fail(APP_INPUT, "%s: %s", options->program, smelt_error(session->model));
  return APP_OK;
}

/* Texts stand apart by an empty line, ids by lines alone. */
static void begin_another(const rt_session *session, const app_options *options, const prompt *p,
                          listener *l) {
  if (!l->prints_ids) app_write_text(&l->out, "\n");
  l->wrote_id = false;
  write_echo(l, options, p, session->generation->encode_entry == SMELT_NONE);
}

/* Each text goes on from the prompt, which is read once, with a seed of its own, the first with the one
 * given. */
static int write_samples(rt_session *session, rt_generation *request, const app_options *options,
                         int32_t count, const prompt *p, listener *l) {
  if (count > 1 && !rt_session_mark(session))
    return app_fail(APP_INPUT, "%s: out of memory", options->program);
  int code = APP_OK;
  for (int32_t i = 0; i < count && code == APP_OK; i++) {
    int32_t before = l->generated;
    if (i > 0) rt_session_rewind(session);
    if (i > 0) begin_another(session, options, p, l);
    request->options.seed = rt_random_seed_of(options->generate.seed, i);
    smelt_result result = rt_session_generate(session, request);
    code = end_text(session, options, result, before, l);
  }
  return code;
}

/* The `count` best texts that beams find. */
static int write_found(rt_session *session, const rt_generation *request, const app_options *options,
                       int32_t count, const prompt *p, listener *l) {
  rt_found_list list;
  smelt_result result = rt_beam_search(session, request, &list);
  int code = list.count > 0 ? APP_OK : end_text(session, options, result, 0, l);
  for (int32_t i = 0; i < count && i < list.count && code == APP_OK; i++) {
    int32_t before = l->generated;
    if (i > 0) begin_another(session, options, p, l);
    smelt_result told = rt_session_tell(session, request, list.items[i].tokens, list.items[i].count);
    code = end_text(session, options, told ? told : result, before, l);
  }
  rt_found_free(&list);
  return code;
}

static int write_texts(rt_session *session, const app_options *options, const prompt *p, listener *l) {
  smelt_model *model = session->model;
  rt_generation request = {.options = options->generate,
                           .constraint = rt_constraint_of(&options->generate),
                           .on_token = on_token,
                           .user = l};
  write_echo(l, options, p, session->generation->encode_entry == SMELT_NONE); /* read while the model reads */
  smelt_result result = rt_session_begin(session, p->ids, p->count);
  if (result) return app_fail(APP_INPUT, "%s: %s", options->program, smelt_error(model));
  int32_t count = options->samples ? options->samples : session->generation->choices.samples;
  if (rt_beam_search && rt_beam_count(model, &request.options) > 1)
    return write_found(session, &request, options, count > 0 ? count : 1, p, l);
  return write_samples(session, &request, options, count > 0 ? count : 1, p, l);
}

static int generate(smelt_model *model, const app_options *options, const prompt *p, listener *l) {
  l->start_s = now_s();
  if (options->features_path) {
    int code = encode_features(model, options);
    if (code) return code;
  }
  rt_session session;
  smelt_result result = rt_session_open(&session, model);
  session.on_logits = l->writes_logits ? on_logits : NULL;
  session.user = l;
  int code = result ? app_fail(APP_INPUT, "%s: %s", options->program, smelt_error(model))
                    : write_texts(&session, options, p, l);
  l->guessed = session.guess_count;
  l->came_true = session.right_count;
  rt_session_close(&session);
  return code;
}

void app_choose_seed(app_options *options) {
  if (!options->seed_given && options->generate.temperature > 0)
    if (!rt_host_random(&options->generate.seed, sizeof options->generate.seed))
      options->generate.seed = (uint64_t)rt_now_ns();
}

/* One prompt's texts as they are made, with all that was asked for beside them. */
static int write_generated(smelt_model *model, const app_options *options) {
  prompt p = {0};
  listener l = {.out = app_output_on(STDOUT_FILENO), .prints_ids = options->ids || !model->has_tokenizer};
  int code = take_prompt(model, options, &p);
  if (code == APP_OK && options->logits_path) {
    l.writes_logits = app_output_create(&l.logits, options->logits_path);
    if (!l.writes_logits)
      code = app_fail(APP_INPUT, "%s: %s: the file cannot be made", options->program, options->logits_path);
  }
  if (code == APP_OK && app_fit_source)
    app_fit_source(model, &(app_text){.options = options}, p.ids, &p.count);
  if (code == APP_OK) code = generate(model, options, &p, &l);
  if (l.writes_logits && !app_output_close(&l.logits) && code == APP_OK)
    code = app_fail(APP_INPUT, "%s: %s: the file cannot be written", options->program, options->logits_path);
  if (code == APP_OK && options->stats) write_stats(&l, p.count);
  free(p.text);
  free(p.ids);
  return code;
}

int app_generate(smelt_model *model, app_options *options) {
  app_token_lists lists = {0};
  app_choose_seed(options);
  int code = check_features(model, options);
  if (code == APP_OK) code = app_take_token_lists(model, options, &lists);
  if (code == APP_OK && options->logits_path && rt_beam_count(model, &options->generate) > 1)
    code = app_fail(APP_USAGE, "%s: --logits: beams have no rows in a text's order; --beams 1 turns them off",
                    options->program);
  if (code == APP_OK && app_take_constraint) code = app_take_constraint(model, options);
  if (app_takes_lines && app_takes_lines(model, options)) options->lines_path = "-";
  if (code == APP_OK)
    code = app_generate_lines && (options->lines_path || options->json) ? app_generate_lines(model, options)
                                                                        : write_generated(model, options);
  app_free_token_lists(&lists);
  if (app_free_constraint) app_free_constraint(options);
  return code;
}
