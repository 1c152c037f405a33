/*
 * hear.c: a sound of any length through an encoder that reads a window of it. The next window begins where
 * the last piece that is whole ends.
 */
#include "speech/speech.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_START_TOKENS = SMELT_MAX_FORCED_TOKENS + 4 };

typedef struct {
  rt_session *session;
  smelt_model *model;
  const smelt_manifest_hearing *hearing;
  rt_hear_options options;
  rt_generation request;
  rt_times times;
  rt_hear_callback *callback;
  void *user;

  /* What the encoder reads, in frames: columns of features, or samples. */
  const float *values; /* [rows][frames] */
  int64_t rows, frames, window, seek;
  double frame_s;
  bool is_long; /* more than one window */
  float *input; /* of one call, [rows][window] */

  int32_t start[MOST_START_TOKENS], start_count; /* what the decoder's text begins with; 0: not known yet */
  int32_t language;
  double no_speech; /* its probability in this window */
  int32_t *before, before_count,
      most_before; /* behind previous_token: the last tokens that were told, [most_before] */
  int32_t *tokens; /* of this window, [model->max_tokens] */
  int32_t count;
} hearer;

rt_hear_options rt_hear_defaults(const smelt_model *model) {
  const smelt_manifest_hearing *h = model->manifest.hearing;
  return (rt_hear_options){.language = SMELT_NONE,
                           .task = SMELT_NONE,
                           .previous_token = SMELT_NONE,
                           .tells_times = h->tells_times,
                           .no_speech = h->no_speech_threshold,
                           .least_mean = h->logprob_threshold};
}

static bool is_known(float threshold) {
  return threshold == threshold;
}

/* ---- the encoder ------------------------------------------------------------------------ */

/* The sound as features; one of a single window is filled up with silence first, as the reference does. */
static smelt_result make_features(hearer *r, rt_wave *wave, rt_mel *mel) {
  const smelt_manifest_hearing *h = r->hearing;
  r->is_long = wave->count > h->window;
  if (!r->is_long) {
    float *grown = realloc(wave->samples, (size_t)h->window * sizeof *grown);
    if (!grown) return rt_fail(r->model, SMELT_OUT_OF_MEMORY, "no memory for the sound");
    wave->samples = grown;
    memset(grown + wave->count, 0, (size_t)(h->window - wave->count) * sizeof *grown);
    wave->count = h->window;
  }
  if (!rt_mel_make(wave, h->fft_size, h->hop, h->bands, mel))
    return rt_fail(r->model, SMELT_OUT_OF_MEMORY, "no memory for the sound's features");
  r->values = mel->values;
  r->rows = h->bands;
  r->frames = mel->frames;
  r->window = h->window / h->hop;
  return SMELT_OK;
}

static void take_samples(hearer *r, const rt_wave *wave) {
  r->values = wave->samples;
  r->rows = 1;
  r->frames = wave->count;
  r->window = r->hearing->window;
  r->is_long = wave->count > r->window;
}

/* A tenth of a second: what convolutions need to make a row of. */
static int64_t least_samples(const hearer *r) {
  int64_t least = r->hearing->rate / 10;
  return least < r->window ? least : r->window;
}

/* The window's `frames` frames. Features are filled up with zeros to a whole window, samples to the least. */
static smelt_result encode(hearer *r, int64_t frames) {
  bool is_mel = r->hearing->fft_size != 0;
  int64_t width = is_mel ? r->window : frames > least_samples(r) ? frames : least_samples(r);
  for (int64_t row = 0; row < r->rows; row++) {
    float *to = r->input + row * width;
    memcpy(to, r->values + row * r->frames + r->seek, (size_t)frames * sizeof *to);
    memset(to + frames, 0, (size_t)(width - frames) * sizeof *to);
  }
  smelt_tensor input = {.dtype = SMELT_F32, .rank = 2, .dims = {1, width}, .data = r->input};
  if (is_mel)
    input = (smelt_tensor){.dtype = SMELT_F32, .rank = 3, .dims = {1, r->rows, width}, .data = r->input};
  r->model->inputs[0] = &input;
  smelt_result result = rt_run(r->model, r->session->generation->encode_entry, NULL);
  r->model->inputs[0] = NULL;
  return result;
}

