/*
 * profile_report.c: where the time went: one table per entry that ran, steps of
 * equal labels together (equal layers), the most time first; or all of it as
 * JSON, step by step, for `smelt bench` and other programs.
 */
#include "app/app.h"
#include "core/limits.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Steps of one label, summed over calls. */
typedef struct {
  const char *label;
  smelt_dtype dtype;
  int64_t calls;
  double work_ns, wait_ns; /* mean over the threads: work + wait of all rows is about the wall time */
  double flops, bytes;
} profile_row;

typedef struct report {
  const rt_manifest *manifest;
  const rt_profile *profile;
  rt_limits limits;
  bool is_draft;
  const struct report *draft; /* of the model that guessed for this one; NULL: none did */
} report;

/* ---- numbers ------------------------------------------------------------------------- */

static profile_row step_row(const report *r, uint32_t entry, uint32_t step) {
  const smelt_manifest_entry *described = &r->manifest->entries[entry];
  const smelt_manifest_step *s = &rt_manifest_steps(r->manifest, described)[step];
  const rt_step_time *first = &r->profile->entries[entry].steps[step];
  profile_row row = {.label = rt_manifest_text(r->manifest, s->label),
                     .dtype = (smelt_dtype)s->dtype,
                     .calls = first->calls,
                     .flops = first->flops,
                     .bytes = first->bytes};
  for (int32_t thread = 0; thread < r->profile->thread_count; thread++) {
    const rt_step_time *time = &first[(size_t)thread * described->step_count];
    row.work_ns += (double)time->work_ns / r->profile->thread_count;
    row.wait_ns += (double)time->wait_ns / r->profile->thread_count;
  }
  return row;
}

static double row_ns(const profile_row *row) {
  return row->work_ns + row->wait_ns;
}

static double arithmetic_ns(const report *r, const profile_row *row) {
  double rate = row->dtype == SMELT_I8     ? r->limits.i8_flops
                : row->dtype == SMELT_BF16 ? r->limits.bf16_flops
                                           : r->limits.f32_flops;
  return rate > 0 ? row->flops / rate * 1e9 : 0;
}

static double memory_ns(const report *r, const profile_row *row) {
  return r->limits.read_bytes > 0 ? row->bytes / r->limits.read_bytes * 1e9 : 0;
}

static double least_ns(const report *r, const profile_row *row) {
  double arithmetic = arithmetic_ns(r, row), memory = memory_ns(r, row);
  return arithmetic > memory ? arithmetic : memory;
}

static int by_time(const void *a, const void *b) {
  double x = row_ns(a), y = row_ns(b);
  return x < y ? 1 : x > y ? -1 : 0;
}

static void add_row(profile_row *rows, uint32_t *count, const profile_row *row) {
  uint32_t i = 0;
  while (i < *count && strcmp(rows[i].label, row->label) != 0) i++;
  if (i == *count) {
    rows[(*count)++] = *row;
    return;
  }
  rows[i].calls += row->calls;
  rows[i].work_ns += row->work_ns;
  rows[i].wait_ns += row->wait_ns;
  rows[i].flops += row->flops;
  rows[i].bytes += row->bytes;
}

/* Rows of the steps that ran, [*count]; the caller's to free. NULL: out of memory. */
static profile_row *merged_rows(const report *r, uint32_t entry, uint32_t *count) {
  uint32_t step_count = r->manifest->entries[entry].step_count;
  profile_row *rows = calloc(step_count + 1u, sizeof *rows);
  *count = 0;
  for (uint32_t i = 0; i < step_count && rows; i++) {
    profile_row row = step_row(r, entry, i);
    if (row.calls > 0) add_row(rows, count, &row);
  }
  if (rows) qsort(rows, *count, sizeof *rows, by_time);
  return rows;
}

/* ---- text ------------------------------------------------------------------------------ */

enum { LABEL_COLUMNS = 40 };

static void write_spaces(app_output *out, size_t count) {
  while (count-- > 0) app_write_text(out, " ");
}

/* `value` with one digit after the point, right-aligned. */
static void write_cell(app_output *out, double value, int columns, int digits, const char *unit) {
  app_output cell = app_output_on(-1);
  app_write_decimal(&cell, value, digits);
  app_write_text(&cell, unit);
  write_spaces(out, cell.count < (size_t)columns ? (size_t)columns - cell.count : 1);
  app_write(out, cell.buffer, cell.count);
}

