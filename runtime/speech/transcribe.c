/* transcribe.c: the text of a sound file, as media.h offers it. */
#include "smelt/media.h"
#include "speech/speech.h"

#include <stdlib.h>

typedef struct {
  smelt_model *model;
  smelt_piece_callback *callback;
  void *user;
  bool has_memory;
} listener;

static bool on_piece(void *user, const rt_heard *heard) {
  listener *l = user;
  rt_heard_text text = {0};
  l->has_memory = rt_heard_decode(l->model, heard, &text);
  smelt_piece piece = {.start_s = heard->start_s,
                       .end_s = heard->end_s,
                       .text = text.bytes,
                       .bytes = text.count,
                       .is_apart = text.is_apart,
                       .ids = heard->tokens,
                       .count = heard->count};
  bool goes_on = l->has_memory && l->callback(l->user, &piece);
  free(text.bytes);
  return goes_on;
}

static smelt_result take_hearing(smelt_model *model, const smelt_hearing *hearing, rt_hear_options *options) {
  *options = rt_hear_defaults(model);
  if (!hearing) return SMELT_OK;
  options->tells_times |= hearing->tells_times;
  if (hearing->translates) options->task = model->manifest.hearing->translate_token;
  if (hearing->translates && options->task == SMELT_NONE)
    return rt_fail(model, SMELT_BAD_ARGUMENT, "the model has no choice of tasks");
  if (hearing->conditions) options->previous_token = rt_previous_token(model);
  if (hearing->conditions && options->previous_token == SMELT_NONE)
    return rt_fail(model, SMELT_BAD_ARGUMENT, "the model has no token <|startofprev|>");
  if (hearing->language) options->language = rt_language_named(model, hearing->language);
  if (hearing->language && options->language == SMELT_NONE)
    return rt_fail(model, SMELT_BAD_ARGUMENT, "the model hears no language '%s'", hearing->language);
  return SMELT_OK;
}

smelt_result smelt_transcribe(smelt_model *model, const void *file, size_t bytes,
                              const smelt_hearing *hearing, smelt_piece_callback *callback, void *user) {
  listener l = {.model = model, .callback = callback, .user = user, .has_memory = true};
  rt_generation request = {0};
  rt_hear_options options;
  rt_session session;
  rt_wave wave = {0};
  int32_t language;
  if (!model->manifest.hearing) return rt_fail(model, SMELT_BAD_ARGUMENT, "the model hears no sounds");
  bool is_set = hearing && hearing->generation;
  request.options = is_set ? *hearing->generation : smelt_generate_defaults(model);
  smelt_result result = take_hearing(model, hearing, &options);
  if (!result) result = rt_sound_read(model, file, bytes, &wave);
  if (!result) {
    result = rt_session_open(&session, model);
    if (!result) result = rt_hear(&session, &wave, &options, &request, on_piece, &l, &language);
    rt_session_close(&session);
  }
  free(wave.samples);
  return l.has_memory ? result : rt_fail(model, SMELT_OUT_OF_MEMORY, "no memory for the text");
}
