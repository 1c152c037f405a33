/*
 * bench.c: smelt bench: what a compiled program does in a second on this
 * machine, next to what the machine allows. One process stays loaded and is
 * asked for each figure in turn, again and again; the median counts. The limit
 * is the time of every step at the machine's peak or bandwidth, as in the
 * program's --profile.
 */
#define _POSIX_C_SOURCE 200809L
#include "driver/bench.h"
#include "driver/commands.h"
#include "driver/diagnostics.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* ---- which figures ---- */

/* A row per kind of work; `sizes` ends with 0. */
static const struct {
  const char *kinds[2], *word, *format, *last;
  bool counts_tokens, is_generation;
  int sizes[5];
} work_rows[] = {
    {{"decoder"}, "prompt", "prompt of %d", "60", true, false, {16, 128, 512, 2048}},
    {{"decoder", "encoder-decoder"}, "generate", "generate at %d", "16", true, true, {16, 512, 2048}},
    {{"encoder-decoder"}, "encode", "encode %d", "60", false, false, {16, 128, 512}},
    {{"graph"}, "run", "run at %d", "60", false, false, {16, 128, 512}},
};

enum { GENERATED_TOKENS = 16 };

static int64_t fact(const bench_results *r, const char *name) {
  return json_integer_value(json_object_get(r->facts, name));
}

/* The longest that may be asked for; 0: sizes do not matter. */
static int64_t largest_size(const bench_results *r, bool is_generation, bool is_encoder_decoder) {
  const char *kind = json_string_value(json_object_get(r->facts, "kind"));
  if (kind && !strcmp(kind, "graph")) return INT32_MAX;
  if (is_encoder_decoder) return fact(r, "max_encoder_tokens");
  return fact(r, "max_tokens") - (is_generation ? GENERATED_TOKENS : 0);
}

static void choose_figures(arena *a, bench_results *r) {
  const char *kind = json_string_value(json_object_get(r->facts, "kind"));
  bool is_pair = kind && !strcmp(kind, "encoder-decoder");
  for (size_t i = 0; kind && i < sizeof work_rows / sizeof *work_rows; i++) {
    bool fits = false;
    for (int k = 0; k < 2 && work_rows[i].kinds[k]; k++) fits |= !strcmp(work_rows[i].kinds[k], kind);
    for (int k = 0; fits && work_rows[i].sizes[k]; k++) {
      int size = work_rows[i].sizes[k];
      if (size > largest_size(r, work_rows[i].is_generation, is_pair)) break;
      bench_figure f = {.name = arena_format(a, work_rows[i].format, size),
                        .command = arena_format(a, "%s %d", work_rows[i].word, size),
                        .last = work_rows[i].last};
      if (work_rows[i].counts_tokens) f.tokens = work_rows[i].is_generation ? 1 : size;
      ARENA_PUSH(a, r->figures, r->figure_count, r->figure_capacity) = f;
    }
  }
}

/* ---- measuring ---- */

static double now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static status ask_number(arena *a, bench_program *p, const char *line, const char *field, double *number) {
  json_t *answer;
  TRY(bench_ask(a, p, line, &answer));
  *number = json_number_value(json_object_get(answer, field));
  json_decref(answer);
  return OK;
}

/* A process of its own, from its start to its first logits: files are in the page cache by then. */
static status measure_start(arena *a, const driver_options *options, bench_results *r) {
  bench_program p;
  double unused;
  const char *line =
      strcmp(json_string_value(json_object_get(r->facts, "kind")), "graph") ? "prompt 4 0" : "run 4 0";
  double start_ns = now_ns();
  TRY(bench_start(a, options, &p));
  status s = ask_number(a, &p, line, "ns", &unused);
  r->first_ns = now_ns() - start_ns;
  if (!s) s = ask_number(a, &p, "memory", "bytes", &r->memory_bytes);
  bench_end(&p);
  return s;
}

static void sum_limits(bench_figure *f) {
  size_t i, k;
  json_t *entry, *step;
  double work_count = strncmp(f->command, "generate", 8) ? 1 : GENERATED_TOKENS;
  json_array_foreach(json_object_get(f->profile, "entries"), i, entry)
      json_array_foreach(json_object_get(entry, "steps"), k, step)
          f->least_ns += json_number_value(json_object_get(step, "least_ns")) / work_count;
}

static int by_size(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

static status measure(arena *a, const driver_options *options, bench_program *p, bench_results *r) {
  progress bar = progress_begin(options->quiet);
  size_t total = (size_t)(r->repeats + 1) * r->figure_count, done = 0;
  status s = OK;
  for (int turn = -1; turn < r->repeats && !s; turn++) { /* the first one warms up, and is the profile */
    for (size_t i = 0; i < r->figure_count && !s; i++) {
      bench_figure *f = &r->figures[i];
      progress_show(&bar, f->name, done++, total);
      const char *line = arena_format(a, "%s %s", f->command, f->last);
      if (turn >= 0) s = ask_number(a, p, line, "ns", &f->samples_ns[turn]);
      if (turn < 0) s = bench_ask(a, p, arena_format(a, "profile %s", line), &f->profile);
    }
  }
  progress_end(&bar);
  for (size_t i = 0; i < r->figure_count && !s; i++) {
    bench_figure *f = &r->figures[i];
    qsort(f->samples_ns, (size_t)r->repeats, sizeof *f->samples_ns, by_size);
    f->median_ns = f->samples_ns[r->repeats / 2];
    sum_limits(f);
  }
  return s;
}

static status bench(arena *a, const driver_options *options, bench_results *r) {
  struct stat file;
  bench_program p;
  TRY(bench_start(a, options, &p));
  r->program_bytes = stat(options->path, &file) ? 0 : (double)file.st_size;
  status s = bench_ask(a, &p, "facts", &r->facts);
  if (!s) choose_figures(a, r);
  if (!s) s = measure(a, options, &p, r);
  bench_end(&p);
  return s ? s : measure_start(a, options, r);
}

int command_bench(arena *a, const driver_options *options) {
  bench_results r = {.path = options->path, .repeats = (int)options->repeats};
  status s = OK;
  if (options->repeats > BENCH_MOST_SAMPLES)
    s = fail(a, STATUS_USAGE, "--repeats: expected at most %d", BENCH_MOST_SAMPLES);
  if (!s) s = bench(a, options, &r);
  if (!s) options->json ? bench_print_json(&r) : bench_print(&r);
  if (!s && options->page) s = bench_write_page(a, &r, options->page);
  if (s) print_failure(s);
  for (size_t i = 0; i < r.figure_count; i++) json_decref(r.figures[i].profile);
  json_decref(r.facts);
  return s ? (int)s->code : STATUS_OK;
}
