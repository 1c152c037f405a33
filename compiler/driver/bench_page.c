/*
 * bench_page.c: the figures as a page: a bar per figure up to its limit, and
 * for each the time of every step in order, as blocks on a line, with the
 * merged rows below. One file, no script.
 */
#include "driver/bench.h"
#include "driver/page.h"
#include "driver/units.h"

#include <string.h>

enum { TIMELINE_WIDTH = 1000, MOST_ROWS = 64 };

/* Steps of one label together. */
typedef struct {
  const char *label, *bound_by;
  double calls, ns, wait_ns, least_ns, flops, bytes;
} page_row;

static double number(const json_t *object, const char *name) {
  return json_number_value(json_object_get(object, name));
}

static const char *words(const json_t *object, const char *name) {
  const char *text = json_string_value(json_object_get(object, name));
  return text ? text : "?";
}

/* One hue per kind of step: what its label begins with. */
static int hue_of(const char *label) {
  static const struct {
    const char *word;
    int hue;
  } hues[] = {{"linear", 217},   {"matmul", 190}, {"attention", 271}, {"layer_norm", 150},
              {"rms_norm", 150}, {"gather", 95},  {"copy", 0}};
  for (size_t i = 0; i < sizeof hues / sizeof *hues; i++)
    if (!strncmp(label, hues[i].word, strlen(hues[i].word))) return hues[i].hue;
  return 38;
}

static void add_step(page_row *rows, size_t *count, const json_t *step) {
  const char *label = words(step, "label");
  size_t i = 0;
  while (i < *count && strcmp(rows[i].label, label) != 0) i++;
  if (i == MOST_ROWS) return;
  if (i == *count) rows[(*count)++] = (page_row){.label = label, .bound_by = words(step, "bound_by")};
  rows[i].calls += number(step, "calls");
  rows[i].ns += number(step, "work_ns") + number(step, "wait_ns");
  rows[i].wait_ns += number(step, "wait_ns");
  rows[i].least_ns += number(step, "least_ns");
  rows[i].flops += number(step, "flops");
  rows[i].bytes += number(step, "bytes");
}

static int by_time(const void *a, const void *b) {
  double x = ((const page_row *)a)->ns, y = ((const page_row *)b)->ns;
  return x < y ? 1 : x > y ? -1 : 0;
}

static void draw_timeline(text *t, arena *a, const json_t *steps, double all_ns) {
  size_t i;
  const json_t *step;
  double x = 0;
  text_print(t, "<svg class=\"memory\" viewBox=\"0 0 %d 34\" role=\"img\" aria-label=\"steps in order\">\n",
             TIMELINE_WIDTH);
  json_array_foreach(steps, i, step) {
    double ns = number(step, "work_ns") + number(step, "wait_ns");
    double width = all_ns > 0 ? ns / all_ns * TIMELINE_WIDTH : 0;
    text_print(t, "<rect x=\"%.2f\" width=\"%.2f\" height=\"34\" fill=\"hsl(%d 70%% 58%%)\"><title>", x,
               width, hue_of(words(step, "label")));
    page_escape(t, words(step, "label"));
    text_print(t, "\nstep %zu, %s, %s of the limit</title></rect>\n", i, units_scaled(a, ns * 1e-9, "s"),
               units_share(a, number(step, "least_ns"), ns));
    x += width;
  }
  text_print(t, "</svg>\n");
}

static void write_row(text *t, arena *a, const page_row *row, double all_ns) {
  text_print(t, "<tr><td>");
  page_escape(t, row->label);
  text_print(
      t,
      "</td><td class=\"n\">%.0f</td><td class=\"n\">%.3f</td><td class=\"n\">%s</td>"
      "<td class=\"n\">%.1f</td><td class=\"n\">%.1f</td><td class=\"n\">%s</td><td class=\"n\">%s</td>"
      "<td>%s</td><td class=\"bar\"><i style=\"width:%.1f%%;background:hsl(%d 70%% 58%%)\"></i></td></tr>\n",
      row->calls, row->ns * 1e-6, units_share(a, row->ns, all_ns), row->ns > 0 ? row->flops / row->ns : 0,
      row->ns > 0 ? row->bytes / row->ns : 0, units_share(a, row->least_ns, row->ns),
      units_share(a, row->wait_ns, row->ns), row->bound_by, all_ns > 0 ? 100 * row->ns / all_ns : 0,
      hue_of(row->label));
}

