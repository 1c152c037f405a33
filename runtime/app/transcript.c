/* transcript.c: text, lines with times, subtitles or JSON of what was heard; one row a form. */
#include "app/transcript.h"

#include <stdlib.h>
#include <string.h>

struct transcript_form {
  const char *option; /* what asks for it */
  bool tells_times, is_kept;
  void (*begin)(transcript *t);
  void (*piece)(transcript *t, const transcript_piece *p);
  void (*end)(transcript *t);
};

/* ---- times ------------------------------------------------------------------------------ */

static void write_digits(app_output *out, int64_t value, int digits) {
  for (int64_t limit = 10; digits > 1; digits--, limit *= 10)
    if (value < limit) app_write_text(out, "0");
  app_write_integer(out, value);
}

/* "01:02.500"; hours before it from an hour on, or always. */
static void write_time(app_output *out, double seconds, const char *point, bool has_hours) {
  int64_t thousandths = (int64_t)(seconds * 1000 + 0.5), hours = thousandths / 3600000;
  if (hours > 0 || has_hours) {
    write_digits(out, hours, 2);
    app_write_text(out, ":");
  }
  write_digits(out, thousandths / 60000 % 60, 2);
  app_write_text(out, ":");
  write_digits(out, thousandths / 1000 % 60, 2);
  app_write_text(out, point);
  write_digits(out, thousandths % 1000, 3);
}

static void write_span(app_output *out, const transcript_piece *p, const char *point, bool has_hours) {
  write_time(out, p->start_s, point, has_hours);
  app_write_text(out, " --> ");
  write_time(out, p->end_s, point, has_hours);
}

/* ---- forms for people ----------------------------------------------------------------------- */

static void begin_nothing(transcript *t) {
  (void)t;
}

static void write_text_piece(transcript *t, const transcript_piece *p) {
  if (t->piece_count > 0 && p->text.is_apart) app_write_text(t->out, " ");
  app_write(t->out, p->text.bytes, p->text.count);
}

static void end_line(transcript *t) {
  app_write_text(t->out, "\n");
}

static void write_ids_piece(transcript *t, const transcript_piece *p) {
  for (int32_t i = 0; i < p->count; i++) {
    if (t->piece_count > 0 || i > 0) app_write_text(t->out, " ");
    app_write_integer(t->out, p->ids[i]);
  }
}

static void begin_lines(transcript *t) {
  if (!t->is_one_of_many) return;
  app_write_text(t->out, t->file);
  app_write_text(t->out, "\n");
}

static void write_line_piece(transcript *t, const transcript_piece *p) {
  if (p->text.count == 0) return;
  app_write_text(t->out, "[");
  write_span(t->out, p, ".", false);
  app_write_text(t->out, "] ");
  app_write(t->out, p->text.bytes, p->text.count);
  app_write_text(t->out, "\n");
}

/* Whether a hyphen has more behind it, up to a '>': an arrow, as those between times. */
static bool is_in_arrow(const rt_heard_text *text, size_t i) {
  size_t end = i;
  while (end < text->count && text->bytes[end] == '-') end++;
  return end >= i + 2 && end < text->count && text->bytes[end] == '>';
}

/* The text of a subtitle: one line. WebVTT has marks in it; of SubRip's nothing is marked, and arrows become
 * "->". */
static void write_cue(app_output *out, const rt_heard_text *text, bool has_marks) {
  for (size_t i = 0; i < text->count; i++) {
    const char *byte = &text->bytes[i];
    if (!has_marks && is_in_arrow(text, i)) continue;
    const char *mark = *byte == '&' ? "&amp;" : *byte == '<' ? "&lt;" : *byte == '>' ? "&gt;" : NULL;
    if (has_marks && mark)
      app_write_text(out, mark);
    else
      app_write(out, *byte == '\n' || *byte == '\r' ? " " : byte, 1);
  }
  app_write_text(out, "\n\n");
}

static void write_srt_piece(transcript *t, const transcript_piece *p) {
  if (p->text.count == 0) return;
  app_write_integer(t->out, t->piece_count + 1);
  app_write_text(t->out, "\n");
  write_span(t->out, p, ",", true);
  app_write_text(t->out, "\n");
  write_cue(t->out, &p->text, false);
}

static void begin_vtt(transcript *t) {
  app_write_text(t->out, "WEBVTT\n\n");
}

static void write_vtt_piece(transcript *t, const transcript_piece *p) {
  if (p->text.count == 0) return;
  write_span(t->out, p, ".", false);
  app_write_text(t->out, "\n");
  write_cue(t->out, &p->text, true);
}

/* ---- JSON --------------------------------------------------------------------------------------- */

static void write_json_piece(transcript *t, const transcript_piece *p) {
  app_write_text(t->out, "{\"start\":");
  app_write_decimal(t->out, p->start_s, 3);
  app_write_text(t->out, ",\"end\":");
  app_write_decimal(t->out, p->end_s, 3);
  app_write_text(t->out, ",\"text\":");
  app_write_json_bytes(t->out, p->text.bytes, p->text.count);
  app_write_text(t->out, ",\"ids\":[");
  for (int32_t i = 0; i < p->count; i++) {
    if (i > 0) app_write_text(t->out, ",");
    app_write_integer(t->out, p->ids[i]);
  }
  app_write_text(t->out, "]}");
}

static void write_language(transcript *t) {
  const smelt_manifest_language *languages = rt_manifest_languages(&t->model->manifest);
  for (uint32_t i = 0; i < t->model->manifest.hearing->language_count; i++) {
    if (languages[i].token != t->language) continue;
    app_write_text(t->out, ",\"language\":");
    app_write_json_text(t->out, rt_manifest_text(&t->model->manifest, languages[i].code));
    return;
  }
}