/* ---- where the text begins ------------------------------------------------------------------ */

static bool is_among(const hearer *r, int32_t token) {
  bool is = false;
  for (int32_t i = 0; i < r->start_count; i++) is |= r->start[i] == token;
  return is;
}

static void append(hearer *r, int32_t token) {
  if (token != SMELT_NONE && r->start_count < MOST_START_TOKENS) r->start[r->start_count++] = token;
}

/* Of the model's languages the likeliest after the start token alone. */
static int32_t likeliest_language(const hearer *r) {
  const smelt_manifest_language *languages = rt_manifest_languages(&r->model->manifest);
  int32_t best = SMELT_NONE;
  for (uint32_t i = 0; i < r->hearing->language_count; i++) {
    int32_t token = languages[i].token;
    if (best == SMELT_NONE || r->session->logits[token] > r->session->logits[best]) best = token;
  }
  return best;
}

/* Tokens that the model is set to give way to any that are asked for. */
static void append_language(hearer *r) {
  const smelt_manifest_generation *g = r->session->generation;
  bool is_asked = r->options.language != SMELT_NONE || r->options.task != SMELT_NONE;
  int32_t forced_count = is_asked ? 0 : g->forced_token_count;
  bool is_forced = forced_count > 0 && g->forced_tokens[0] != SMELT_NONE;
  r->language = r->options.language;
  if (r->language == SMELT_NONE && !is_forced) r->language = likeliest_language(r);
  append(r, is_forced ? g->forced_tokens[0] : r->language);
  for (int32_t i = 1; i < forced_count; i++) append(r, g->forced_tokens[i]);
}

static void append_task(hearer *r) {
  const smelt_manifest_hearing *h = r->hearing;
  bool has_task = (h->transcribe_token != SMELT_NONE && is_among(r, h->transcribe_token)) ||
                  (h->translate_token != SMELT_NONE && is_among(r, h->translate_token));
  if (r->options.task != SMELT_NONE)
    append(r, r->options.task);
  else if (r->options.language != SMELT_NONE && !has_task)
    append(r, h->transcribe_token);
}

static void append_times(hearer *r) {
  int32_t none = r->hearing->no_timestamps_token;
  bool has_none = r->start_count > 0 && r->start[r->start_count - 1] == none && none != SMELT_NONE;
  if (r->times.writes_times && has_none) r->start_count--;
  if (!r->times.writes_times && !has_none) append(r, none);
}

static bool is_language(const hearer *r, int32_t token) {
  const smelt_manifest_language *languages = rt_manifest_languages(&r->model->manifest);
  bool is = false;
  for (uint32_t i = 0; i < r->hearing->language_count; i++) is |= languages[i].token == token;
  return is;
}

/* e^logits[token] / the sum of e^logits */
static double probability_of(const hearer *r, int32_t token) {
  const float *logits = r->session->logits;
  int32_t count = r->session->generation->vocab_size;
  float highest = logits[0];
  double sum = 0;
  for (int32_t i = 1; i < count; i++) highest = logits[i] > highest ? logits[i] : highest;
  for (int32_t i = 0; i < count; i++) sum += rt_exponential((double)logits[i] - highest);
  return rt_exponential((double)logits[token] - highest) / sum;
}

/* What was said before the window, as far as there is room for it, and the start token. */
static smelt_result read_start(hearer *r) {
  rt_session *s = r->session;
  smelt_result result = SMELT_OK;
  rt_session_keep(s, 0);
  if (r->before_count > 0) result = rt_session_read(s, &r->options.previous_token, 1);
  if (r->before_count > 0 && !result) result = rt_session_read(s, r->before, r->before_count);
  return result ? result : rt_session_read(s, &s->generation->decoder_start_token, 1);
}

