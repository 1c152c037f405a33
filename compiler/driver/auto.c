/* auto.c: measures what each weight loses in bytes, and keeps the worst in bf16 until the sample agrees. */
#include "driver/auto.h"
#include "driver/program.h"
#include "driver/sample.h"
#include "driver/units.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What must hold against f32 on the sample; a graph's random outputs have no tokens. */
static const double LEAST_EQUAL_SHARE = 0.99, MOST_RELATIVE_ERROR = 0.02;

typedef struct {
  size_t number;
  const char *name;
  double loss; /* of its linear's results, root mean square over theirs */
} weight;

typedef struct {
  arena *a;
  driver_options options; /* of the candidates */
  progress progress;
  sample sample;
  sample_reading readings[SAMPLE_MOST_READINGS]; /* an encoder's, if there is one, and the first entry's */
  size_t reading_count;
  int32_t start;   /* what a decoder behind an encoder reads first */
  weight *weights; /* the worst first */
  size_t weight_count;
  sample_result wanted; /* in f32 */
  agreement sums;       /* of the last candidate */
  bool reports;
} search;

static int by_loss(const void *x, const void *y) {
  double p = ((const weight *)x)->loss, q = ((const weight *)y)->loss;
  return p > q ? -1 : p < q;
}

static void add_reading(search *s, const plan_entry *entry) {
  s->readings[s->reading_count++] =
      (sample_reading){.entry = arena_text(s->a, entry->graph->name),
                       .input = arena_text(s->a, entry->input_count ? entry->inputs[0].name : "")};
}

/* The names of the weights, and the sample, from the graphs as int8 would have them. */
static status look(search *s, compilation *c) {
  TRY(compile_begin(c, &s->options));
  TRY(sample_take(s->a, c, s->options.report_text, &s->sample));
  add_reading(s, &c->plan->entries[0]);
  if (s->sample.kind == SAMPLE_ANSWERS) add_reading(s, &c->plan->entries[1]); /* behind the encoder */
  s->start = c->generation.decoder_start_token;
  s->weight_count = c->module->weight_count;
  s->weights = ARENA_ARRAY(s->a, weight, s->weight_count + 1);
  for (size_t i = 0; i < s->weight_count; i++)
    s->weights[i] = (weight){i, arena_text(s->a, c->module->weight_names[i]), 0};
  return OK;
}

/* What the last reading's entry loses onto the sums from *first on, which then goes behind them. */
static status add_losses(search *s, int program, const sample_reading *readings, size_t count, double *sums,
                         size_t *first) {
  sample_piece losses = {0};
  status failed = sample_losses(s->a, &s->sample, program, readings, count, &losses);
  for (int64_t i = 0; !failed && i < losses.columns && *first < 2 * s->weight_count; i++)
    sums[(*first)++] += losses.rows[i];
  sample_drop(&(sample_result){.pieces = &losses, .count = 1});
  return failed;
}

/* One text: what the decoder reads of it are the tokens of the answer in f32. Its weights come first. */
static status measure_line(search *s, size_t line, int program, double *sums) {
  sample_reading readings[SAMPLE_MOST_READINGS], *last = &readings[s->reading_count - 1];
  bool has_encoder = s->sample.kind == SAMPLE_ANSWERS;
  sample_piece ids = {0};
  size_t first = 0;
  memcpy(readings, s->readings, sizeof readings);
  if (s->sample.kind != SAMPLE_ARRAYS) {
    TRY(sample_ids(s->a, &s->sample, line, program, &ids));
    readings[0].ids = ids.ids;
    readings[0].count = ids.id_count;
    if (ids.id_count == 0) return OK; /* nothing is read */
  }
  if (has_encoder) {
    const sample_piece *answer = &s->wanted.pieces[line];
    int32_t *read = ARENA_ARRAY(s->a, int32_t, (size_t)answer->id_count + 1);
    read[0] = s->start;
    for (int64_t i = 0; i < answer->id_count; i++) read[1 + i] = answer->ids[i];
    last->ids = read;
    last->count = answer->id_count > 1 ? answer->id_count : 1; /* nothing comes after the last */
  }
  TRY(add_losses(s, program, readings, s->reading_count, sums, &first));
  return has_encoder ? add_losses(s, program, readings, 1, sums, &first) : OK;
}

