/* page.c: the page: the model in tiles, then an entry at a time: its graph, its work, its memory. */
#include "driver/page.h"
#include "driver/units.h"

#include <stdlib.h>
#include <string.h>

/* Of each kernel, in drawings and bars; read on light ground and on dark. */
static const struct {
  plan_kernel kernel;
  const char *colour;
} kernel_colours[] = {
    {PLAN_LOOPS, "#8b95a5"},
    {PLAN_LINEAR, "#3b82f6"},
    {PLAN_MATMUL, "#06b6d4"},
    {PLAN_ATTENTION, "#a855f7"},
    {PLAN_NORM, "#22a06b"},
    {PLAN_SOFTMAX, "#ec4899"},
    {PLAN_ROTARY, "#f59e0b"},
    {PLAN_CUMSUM, "#ef4444"},
    {PLAN_TOP_K, "#b45309"},
    {PLAN_SCATTER, "#be123c"},
    {PLAN_ATTENTION_CHUNKS, "#a855f7"},
    {PLAN_ATTENTION_JOIN, "#a855f7"},
};

static void write_style(text *t, const inspect_facts *f) {
  text_print(t, "<style>\n%s", page_style);
  for (size_t i = 0; i < sizeof kernel_colours / sizeof *kernel_colours; i++) {
    text_print(t, ".k-%s{--kind:%s}", plan_kernel_name(kernel_colours[i].kernel), kernel_colours[i].colour);
  }
  for (size_t i = 0; i < f->entry_count; i++) {
    text_print(
        t,
        "\n#e%zu:checked~.tabs [for=e%zu]{color:var(--ink);background:var(--card);font-weight:600}"
        "#e%zu:checked~.entries .e%zu{display:grid}#e%zu:focus-visible~.tabs [for=e%zu]{outline:2px solid}",
        i, i, i, i, i, i);
  }
  text_print(t, "\n</style>\n");
}

/* ---- the model ---- */

static void write_tile(text *t, const char *label, const char *figure, const char *words) {
  text_print(t, "<div class=\"tile\"><p class=\"label\">");
  page_escape(t, label);
  text_print(t, "</p><b>");
  page_escape(t, figure);
  text_print(t, "</b><p>");
  page_escape(t, words);
  text_print(t, "</p></div>\n");
}

static void write_memory_tile(text *t, arena *a, const plan_module *p) {
  double sum = (double)p->weights_bytes + (double)p->state_bytes + (double)p->arena_bytes;
  const struct {
    const char *colour, *name;
    uint64_t bytes;
  } parts[] = {
      {"w", "weights", p->weights_bytes}, {"c", "cache", p->state_bytes}, {"r", "arena", p->arena_bytes}};
  text_print(t, "<div class=\"tile\"><p class=\"label\">memory</p><b>%s</b><div class=\"stack\">",
             units_scaled(a, sum, "B"));
  for (size_t i = 0; i < 3; i++) {
    text_print(t, "<i class=\"%s\" style=\"width:%.2f%%\"></i>", parts[i].colour,
               sum > 0 ? 100 * (double)parts[i].bytes / sum : 0);
  }
  text_print(t, "</div><p>");
  bool is_first = true;
  for (size_t i = 0; i < 3; i++) {
    if (!parts[i].bytes) continue;
    text_print(t, "%s%s %s", is_first ? "" : ", ", parts[i].name,
               units_scaled(a, (double)parts[i].bytes, "B"));
    is_first = false;
  }
  text_print(t, "</p></div>\n");
}