/* The start token's logits say which language it is, and whether anybody speaks. */
static smelt_result begin_text(hearer *r) {
  rt_session *s = r->session;
  smelt_result result = read_start(r);
  if (result) return result;
  if (r->times.is_asked) r->no_speech = probability_of(r, r->hearing->no_timestamps_token - 1);
  if (r->seek == 0) {
    append_language(r);
    append_task(r);
    append_times(r);
    if (r->start_count > 0 && is_language(r, r->start[0])) r->language = r->start[0];
  }
  if (r->start_count > 0) result = rt_session_read(s, r->start, r->start_count);
  s->text_from = s->count;
  return result;
}

/* ---- a window's text ----------------------------------------------------------------------------- */

static bool take_token(void *user, int32_t token, const char *text, size_t bytes) {
  hearer *r = user;
  (void)text, (void)bytes;
  if (token != SMELT_NONE) r->tokens[r->count++] = token;
  return true;
}

/* *mean: the log-probability of a token of the text. */
static smelt_result write_by_beams(hearer *r, double *mean) {
  rt_found_list list;
  smelt_result result = rt_beam_search(r->session, &r->request, &list);
  if (list.count > 0) {
    r->count = list.items[0].count;
    memcpy(r->tokens, list.items[0].tokens, (size_t)r->count * sizeof *r->tokens);
    *mean = list.items[0].score;
  }
  rt_found_free(&list);
  return result;
}

static smelt_result write_window(hearer *r, double *mean) {
  r->count = 0;
  if (rt_beam_count(r->model, &r->request.options) > 1) return write_by_beams(r, mean);
  smelt_result result = rt_session_generate(r->session, &r->request);
  *mean = rt_times_mean(&r->times);
  return result == SMELT_TOO_LARGE && r->count > 0 ? SMELT_OK : result; /* all of the text there can be */
}

/* ---- pieces ---------------------------------------------------------------------------------------- */

static bool is_time(const hearer *r, int32_t i) {
  return i >= 0 && r->tokens[i] >= r->times.first_time;
}

/* Keeps the tokens for the windows behind, those before them as far as there is room. */
static void remember(hearer *r, const int32_t *tokens, int32_t count) {
  int32_t kept = r->most_before - count < r->before_count ? r->most_before - count : r->before_count;
  if (kept < 0) {
    tokens -= kept; /* the last ones */
    count += kept;
    kept = 0;
  }
  memmove(r->before, r->before + (r->before_count - kept), (size_t)kept * sizeof *r->before);
  memcpy(r->before + kept, tokens, (size_t)count * sizeof *r->before);
  r->before_count = kept + count;
}

static smelt_result tell(hearer *r, int32_t from, int32_t to, double start_s, double end_s) {
  rt_heard piece = {start_s, end_s, r->tokens + from, to - from};
  if (r->before) remember(r, piece.tokens, piece.count);
  if (r->callback(r->user, &piece)) return SMELT_OK;
  return rt_fail(r->model, SMELT_STOPPED, "stopped by the caller");
}

/* A time counts two frames. */
static int64_t frames_of(const hearer *r, int32_t i) {
  return 2 * (int64_t)(r->tokens[i] - r->times.first_time);
}

static double seconds_at(const hearer *r, int32_t i) {
  return (double)(r->seek + frames_of(r, i)) * r->frame_s;
}

/* All of the window's text as one piece, which ends at its last time, if it has one that is not 0. */
static smelt_result tell_whole(hearer *r, int64_t frames) {
  int32_t last = r->times.writes_times ? r->count - 1 : -1;
  while (last >= 0 && !is_time(r, last)) last--;
  bool has_end = last >= 0 && frames_of(r, last) > 0;
  return tell(r, 0, r->count, (double)r->seek * r->frame_s,
              has_end ? seconds_at(r, last) : (double)(r->seek + frames) * r->frame_s);
}

/* The second of the last two times in a row; 0: there are no such. */
static int32_t last_pair(const hearer *r) {
  int32_t i = r->times.writes_times ? r->count - 1 : 0;
  while (i > 0 && !(is_time(r, i) && is_time(r, i - 1))) i--;
  return i > 0 ? i : 0;
}