/* The pieces' text as one. */
static void write_json_whole(transcript *t) {
  size_t bytes = 0;
  for (int32_t i = 0; i < t->kept_count; i++) bytes += t->kept[i].text.count + 1;
  char *whole = malloc(bytes + 1), *at = whole;
  for (int32_t i = 0; i < t->kept_count && whole; i++) {
    if (at > whole && t->kept[i].text.is_apart) *at++ = ' ';
    memcpy(at, t->kept[i].text.bytes, t->kept[i].text.count);
    at += t->kept[i].text.count;
  }
  app_write_json_bytes(t->out, whole ? whole : "", whole ? (size_t)(at - whole) : 0);
  free(whole);
}

static void end_json(transcript *t) {
  app_write_text(t->out, "{\"file\":");
  app_write_json_text(t->out, t->file);
  app_write_text(t->out, ",\"seconds\":");
  app_write_decimal(t->out, t->seconds, 3);
  write_language(t);
  app_write_text(t->out, ",\"text\":");
  write_json_whole(t);
  app_write_text(t->out, ",\"segments\":[");
  for (int32_t i = 0; i < t->kept_count; i++) {
    if (i > 0) app_write_text(t->out, ",");
    write_json_piece(t, &t->kept[i]);
  }
  app_write_text(t->out, "]}\n");
}

/* ---- the table -------------------------------------------------------------------------------------- */

static void keep_open(transcript *t) {
  (void)t;
}

enum { FORM_TEXT, FORM_LINES, FORM_JSON, FORM_SRT, FORM_VTT, FORM_IDS, FORMS };
static const transcript_form forms[FORMS] = {
    [FORM_TEXT] = {NULL, false, false, begin_nothing, write_text_piece, end_line},
    [FORM_LINES] = {"--timestamps", true, false, begin_lines, write_line_piece, keep_open},
    [FORM_JSON] = {"--json", true, true, begin_nothing, NULL, end_json},
    [FORM_SRT] = {"--srt", true, false, begin_nothing, write_srt_piece, keep_open},
    [FORM_VTT] = {"--vtt", true, false, begin_vtt, write_vtt_piece, keep_open},
    [FORM_IDS] = {"--ids", false, false, begin_nothing, write_ids_piece, end_line},
};

/* --ids goes with --timestamps: then times are among the ids. */
const transcript_form *transcript_choose_form(const app_options *options) {
  const bool wanted[FORMS] = {[FORM_JSON] = options->json,
                              [FORM_SRT] = options->as_srt,
                              [FORM_VTT] = options->as_vtt,
                              [FORM_IDS] = options->ids};
  const transcript_form *chosen = NULL;
  for (int i = 0; i < FORMS; i++) {
    if (!wanted[i]) continue;
    if (chosen) {
      app_fail(APP_USAGE, "%s: %s and %s exclude each other", options->program, chosen->option,
               forms[i].option);
      return NULL;
    }
    chosen = &forms[i];
  }
  if ((chosen == &forms[FORM_SRT] || chosen == &forms[FORM_VTT]) && options->word_count > 1) {
    app_fail(APP_USAGE, "%s: %s is for one sound, not for %d", options->program, chosen->option,
             (int)options->word_count);
    return NULL;
  }
  return chosen ? chosen : &forms[options->tells_times ? FORM_LINES : FORM_TEXT];
}

bool transcript_tells_times(const transcript_form *form) {
  return form->tells_times;
}

/* ---- pieces -------------------------------------------------------------------------------------------- */

static void free_piece(transcript_piece *p) {
  free(p->text.bytes);
  free(p->ids);
}

static bool keep(transcript *t, transcript_piece *p) {
  if (t->kept_count == t->kept_capacity) {
    int32_t capacity = 2 * t->kept_capacity + 8;
    transcript_piece *grown = realloc(t->kept, (size_t)capacity * sizeof *grown);
    if (!grown) return false;
    t->kept = grown;
    t->kept_capacity = capacity;
  }
  t->kept[t->kept_count++] = *p;
  *p = (transcript_piece){0};
  return true;
}

void transcript_begin(transcript *t) {
  t->form->begin(t);
}

bool transcript_add(transcript *t, const rt_heard *heard) {
  transcript_piece p = {.start_s = heard->start_s, .end_s = heard->end_s, .count = heard->count};
  p.ids = malloc(((size_t)heard->count + 1) * sizeof *p.ids);
  bool ok = p.ids && rt_heard_decode(t->model, heard, &p.text);
  if (ok) memcpy(p.ids, heard->tokens, (size_t)heard->count * sizeof *p.ids);
  bool has_text = p.text.count > 0 || (t->form == &forms[FORM_IDS] && p.count > 0);
  if (ok && t->form->is_kept)
    ok = keep(t, &p);
  else if (ok)
    t->form->piece(t, &p);
  t->piece_count += has_text;
  free_piece(&p);
  return ok && (t->form->is_kept || app_flush(t->out));
}

void transcript_end(transcript *t) {
  t->form->end(t);
}

void transcript_fail(transcript *t, const char *why) {
  if (!t->form->is_kept) {
    t->form->end(t);
    return;
  }
  app_write_text(t->out, "{\"file\":");
  app_write_json_text(t->out, t->file);
  app_write_text(t->out, ",\"error\":");
  app_write_json_text(t->out, why);
  app_write_text(t->out, "}\n");
}

void transcript_free(transcript *t) {
  for (int32_t i = 0; i < t->kept_count; i++) free_piece(&t->kept[i]);
  free(t->kept);
}
