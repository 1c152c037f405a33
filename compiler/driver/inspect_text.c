/* inspect_text.c: the facts at a glance, at most 100 columns wide. */
#include "driver/inspect.h"
#include "driver/units.h"

#include <string.h>

enum { LINE_COLUMNS = 100, LABEL_COLUMNS = 12 };

/* "  label       value", the value broken at spaces into lines of their own. */
static void print_line(const char *label, const char *value) {
  size_t room = LINE_COLUMNS - LABEL_COLUMNS - 2;
  printf("  %-*s", LABEL_COLUMNS, label);
  while (strlen(value) > room) {
    size_t length = room;
    while (length && value[length] != ' ') length--;
    if (!length) length = room;
    printf("%.*s\n  %-*s", (int)length, value, LABEL_COLUMNS, "");
    value += length + (value[length] == ' ');
  }
  printf("%s\n", value);
}

/* ---- the model ---- */

static void print_file(arena *a, const inspect_facts *f) {
  const compilation *c = f->compilation;
  print_line("model", inspect_printable(a, c->folder.model));
  if (c->folder.encoder) print_line("encoder", inspect_printable(a, c->folder.encoder));
  char *producer = inspect_printable(a, f->file.producer);
  print_line("kind", arena_format(a, "%s; opset %lld%s%s", f->kind, (long long)f->file.opset,
                                  *producer ? ", made by " : "", producer));
  print_line("file",
             arena_format(a, "%s nodes, %s in %s initializers", units_grouped(a, (int64_t)f->file.node_count),
                          units_scaled(a, (double)f->file.bytes, "B"),
                          units_grouped(a, (int64_t)f->file.initializer_count)));
}

static void print_memory(arena *a, const inspect_facts *f) {
  const plan_module *p = f->compilation->plan;
  print_line("parameters", arena_format(a, "%s, packed into %s in %zu constants",
                                        units_scaled(a, (double)f->parameter_count, ""),
                                        units_scaled(a, (double)p->weights_bytes, "B"), p->weight_count));
  char *memory = arena_format(
      a, "%s: weights %s, arena %s",
      units_scaled(a, (double)(p->weights_bytes + p->state_bytes + p->arena_bytes), "B"),
      units_scaled(a, (double)p->weights_bytes, "B"), units_scaled(a, (double)p->arena_bytes, "B"));
  if (p->state_bytes) {
    memory = arena_format(a, "%s, cache %s", memory, units_scaled(a, (double)p->state_bytes, "B"));
  }
  print_line("memory", memory);
}

static void print_generation(arena *a, const inspect_facts *f) {
  const compilation *c = f->compilation;
  const smelt_manifest_generation *g = &c->generation;
  const tok_summary *t = &c->tokenizer_summary;
  if (!c->is_generator) return;
  print_line("text",
             arena_format(a, "at most %s tokens, %s of cache per token", units_grouped(a, g->max_tokens),
                          units_scaled(a, (double)f->cache_bytes_per_token, "B")));
  char *tokenizer = arena_format(a, "%s, %s tokens", t->family, units_grouped(a, t->vocab_size));
  if (t->merge_count)
    tokenizer = arena_format(a, "%s, %s merges", tokenizer, units_grouped(a, t->merge_count));
  if (g->bos_token >= 0) tokenizer = arena_format(a, "%s; begin %d", tokenizer, g->bos_token);
  for (int i = 0; i < (int)g->end_token_count; i++) {
    tokenizer = arena_format(a, "%s%s%d", tokenizer, i ? " " : ", end ", g->end_tokens[i]);
  }
  print_line("tokenizer", tokenizer);
}

static void print_passes(arena *a, const compilation *c) {
  text t = {0};
  for (size_t i = 0; pass_at(i); i++) {
    int rewrites = 0;
    for (size_t k = 0; k < c->pass_count; k++) {
      if (c->passes[k].pass == pass_at(i)) rewrites += c->passes[k].rewrites;
    }
    if (rewrites) text_print(&t, "%s%s %d", t.count ? ", " : "", pass_at(i)->name, rewrites);
  }
  if (t.count) print_line("rewrites", arena_text(a, t.bytes));
  text_free(&t);
}

/* ---- an entry ---- */

static char *describe(arena *a, const char *name, const ir_type *type) {
  text t = {0};
  ir_type_print(&t, type);
  char *line = arena_format(a, "%s  %s", inspect_printable(a, name), inspect_printable(a, t.bytes));
  text_free(&t);
  return line;
}

static void print_interface(arena *a, const inspect_entry *e) {
  const ir_graph *g = e->entry->graph;
  for (size_t i = 0; i < g->input_count; i++) {
    print_line(i ? "" : "inputs", describe(a, g->inputs[i]->name, &g->inputs[i]->type));
  }
  for (size_t i = 0; i < g->output_count; i++) {
    print_line(i ? "" : "outputs", describe(a, g->outputs[i].name, &g->outputs[i].value->type));
  }
  char *sizes = inspect_sizes(a, e);
  if (*sizes) print_line("sizes", sizes);
}

static void print_work(arena *a, const inspect_entry *e) {
  printf("  %-*s %5s %14s %8s %12s %8s\n", LABEL_COLUMNS - 1, "work", "steps", "arithmetic", "share", "moved",
         "share");
  for (size_t i = 0; i < e->work_count; i++) {
    const inspect_work *w = &e->work[i];
    printf("  %-*s %5d %14s %8s %12s %8s\n", LABEL_COLUMNS - 1, w->name, w->step_count,
           units_scaled(a, (double)w->flops, "FLOP"), units_share(a, (double)w->flops, (double)e->flops),
           units_scaled(a, (double)w->bytes, "B"), units_share(a, (double)w->bytes, (double)e->bytes));
  }
  printf("  %-*s %5zu %14s %8s %12s\n", LABEL_COLUMNS - 1, "all", e->entry->step_count,
         units_scaled(a, (double)e->flops, "FLOP"), "", units_scaled(a, (double)e->bytes, "B"));
  if (e->tokens > 1) {
    printf("  %-*s %5s %14s %8s %12s\n", LABEL_COLUMNS - 1, "per token", "",
           units_scaled(a, (double)e->flops / (double)e->tokens, "FLOP"), "",
           units_scaled(a, (double)e->bytes / (double)e->tokens, "B"));
  }
}

/* The FLOPs at any size, where that is an expression short enough to read. */
static void print_expression(arena *a, const inspect_entry *e) {
  text t = {0};
  ir_dim_print(&t, e->cost.flops);
  if (!ir_dim_is_const(e->cost.flops, NULL) && t.count < 2 * (LINE_COLUMNS - LABEL_COLUMNS - 2)) {
    print_line("FLOPs", inspect_printable(a, t.bytes));
  }
  text_free(&t);
}

static void print_entry(arena *a, const inspect_entry *e) {
  printf("\n%s: %s\n", inspect_printable(a, e->entry->graph->name), inspect_occasion(a, e));
  print_interface(a, e);
  print_line("fused", inspect_fused(a, e));
  print_work(a, e);
  print_expression(a, e);
  print_line("bound by", inspect_limit(a, e));
}

void inspect_print(const inspect_facts *f) {
  arena a = {0};
  printf("%s\n", inspect_printable(&a, f->compilation->folder.name));
  print_file(&a, f);
  print_memory(&a, f);
  print_generation(&a, f);
  print_passes(&a, f->compilation);
  for (size_t i = 0; i < f->entry_count; i++) print_entry(&a, &f->entries[i]);
  arena_free(&a);
}
