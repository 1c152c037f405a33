/* inspect_words.c: facts as phrases, for the text and the page alike. */
#include "driver/inspect.h"
#include "driver/units.h"

#include <math.h>
#include <string.h>

char *inspect_printable(arena *a, const char *name) {
  char *copy = arena_text(a, name ? name : "");
  for (char *c = copy; *c; c++) {
    if ((unsigned char)*c < 0x20 || *c == 0x7f) *c = '?';
  }
  return copy;
}

static char *keep(arena *a, text *t) {
  char *copy = arena_text(a, t->count ? t->bytes : "");
  text_free(t);
  return copy;
}

/* ---- what was fused ---- */

static void list(text *t, int count, const char *name) {
  if (count) text_print(t, "%s%d %s", t->count ? ", " : "", count, name);
}

static void list_with(text *t, int count, const char *name, text *details) {
  list(t, count, name);
  if (count && details->count) text_print(t, " (%s)", details->bytes);
  text_free(details);
}

char *inspect_fused(arena *a, const inspect_entry *e) {
  static const ir_op recognised[] = {IR_LAYER_NORM, IR_RMS_NORM, IR_ROTARY, IR_SOFTMAX};
  text t = {0}, attention = {0}, linear = {0};
  list(&attention, e->causal, "causal");
  list_with(&t, e->operators[IR_ATTENTION], "attention", &attention);
  for (size_t i = 0; i < sizeof recognised / sizeof *recognised; i++) {
    list(&t, e->operators[recognised[i]], ir_op_describe(recognised[i])->name);
  }
  list(&linear, e->biased, "bias");
  for (int op = 0; op < IR_OP_COUNT; op++) list(&linear, e->activations[op], ir_op_describe((ir_op)op)->name);
  list(&linear, e->gated, "gated");
  list(&linear, e->with_residual, "residual");
  list_with(&t, e->operators[IR_LINEAR], "linear", &linear);
  if (!t.count) text_print(&t, "nothing");
  return keep(a, &t);
}

/* ---- sizes ---- */

static void list_sizes(text *t, const inspect_entry *e, const char *relation, bool at_limits) {
  ir_module *m = e->entry->graph->module;
  for (size_t i = 0; i < ir_dim_symbol_count(m); i++) {
    ir_dim symbol = ir_dim_symbol_at(m, i);
    if (!e->uses[i] || inspect_largest(m, symbol) == INT64_MAX) continue;
    text_print(t, "%s%s %s %lld", t->count ? ", " : "",
               inspect_printable(m->arena, ir_dim_symbol_name(symbol)), relation,
               (long long)(at_limits ? inspect_largest(m, symbol) : e->at[i]));
  }
}

char *inspect_sizes(arena *a, const inspect_entry *e) {
  text t = {0};
  list_sizes(&t, e, "<=", true);
  return keep(a, &t);
}

char *inspect_occasion(arena *a, const inspect_entry *e) {
  if (e->tokens == 1) return arena_format(a, "one token at context %s", units_grouped(a, e->context));
  if (e->tokens) return arena_format(a, "%s tokens at once", units_grouped(a, e->tokens));
  text t = {0};
  list_sizes(&t, e, "=", false);
  return arena_format(a, "one call%s%s", t.count ? " at " : "", keep(a, &t));
}

/* ---- what limits it ---- */

bool inspect_is_memory_bound(const inspect_entry *e) {
  return (double)e->flops < (double)e->bytes * INSPECT_BALANCE_FLOPS_PER_BYTE;
}

static char *largest_part(arena *a, const inspect_entry *e) {
  const char *name = "weights";
  int64_t most = e->weight_bytes;
  if (e->state_bytes > most) name = "cache", most = e->state_bytes;
  if (e->activation_bytes > most) name = "activations", most = e->activation_bytes;
  return arena_format(a, "%s %s", units_share(a, (double)most, (double)e->bytes), name);
}

/* How fast memory or arithmetic of a usual core lets it go, as a figure to scale by. */
char *inspect_limit(arena *a, const inspect_entry *e) {
  if (!e->bytes) return arena_text(a, "nothing to do");
  bool is_memory = inspect_is_memory_bound(e);
  double flops_per_byte = (double)e->flops / (double)e->bytes;
  char *intensity = arena_format(a, "%.*f FLOP per byte", flops_per_byte < 10 ? 2 : 0, flops_per_byte);
  double calls = is_memory ? 10e9 / (double)e->bytes : 100e9 / (double)e->flops;
  double rate = calls * (double)(e->tokens ? e->tokens : 1);
  const char *unit = e->tokens ? "tokens/s" : "calls/s";
  char *speed = rate < 100 ? arena_format(a, "%.3g %s", rate, unit)
                           : arena_format(a, "%s %s", units_grouped(a, (int64_t)fmin(rate, 1e15)), unit);
  if (is_memory)
    return arena_format(a, "memory, %s (%s); 10 GB/s give %s", intensity, largest_part(a, e), speed);
  return arena_format(a, "arithmetic, %s; 100 GFLOP/s give %s", intensity, speed);
}