static double share(double part, double whole) {
  return whole > 0 ? 100 * part / whole : 0;
}

static void write_row(app_output *out, const report *r, const profile_row *row, double all_ns) {
  double ns = row_ns(row), arithmetic = arithmetic_ns(r, row), memory = memory_ns(r, row);
  size_t used = strlen(row->label);
  app_write_text(out, "  ");
  app_write(out, row->label, used);
  write_spaces(out, used < LABEL_COLUMNS ? LABEL_COLUMNS - used : 1);
  write_cell(out, (double)row->calls, 7, 0, "");
  write_cell(out, ns * 1e-6, 11, 2, "");
  write_cell(out, share(ns, all_ns), 8, 1, " %");
  write_cell(out, ns > 0 ? row->flops / ns : 0, 9, 1, "");
  write_cell(out, ns > 0 ? row->bytes / ns : 0, 8, 1, "");
  write_cell(out, share(least_ns(r, row), ns), 8, 0, " %");
  write_cell(out, share(row->wait_ns, ns), 7, 0, " %");
  app_write_text(out, arithmetic + memory <= 0 ? "" : arithmetic > memory ? "  arithmetic" : "  memory");
  app_write_text(out, "\n");
}

static void write_heading(app_output *out, const report *r, uint32_t entry) {
  const rt_entry_time *times = &r->profile->entries[entry];
  double wall_s = (double)times->wall_ns * 1e-9;
  app_write_text(out, r->is_draft ? "\ndraft's " : "\n");
  app_write_text(out, rt_manifest_text(r->manifest, r->manifest->entries[entry].name));
  app_write_text(out, ": ");
  app_write_integer(out, times->calls);
  app_write_text(out, times->calls == 1 ? " call, " : " calls, ");
  app_write_decimal(out, wall_s * 1e3, 2);
  app_write_text(out, " ms");
  if (times->tokens > 0) {
    app_write_text(out, ", ");
    app_write_integer(out, times->tokens);
    app_write_text(out, " tokens, ");
    app_write_decimal(out, wall_s > 0 ? (double)times->tokens / wall_s : 0, 1);
    app_write_text(out, " tokens/s");
  }
  app_write_text(out, "\n  step");
  write_spaces(out, LABEL_COLUMNS - 4);
  app_write_text(out, "  calls         ms   share  GFLOP/s    GB/s   limit   wait  bound by\n");
}

static bool write_table(app_output *out, const report *r, uint32_t entry) {
  uint32_t count;
  profile_row *rows = merged_rows(r, entry, &count);
  if (!rows) return false;
  profile_row all = {.label = "all"};
  double least = 0;
  for (uint32_t i = 0; i < count; i++) {
    all.work_ns += rows[i].work_ns;
    all.wait_ns += rows[i].wait_ns;
    all.flops += rows[i].flops;
    all.bytes += rows[i].bytes;
    least += least_ns(r, &rows[i]);
  }
  write_heading(out, r, entry);
  for (uint32_t i = 0; i < count; i++) write_row(out, r, &rows[i], row_ns(&all));
  app_write_text(out, "  all steps at the limit would take ");
  app_write_decimal(out, least * 1e-6, 2);
  app_write_text(out, " ms: ");
  app_write_decimal(out, share(least, row_ns(&all)), 0);
  app_write_text(out, " % reached, ");
  app_write_decimal(out, share(all.wait_ns, row_ns(&all)), 1);
  app_write_text(out, " % waiting\n");
  free(rows);
  return true;
}

static bool write_tables(app_output *out, const report *r) {
  bool complete = true;
  for (uint32_t i = 0; i < r->profile->entry_count && complete; i++)
    if (r->profile->entries[i].calls > 0) complete = write_table(out, r, i);
  return complete && (!r->draft || write_tables(out, r->draft));
}

static bool write_report(app_output *out, const report *r) {
  app_write_text(out, "this machine, ");
  app_write_integer(out, r->profile->thread_count);
  app_write_text(out, r->profile->thread_count == 1 ? " thread: " : " threads: ");
  app_write_decimal(out, r->limits.f32_flops * 1e-9, 1);
  app_write_text(out, " GFLOP/s in f32, ");
  app_write_decimal(out, r->limits.bf16_flops * 1e-9, 1);
  app_write_text(out, " in bf16, ");
  app_write_decimal(out, r->limits.i8_flops * 1e-9, 1);
  app_write_text(out, " in int8; reads memory at ");
  app_write_decimal(out, r->limits.read_bytes * 1e-9, 1);
  app_write_text(out, " GB/s\n");
  bool complete = write_tables(out, r);
  return app_flush(out) && complete;
}

