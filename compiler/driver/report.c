/* report.c: the program and one in f32, run on the same sample. */
#define _POSIX_C_SOURCE 200809L
#include "driver/report.h"
#include "driver/program.h"
#include "driver/sample.h"
#include "driver/units.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The two programs and what each made of the sample. */
typedef struct {
  int wide, narrow; /* files; -1: not open */
  sample sample;
  sample_result wanted, found;
} comparison;

static status open_narrow(arena *a, const driver_options *options, const char *program, comparison *p) {
  if (!program) return program_build(a, options, &p->narrow);
  p->narrow = open(program, O_RDONLY | O_CLOEXEC);
  if (p->narrow >= 0) return OK;
  return fail_file(a, fail(a, STATUS_INPUT, "cannot be opened: %s", strerror(errno)), program);
}

static status run_both(arena *a, compilation *c, const char *program, comparison *p, agreement *sums) {
  driver_options here = program_silent(c->options), wide = here;
  wide.precision = "f32";
  wide.kv = NULL;
  TRY(sample_take(a, c, here.report_text, &p->sample));
  progress_show(&c->progress, "report: building in f32", 0, 0);
  TRY(program_build(a, &wide, &p->wide));
  TRY(open_narrow(a, &here, program, p));
  progress_show(&c->progress, "report: running f32", 0, 0);
  TRY(sample_tokenise(a, &p->sample, p->wide));
  TRY(sample_run(a, &p->sample, p->wide, &p->wanted));
  progress_show(&c->progress, "report: running", 0, 0);
  TRY(sample_run(a, &p->sample, p->narrow, &p->found));
  return sample_compare(a, &p->sample, &p->wanted, &p->found, sums);
}

static void drop(comparison *p) {
  sample_drop(&p->wanted);
  sample_drop(&p->found);
  sample_end(&p->sample);
  if (p->wide >= 0) close(p->wide);
  if (p->narrow >= 0) close(p->narrow);
}

static const char *file_size(arena *a, int file) {
  struct stat info;
  return fstat(file, &info) ? "unknown" : units_scaled(a, (double)info.st_size, "B");
}

static void print(arena *a, const compilation *c, const comparison *p, const agreement *s, bool is_built) {
  const char *precision = c->module->kept ? "auto" : ir_precision_name(c->module->precision);
  bool is_arrays = p->sample.kind == SAMPLE_ARRAYS;
  const char *rows = is_arrays ? "rows" : "tokens", *error = is_arrays ? "output error" : "logit error";
  bool is_kept = c->module->cache_dtype != SMELT_F32;
  const char *kept = is_kept ? arena_format(a, ", keys and values in %s,", c->options->kv) : "";
  printf("%s%s against f32 on %s %s of %s, %s\n", precision, kept, units_grouped(a, s->row_count), rows,
         p->sample.source, is_built ? "by this program" : "by code for this machine");
  printf("  %-16s%s, in f32 %s\n", "program", file_size(a, p->narrow), file_size(a, p->wide));
  printf("  %-16smax %.3g, mean %.3g; root mean square %.3g %% of the spread\n", error, s->max_error,
         agreement_mean_error(s), 100 * agreement_relative_error(s));
  printf("  %-16s%s of %s, %s\n", is_arrays ? "same largest" : "equal tokens",
         units_grouped(a, s->equal_count), units_grouped(a, s->row_count),
         units_share(a, (double)s->equal_count, (double)s->row_count));
  if (is_arrays) return;
  printf("  %-16s%.3g nats per token\n", "divergence", agreement_divergence(s));
  if (s->scored_count) {
    double count = (double)s->scored_count;
    printf("  %-16s%.4g, in f32 %.4g\n", "perplexity", exp(s->found_loss / count),
           exp(s->wanted_loss / count));
  }
}

status report_precision(arena *a, compilation *c, const char *program) {
  comparison p = {.wide = -1, .narrow = -1};
  agreement sums;
  status s = run_both(a, c, program, &p, &sums);
  progress_end(&c->progress);
  if (!s) print(a, c, &p, &sums, program != NULL);
  drop(&p);
  return s;
}