static void write_tiles(text *t, arena *a, const inspect_facts *f) {
  const compilation *c = f->compilation;
  const plan_module *p = c->plan;
  text_print(t, "<section class=\"tiles\">\n");
  write_tile(t, "parameters", units_scaled(a, (double)f->parameter_count, ""),
             arena_format(a, "packed into %s in %zu constants",
                          units_scaled(a, (double)p->weights_bytes, "B"), p->weight_count));
  write_memory_tile(t, a, p);
  if (c->is_generator) {
    const tok_summary *k = &c->tokenizer_summary;
    write_tile(
        t, "longest text", arena_format(a, "%s tokens", units_grouped(a, c->generation.max_tokens)),
        arena_format(a, "%s of cache per token", units_scaled(a, (double)f->cache_bytes_per_token, "B")));
    write_tile(t, "tokenizer", arena_format(a, "%s tokens", units_grouped(a, k->vocab_size)),
               k->merge_count ? arena_format(a, "%s, %s merges", k->family, units_grouped(a, k->merge_count))
                              : k->family);
  }
  for (size_t i = 0; i < f->entry_count; i++) {
    const inspect_entry *e = &f->entries[i];
    double tokens = (double)(e->tokens ? e->tokens : 1);
    write_tile(t, arena_format(a, "%s, per %s", e->entry->graph->name, e->tokens ? "token" : "call"),
               units_scaled(a, (double)e->flops / tokens, "FLOP"),
               arena_format(a, "%s moved; bound by %s", units_scaled(a, (double)e->bytes / tokens, "B"),
                            inspect_is_memory_bound(e) ? "memory" : "arithmetic"));
  }
  text_print(t, "</section>\n");
}

static void write_head(text *t, arena *a, const inspect_facts *f) {
  text_print(t, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                "<meta name=\"viewport\" content=\"width=device-width\"><title>");
  page_escape(t, f->compilation->folder.name);
  text_print(t, "</title>\n");
  write_style(t, f);
  text_print(t,
             "</head><body><svg width=\"0\" height=\"0\" "
             "style=\"position:absolute\"><defs>%s</defs></svg><main>\n<h1>",
             page_arrow);
  page_escape(t, f->compilation->folder.name);
  text_print(t, "</h1><p class=\"quiet\">%s, opset %lld", f->kind, (long long)f->file.opset);
  if (*f->file.producer) text_print(t, ", made by ");
  page_escape(t, f->file.producer);
  text_print(t, ": %s nodes, %s in %s initializers. Seen by smelt %s.</p>\n",
             units_grouped(a, (int64_t)f->file.node_count), units_scaled(a, (double)f->file.bytes, "B"),
             units_grouped(a, (int64_t)f->file.initializer_count), SMELT_VERSION);
}

/* ---- an entry ---- */

static void write_row(text *t, const char *label, const char *words, bool is_code) {
  text_print(t, "<tr><th>%s</th><td>%s", label, is_code ? "<code>" : "");
  page_escape(t, words);
  text_print(t, "%s</td></tr>\n", is_code ? "</code>" : "");
}

static void write_value(text *t, const char *label, const char *name, const ir_type *type) {
  text words = {0};
  text_print(&words, "%s  ", name ? name : "");
  ir_type_print(&words, type);
  write_row(t, label, words.bytes, true);
  text_free(&words);
}

static void write_facts(text *t, arena *a, const inspect_entry *e) {
  enum { MOST_VALUES = 6 };
  const ir_graph *g = e->entry->graph;
  text_print(t, "<div class=\"panel\"><h2>%s</h2><table class=\"facts\">\n", inspect_occasion(a, e));
  write_row(t, "bound by", inspect_limit(a, e), false);
  write_row(t, "fused", inspect_fused(a, e), false);
  for (size_t i = 0; i < g->input_count && i < MOST_VALUES; i++)
    write_value(t, i ? "" : "inputs", g->inputs[i]->name, &g->inputs[i]->type);
  if (g->input_count > MOST_VALUES)
    write_row(t, "", arena_format(a, "and %zu more", g->input_count - MOST_VALUES), false);
  for (size_t i = 0; i < g->output_count && i < MOST_VALUES; i++)
    write_value(t, i ? "" : "outputs", g->outputs[i].name, &g->outputs[i].value->type);
  if (g->output_count > MOST_VALUES)
    write_row(t, "", arena_format(a, "and %zu more", g->output_count - MOST_VALUES), false);
  if (*inspect_sizes(a, e)) write_row(t, "sizes", inspect_sizes(a, e), false);
  text_print(t, "</table></div>\n");
}

static plan_kernel kernel_of(const inspect_entry *e, const char *work) {
  for (size_t i = 0; i < e->entry->step_count; i++) {
    if (strcmp(plan_step_work(&e->entry->steps[i]), work) == 0) return e->entry->steps[i].kernel;
  }
  return PLAN_LOOPS;
}