/*
 * Pieces end between two times in a row. What is behind the last pair is whole where the text ends with a
 * single time; else a long sound goes on from where the pair ends a piece, which then has both of its times,
 * and a short one has one piece more. *done: frames to go on.
 */
static smelt_result tell_pieces(hearer *r, int64_t frames, int64_t *done) {
  int32_t last = last_pair(r), from = 0;
  bool has_end = r->count >= 2 && is_time(r, r->count - 1) && !is_time(r, r->count - 2);
  bool goes_on = !has_end && r->is_long && last > 0 && frames_of(r, last - 1) > 0;
  smelt_result result = SMELT_OK;
  *done = goes_on ? frames_of(r, last - 1) : frames;
  if (last == 0) return tell_whole(r, frames);
  for (int32_t i = 1; i <= last && !result; i++) {
    if (!is_time(r, i) || !is_time(r, i - 1)) continue;
    int32_t to = goes_on && i == last ? i + 1 : i;
    result = tell(r, from, to, seconds_at(r, from), seconds_at(r, i - 1));
    from = i;
  }
  if (result || goes_on || from + 1 == r->count) return result;
  double end_s = has_end ? seconds_at(r, r->count - 1) : (double)(r->seek + frames) * r->frame_s;
  return tell(r, from, r->count, seconds_at(r, from), end_s);
}

static smelt_result hear_window(hearer *r, int64_t *done) {
  int64_t frames = r->frames - r->seek < r->window ? r->frames - r->seek : r->window;
  double mean = 0;
  *done = frames;
  smelt_result result = encode(r, frames);
  if (!result) result = begin_text(r);
  if (!result) result = write_window(r, &mean);
  if (result) return result;
  if (r->times.is_asked && r->no_speech > r->options.no_speech && mean < r->options.least_mean)
    return SMELT_OK;
  return tell_pieces(r, frames, done);
}

static smelt_result hear_windows(hearer *r) {
  smelt_result result = SMELT_OK;
  int64_t done;
  r->input = malloc((size_t)(r->rows * r->window) * sizeof *r->input);
  r->tokens = malloc(((size_t)r->model->max_tokens + 1) * sizeof *r->tokens);
  if (r->options.previous_token != SMELT_NONE && r->model->max_tokens > 3) {
    r->most_before = r->model->max_tokens / 2 - 1; /* as the reference has it */
    r->before = calloc((size_t)r->most_before + 1, sizeof *r->before);
    if (!r->before) return rt_fail(r->model, SMELT_OUT_OF_MEMORY, "no memory for the text");
  }
  if (!r->input || !r->tokens) return rt_fail(r->model, SMELT_OUT_OF_MEMORY, "no memory for the sound");
  for (; r->seek < r->frames && !result; r->seek += done > 0 ? done : r->window)
    result = hear_window(r, &done);
  return result;
}

smelt_result rt_hear(rt_session *session, rt_wave *wave, const rt_hear_options *options,
                     const rt_generation *request, rt_hear_callback *callback, void *user,
                     int32_t *language) {
  smelt_model *model = session->model;
  const smelt_manifest_hearing *h = model->manifest.hearing;
  hearer r = {.session = session,
              .model = model,
              .hearing = h,
              .options = *options,
              .request = *request,
              .callback = callback,
              .user = user,
              .frame_s = (double)h->hop / h->rate,
              .language = SMELT_NONE};
  rt_mel mel = {0};
  smelt_result result = rt_check_options(model, &request->options);
  if (!result && h->normalises) rt_wave_normalize(wave);
  if (!result && h->fft_size) result = make_features(&r, wave, &mel);
  if (!h->fft_size) take_samples(&r, wave);
  bool asks = is_known(options->no_speech) && is_known(options->least_mean) && h->no_timestamps_token > 0;
  rt_times_init(&r.times, model, options->tells_times || r.is_long, asks);
  if (r.times.writes_times || asks) r.request.constraint = &r.times.calls;
  r.request.on_token = take_token;
  r.request.user = &r;
  if (!result) result = hear_windows(&r);
  *language = r.language;
  free(r.input);
  free(r.tokens);
  free(r.before);
  free(mel.values);
  return result;
}