static status measure(search *s) {
  driver_options wide = s->options;
  wide.precision = "f32";
  wide.kv = NULL;
  int program;
  progress_show(&s->progress, "auto: building in f32", 0, 0);
  TRY(program_build(s->a, &wide, &program));
  status failed = sample_tokenise(s->a, &s->sample, program);
  if (!failed) failed = sample_run(s->a, &s->sample, program, &s->wanted);
  close(program);
  TRY(failed);
  if (!s->weight_count) return OK;
  wide.measures_losses = true;
  progress_show(&s->progress, "auto: measuring", 0, 0);
  TRY(program_build(s->a, &wide, &program));
  size_t lines = s->sample.kind == SAMPLE_ARRAYS ? 1 : s->sample.words.count;
  double *sums = ARENA_ARRAY(s->a, double, 2 * s->weight_count);
  for (size_t i = 0; !failed && i < lines; i++) failed = measure_line(s, i, program, sums);
  close(program);
  for (size_t i = 0; !failed && i < s->weight_count; i++)
    s->weights[i].loss = sums[2 * i + 1] > 0 ? sqrt(sums[2 * i] / sums[2 * i + 1]) : 0;
  qsort(s->weights, s->weight_count, sizeof *s->weights, by_loss);
  return failed;
}

/* Whether the sample agrees with the worst `kept_count` weights in bf16. */
static status try(search *s, size_t kept_count, bool *agrees) {
  bool *kept = ARENA_ARRAY(s->a, bool, s->weight_count + 1);
  for (size_t i = 0; i < kept_count; i++) kept[s->weights[i].number] = true;
  s->options.kept = kept;
  s->options.kept_count = s->weight_count;
  progress_show(&s->progress, "auto: trying", kept_count, s->weight_count);
  int program;
  TRY(program_build(s->a, &s->options, &program));
  sample_result found;
  status failed = sample_run(s->a, &s->sample, program, &found);
  if (!failed) failed = sample_compare(s->a, &s->sample, &s->wanted, &found, &s->sums);
  sample_drop(&found);
  close(program);
  *agrees = agreement_relative_error(&s->sums) <= MOST_RELATIVE_ERROR &&
            (s->sample.kind == SAMPLE_ARRAYS || agreement_equal_share(&s->sums) >= LEAST_EQUAL_SHARE);
  return failed;
}

static void print(const search *s, size_t kept_count, bool agrees) {
  printf("auto: %zu of %zu weights stay in bf16, the others are int8; on %s: equal %s, error %.3g %%%s\n",
         kept_count, s->weight_count, s->sample.source,
         units_share(s->a, (double)s->sums.equal_count, (double)s->sums.row_count),
         100 * agreement_relative_error(&s->sums), agrees ? "" : "; the goal (99 %, 2 %) is not reached");
  for (size_t i = 0; i < kept_count; i++)
    printf("  bf16  loses %.2g %%  %s\n", 100 * s->weights[i].loss, s->weights[i].name);
}

static status choose(search *s) {
  bool agrees = false;
  size_t kept_count = 0;
  TRY(measure(s));
  TRY(try(s, 0, &agrees));
  for (size_t parts = 16; !agrees && parts >= 1 && kept_count < s->weight_count; parts /= 2) {
    kept_count = (s->weight_count + parts - 1) / parts;
    TRY(try(s, kept_count, &agrees));
    if (parts == 1) break;
  }
  progress_end(&s->progress);
  if (s->reports) print(s, kept_count, agrees);
  return OK;
}

status auto_choose(arena *a, const driver_options *options, driver_options *chosen) {
  search s = {.a = a,
              .options = program_silent(options),
              .progress = progress_begin(options->quiet),
              .reports = options->reports};
  s.options.precision = "int8";
  compilation c;
  status failed = fail_keep(a, look(&s, &c));
  compile_end(&c);
  if (!failed) failed = choose(&s);
  progress_end(&s.progress);
  sample_drop(&s.wanted);
  sample_end(&s.sample);
  *chosen = *options;
  chosen->precision = "int8";
  chosen->kept = s.options.kept;
  chosen->kept_count = s.options.kept_count;
  return failed;
}
