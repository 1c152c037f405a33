/* bench_report.c: the figures as a table and as JSON. */
#include "driver/bench.h"
#include "driver/inspect.h"
#include "driver/units.h"

static double limit_of(const bench_results *r, const char *name) {
  return r->figure_count ? json_number_value(json_object_get(r->figures[0].profile, name)) : 0;
}

static void print_head(arena *a, const bench_results *r) {
  const char *kind = json_string_value(json_object_get(r->facts, "kind"));
  const char *isa = json_string_value(json_object_get(r->facts, "isa"));
  long long threads = json_integer_value(json_object_get(r->facts, "threads"));
  printf("%s: %s, %s, %s code on %lld thread%s\n", inspect_printable(a, r->path), kind ? kind : "?",
         units_scaled(a, r->program_bytes, "B"), isa ? isa : "?", threads, threads == 1 ? "" : "s");
  printf("limits: f32 %s, bf16 %s, int8 %s, memory %s\n\n",
         units_scaled(a, limit_of(r, "f32_flops_per_s"), "FLOP/s"),
         units_scaled(a, limit_of(r, "bf16_flops_per_s"), "FLOP/s"),
         units_scaled(a, limit_of(r, "int8_flops_per_s"), "FLOP/s"),
         units_scaled(a, limit_of(r, "read_bytes_per_s"), "B/s"));
}

/* In tokens/s where it counts tokens, else ms. */
static double shown(const bench_figure *f, double ns) {
  if (ns <= 0) return 0;
  return f->tokens > 0 ? f->tokens / ns * 1e9 : ns * 1e-6;
}

static void print_figure(arena *a, const bench_results *r, const bench_figure *f) {
  double lowest = shown(f, f->samples_ns[f->tokens > 0 ? r->repeats - 1 : 0]);
  double highest = shown(f, f->samples_ns[f->tokens > 0 ? 0 : r->repeats - 1]);
  const char *range = arena_format(a, "%.5g to %.5g", lowest, highest);
  printf("  %-18s %10.5g %-9s %10.5g %9s   %s\n", f->name, shown(f, f->median_ns),
         f->tokens > 0 ? "tokens/s" : "ms", shown(f, f->least_ns), units_share(a, f->least_ns, f->median_ns),
         range);
}

void bench_print(const bench_results *r) {
  arena a = {0};
  print_head(&a, r);
  printf("  %-18s %10s %-9s %10s %9s   %s\n", "", "median", "", "limit", "share", "lowest to highest");
  for (size_t i = 0; i < r->figure_count; i++) print_figure(&a, r, &r->figures[i]);
  printf("  %-18s %10.4g ms\n", "exec to first", r->first_ns * 1e-6);
  printf("  %-18s %10s\n", "resident then", units_scaled(&a, r->memory_bytes, "B"));
  arena_free(&a);
}

void bench_print_json(const bench_results *r) {
  json_t *figures = json_array();
  for (size_t i = 0; i < r->figure_count; i++) {
    const bench_figure *f = &r->figures[i];
    json_t *samples = json_array();
    for (int k = 0; k < r->repeats; k++) json_array_append_new(samples, json_real(f->samples_ns[k]));
    json_array_append_new(figures, json_pack("{s:s, s:f, s:f, s:f, s:o, s:O}", "name", f->name, "tokens",
                                             f->tokens, "median_ns", f->median_ns, "least_ns", f->least_ns,
                                             "samples_ns", samples, "profile", f->profile));
  }
  json_t *root = json_pack("{s:s, s:O, s:f, s:f, s:f, s:o}", "program", r->path, "facts", r->facts,
                           "program_bytes", r->program_bytes, "exec_to_first_ns", r->first_ns,
                           "resident_bytes", r->memory_bytes, "figures", figures);
  json_dumpf(root, stdout, JSON_INDENT(1));
  putchar('\n');
  json_decref(root);
}