/* ---- JSON -------------------------------------------------------------------------------- */

static void write_field(app_output *out, const char *name, double value) {
  app_write_text(out, ",");
  app_write_json_text(out, name);
  app_write_text(out, ":");
  app_write_integer(out, value < 9e18 ? (int64_t)(value + 0.5) : INT64_MAX);
}

static void write_json_steps(app_output *out, const report *r, uint32_t entry) {
  for (uint32_t i = 0; i < r->manifest->entries[entry].step_count; i++) {
    profile_row row = step_row(r, entry, i);
    app_write_text(out, i ? ",{\"label\":" : "{\"label\":");
    app_write_json_text(out, row.label);
    write_field(out, "calls", (double)row.calls);
    write_field(out, "work_ns", row.work_ns);
    write_field(out, "wait_ns", row.wait_ns);
    write_field(out, "flops", row.flops);
    write_field(out, "bytes", row.bytes);
    write_field(out, "least_ns", least_ns(r, &row));
    app_write_text(out, ",\"bound_by\":");
    app_write_text(out, arithmetic_ns(r, &row) > memory_ns(r, &row) ? "\"arithmetic\"}" : "\"memory\"}");
  }
}

static void write_json(app_output *out, const report *r) {
  app_write_text(out, "{\"model\":");
  app_write_json_text(out, rt_manifest_text(r->manifest, r->manifest->header->model_name));
  write_field(out, "threads", r->profile->thread_count);
  write_field(out, "f32_flops_per_s", r->limits.f32_flops);
  write_field(out, "bf16_flops_per_s", r->limits.bf16_flops);
  write_field(out, "int8_flops_per_s", r->limits.i8_flops);
  write_field(out, "read_bytes_per_s", r->limits.read_bytes);
  app_write_text(out, ",\"entries\":[");
  bool is_first = true;
  for (uint32_t i = 0; i < r->profile->entry_count; i++) {
    const rt_entry_time *times = &r->profile->entries[i];
    if (times->calls == 0) continue;
    app_write_text(out, is_first ? "{\"name\":" : ",{\"name\":");
    is_first = false;
    app_write_json_text(out, rt_manifest_text(r->manifest, r->manifest->entries[i].name));
    write_field(out, "calls", (double)times->calls);
    write_field(out, "tokens", (double)times->tokens);
    write_field(out, "wall_ns", (double)times->wall_ns);
    app_write_text(out, ",\"steps\":[");
    write_json_steps(out, r, i);
    app_write_text(out, "]}");
  }
  app_write_text(out, "]");
  if (r->draft) {
    app_write_text(out, ",\"draft\":");
    write_json(out, r->draft);
  }
  app_write_text(out, "}");
}

/* ---- both --------------------------------------------------------------------------------- */

static report report_of(const smelt_model *model, const rt_limits *limits) {
  return (report){.manifest = &model->manifest, .profile = model->profile, .limits = *limits};
}

static void write_json_line(app_output *out, const report *r) {
  write_json(out, r);
  app_write_text(out, "\n");
}

void app_write_profile_json(app_output *out, const smelt_model *model, const rt_limits *limits) {
  report r = report_of(model, limits);
  write_json_line(out, &r);
}

int app_write_profile(const smelt_model *model, const app_options *options) {
  rt_limits limits = rt_limits_measure(model->team, model->code->isa_level);
  report r = report_of(model, &limits), draft;
  if (model->draft) {
    draft = report_of(model->draft, &limits);
    draft.is_draft = true;
    r.draft = &draft;
  }
  app_output out = app_output_on(STDERR_FILENO);
  if (options->profile && !write_report(&out, &r))
    return app_fail(APP_INPUT, "%s: the profile cannot be written", options->program);
  if (!options->profile_path) return APP_OK;
  if (!app_output_create(&out, options->profile_path))
    return app_fail(APP_INPUT, "%s: %s: the file cannot be made", options->program, options->profile_path);
  write_json_line(&out, &r);
  if (!app_output_close(&out))
    return app_fail(APP_INPUT, "%s: %s: the file cannot be written", options->program, options->profile_path);
  return APP_OK;
}