static void write_work(text *t, arena *a, const inspect_entry *e) {
  text_print(t, "<div class=\"panel\"><h2>share of the work</h2><table class=\"work\">\n"
                "<tr><th>steps</th><th></th><th class=\"n\">arithmetic</th><th class=\"n\">moved</th>"
                "<th class=\"bar\">above arithmetic, below moved</th></tr>\n");
  for (size_t i = 0; i < e->work_count; i++) {
    const inspect_work *w = &e->work[i];
    double flops = e->flops ? 100 * (double)w->flops / (double)e->flops : 0;
    double bytes = e->bytes ? 100 * (double)w->bytes / (double)e->bytes : 0;
    text_print(
        t,
        "<tr class=\"k-%s\"><td class=\"n\">%d</td><td>%s</td><td class=\"n\">%s</td><td class=\"n\">%s</td>"
        "<td class=\"bar\" title=\"%.1f %% of the arithmetic, %.1f %% of the bytes\">"
        "<i style=\"width:%.1f%%;background:var(--kind)\"></i>"
        "<i style=\"width:%.1f%%;background:var(--kind);opacity:.5\"></i></td></tr>\n",
        plan_kernel_name(kernel_of(e, w->name)), w->step_count, w->name,
        units_scaled(a, (double)w->flops, "FLOP"), units_scaled(a, (double)w->bytes, "B"), flops, bytes,
        flops, bytes);
  }
  text_print(
      t,
      "<tr><td class=\"n\">%zu</td><td>all</td><td class=\"n\">%s</td><td class=\"n\">%s</td><td></td></tr>"
      "</table></div>\n",
      e->entry->step_count, units_scaled(a, (double)e->flops, "FLOP"),
      units_scaled(a, (double)e->bytes, "B"));
}

static void write_key(text *t, const inspect_entry *e) {
  text_print(t, "<div class=\"key\">");
  for (int k = 0; k < PLAN_KERNEL_COUNT; k++) {
    const char *name = plan_kernel_name((plan_kernel)k);
    if (e->kernels[k]) text_print(t, "<span class=\"k-%s\">%s</span>", name, name);
  }
  text_print(t, "</div>");
}

static bool has_control(const inspect_entry *e) {
  for (size_t i = 0; i < e->entry->step_count; i++) {
    if (e->entry->steps[i].control != PLAN_CALL) return true;
  }
  return false;
}

static void write_entry(text *t, arena *a, const inspect_entry *e, size_t index) {
  text_print(
      t,
      "<section class=\"entry e%zu\"><div class=\"panel\"><h2>what runs: %zu steps</h2>"
      "<p class=\"note\">Percentages: estimated time, all repeats together. Point at a box for more.%s</p>",
      index, e->entry->step_count,
      has_control(e) ? " Of loops and branches only what they run is drawn, and counted once." : "");
  write_key(t, e);
  text_print(t, "<div class=\"scroll\">\n");
  page_draw_graph(t, a, e);
  text_print(t, "</div></div><div class=\"side\">\n");
  write_facts(t, a, e);
  write_work(t, a, e);
  text_print(t, "<div class=\"panel\"><h2>memory of one call: the arena</h2>\n");
  page_draw_memory(t, a, e);
  text_print(t, "</div></div></section>\n");
}

static void write_entries(text *t, arena *a, const inspect_facts *f) {
  size_t shown = f->entry_count - 1; /* decode, or the only one */
  for (size_t i = 0; i < f->entry_count; i++) {
    text_print(t, "<input type=\"radio\" name=\"entry\" id=\"e%zu\"%s>", i, i == shown ? " checked" : "");
  }
  text_print(t, "<nav class=\"tabs\">");
  for (size_t i = 0; i < f->entry_count; i++) {
    text_print(t, "<label for=\"e%zu\">", i);
    page_escape(t, f->entries[i].entry->graph->name);
    text_print(t, "</label>");
  }
  text_print(t, "</nav>\n<div class=\"entries\">\n");
  for (size_t i = 0; i < f->entry_count; i++) write_entry(t, a, &f->entries[i], i);
  text_print(t, "</div>\n");
}

status inspect_write_page(const inspect_facts *f, const char *path) {
  arena a = {0}, *failures = f->compilation->module->arena;
  text t = {0};
  write_head(&t, &a, f);
  write_tiles(&t, &a, f);
  write_entries(&t, &a, f);
  text_print(&t, "</main></body></html>\n");
  status s = file_replace(failures, path, t.bytes, t.count);
  text_free(&t);
  arena_free(&a);
  return s;
}