static void write_entry(text *t, arena *a, const char *figure, const json_t *entry) {
  page_row rows[MOST_ROWS] = {0};
  size_t count = 0, i;
  const json_t *step, *steps = json_object_get(entry, "steps");
  double all_ns = 0;
  json_array_foreach(steps, i, step) {
    if (number(step, "calls") > 0) add_step(rows, &count, step);
    all_ns += number(step, "work_ns") + number(step, "wait_ns");
  }
  qsort(rows, count, sizeof *rows, by_time);
  text_print(t, "<div class=\"panel\"><h2>%s: ", figure);
  page_escape(t, words(entry, "name"));
  text_print(t, ", %.0f call%s, %s</h2>\n", number(entry, "calls"), number(entry, "calls") == 1 ? "" : "s",
             units_scaled(a, number(entry, "wall_ns") * 1e-9, "s"));
  draw_timeline(t, a, steps, all_ns);
  text_print(t, "<div class=\"scroll\"><table class=\"work\"><tr><th>step</th><th class=\"n\">calls</th>"
                "<th class=\"n\">ms</th><th class=\"n\">share</th><th class=\"n\">GFLOP/s</th>"
                "<th class=\"n\">GB/s</th><th class=\"n\">of the limit</th><th class=\"n\">waiting</th>"
                "<th>bound by</th><th class=\"bar\"></th></tr>\n");
  for (i = 0; i < count; i++) write_row(t, a, &rows[i], all_ns);
  text_print(t, "</table></div></div><br>\n");
}

static void write_figure(text *t, arena *a, const bench_figure *f) {
  bool counts = f->tokens > 0 && f->median_ns > 0;
  double share = f->median_ns > 0 ? 100 * f->least_ns / f->median_ns : 0;
  text_print(t,
             "<tr><td>%s</td><td class=\"n\">%.5g %s</td><td class=\"n\">%s of the limit</td>"
             "<td class=\"bar\"><i style=\"width:%.1f%%;background:#3b82f6\"></i></td></tr>\n",
             f->name, counts ? f->tokens / f->median_ns * 1e9 : f->median_ns * 1e-6,
             counts ? "tokens/s" : "ms", units_share(a, f->least_ns, f->median_ns),
             share < 100 ? share : 100);
}

static void write_page(text *t, arena *a, const bench_results *r) {
  size_t k;
  const json_t *entry;
  text_print(t, "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
                "content=\"width=device-width\"><title>");
  page_escape(t, r->path);
  text_print(t, "</title><style>%s</style></head><body><main><h1>", page_style);
  page_escape(t, r->path);
  text_print(t,
             "</h1><p class=\"quiet\">%s of program; %s from exec to the first logits, %s resident then. A "
             "limit is each step's FLOPs at peak or its bytes at memory's rate, whichever takes longer; "
             "what lies in caches may exceed it.</p>\n<div class=\"panel\"><table class=\"work\">\n",
             units_scaled(a, r->program_bytes, "B"), units_scaled(a, r->first_ns * 1e-9, "s"),
             units_scaled(a, r->memory_bytes, "B"));
  for (size_t i = 0; i < r->figure_count; i++) write_figure(t, a, &r->figures[i]);
  text_print(t, "</table></div><br>\n");
  for (size_t i = 0; i < r->figure_count; i++)
    json_array_foreach(json_object_get(r->figures[i].profile, "entries"), k, entry)
        write_entry(t, a, r->figures[i].name, entry);
  text_print(t, "</main></body></html>\n");
}

status bench_write_page(arena *a, const bench_results *r, const char *path) {
  text t = {0};
  write_page(&t, a, r);
  status s = file_replace(a, path, t.bytes, t.count);
  text_free(&t);
  return s;
}
