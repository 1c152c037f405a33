/* page_words.c: steps in a few words and in full, and text made safe for HTML. */
#include "driver/page.h"
#include "driver/units.h"

#include <string.h>

/* ---- escaping ---- */

static void escape_byte(text *t, char c) {
  switch (c) {
  case '&':
    text_print(t, "&amp;");
    return;
  case '<':
    text_print(t, "&lt;");
    return;
  case '>':
    text_print(t, "&gt;");
    return;
  case '"':
    text_print(t, "&quot;");
    return;
  default:
    if (((unsigned char)c < 0x20 && c != '\n') || c == 0x7f) c = '?';
    text_append(t, &c, 1);
  }
}

void page_escape(text *t, const char *words) {
  for (; *words; words++) escape_byte(t, *words);
}

void page_escape_short(text *t, const char *words, int columns) {
  int count = 0, kept;
  for (const char *c = words; *c; c++) count += ((unsigned char)*c & 0xc0) != 0x80; /* UTF-8 characters */
  kept = count > columns ? columns - 1 : count;
  for (; *words; words++) {
    kept -= ((unsigned char)*words & 0xc0) != 0x80;
    if (kept < 0) break;
    escape_byte(t, *words);
  }
  if (count > columns) text_print(t, "…");
}

/* ---- steps in a few words ---- */

static char *keep(arena *a, text *t) {
  char *copy = arena_text(a, t->count ? t->bytes : "");
  text_free(t);
  return copy;
}

static void print_last_dim(text *t, const ir_type *type) {
  if (type->rank) ir_dim_print(t, type->dims[type->rank - 1]);
}

static bool has_operand(const ir_node *n, int index) {
  return n->operand_count > index && n->operands[index];
}

static void describe_linear(text *t, const ir_node *n) {
  print_last_dim(t, &n->operands[0]->type);
  text_print(t, " → ");
  print_last_dim(t, &n->result->type);
  if (has_operand(n, 2)) text_print(t, ", bias");
  if (n->attrs.activation != IR_IDENTITY || n->attrs.gated) {
    text_print(t, ", %s%s", n->attrs.gated ? "gated " : "", ir_op_describe(n->attrs.activation)->name);
  }
  if (has_operand(n, 3)) text_print(t, ", residual");
}

static void describe_attention(text *t, const ir_node *n) {
  const ir_type *q = &n->operands[0]->type, *k = &n->operands[1]->type;
  ir_dim_print(t, q->dims[1]);
  if (q->dims[1] != k->dims[1]) { /* interned: groups of heads share keys */
    text_print(t, "/");
    ir_dim_print(t, k->dims[1]);
  }
  text_print(t, " heads × ");
  ir_dim_print(t, q->dims[3]);
  if (n->attrs.causal) text_print(t, ", causal");
  if (n->attrs.softcap != 0) text_print(t, ", capped");
  if (has_operand(n, 3)) text_print(t, ", bias");
}

static void describe_rotary(text *t, const ir_node *n) {
  ir_dim_print(t, n->result->type.dims[1]);
  text_print(t, " heads × ");
  print_last_dim(t, &n->result->type);
}

static void describe_matmul(text *t, const ir_node *n) {
  print_last_dim(t, &n->operands[0]->type);
  text_print(t, " → ");
  print_last_dim(t, &n->result->type);
}

static void describe_dims(text *t, const ir_node *n) {
  print_last_dim(t, &n->result->type);
}

/* The arithmetic of a loop nest; where its kind of work says it all, what it makes. */
static void describe_loops(text *t, const plan_step *step) {
  int shown = 0;
  const char *name = NULL;
  for (int i = 0; i < step->node_count; i++) {
    ir_op_class c = ir_op_describe(step->nodes[i]->op)->op_class;
    if (c == IR_CLASS_SOURCE || (c == IR_CLASS_MOVEMENT && step->nodes[i]->op != IR_GATHER)) continue;
    name = ir_op_describe(step->nodes[i]->op)->name;
    text_print(t, "%s%s", shown++ ? " " : "", name);
  }
  if (shown > 1 || (name && strcmp(name, plan_step_work(step)) != 0)) return;
  t->count = 0;
  if (step->result.view.space != PLAN_STATE) ir_type_print(t, &step->result.value->type);
}

static const struct {
  plan_kernel kernel;
  void (*describe)(text *t, const ir_node *n);
} kernel_words[] = {
    {PLAN_LINEAR, describe_linear},       {PLAN_ATTENTION, describe_attention},
    {PLAN_ROTARY, describe_rotary},       {PLAN_ATTENTION_CHUNKS, describe_attention},
    {PLAN_ATTENTION_JOIN, describe_dims}, {PLAN_MATMUL, describe_matmul},
    {PLAN_NORM, describe_dims},           {PLAN_SOFTMAX, describe_dims},
};

char *page_step_words(arena *a, const plan_step *step) {
  text t = {0};
  if (step->kernel == PLAN_LOOPS) describe_loops(&t, step);
  for (size_t i = 0; i < sizeof kernel_words / sizeof *kernel_words; i++) {
    if (kernel_words[i].kernel == step->kernel) kernel_words[i].describe(&t, step->nodes[0]);
  }
  if (step->result.view.space == PLAN_STATE) {
    text_print(&t, "%sinto cache", t.count ? ", " : "");
  } else if (!t.count) {
    ir_type_print(&t, &step->result.value->type);
  }
  return keep(a, &t);
}

/* ---- steps in full ---- */

static void print_operand(text *t, const char *what, const plan_operand *o) {
  if (!o->value) return;
  static const char *const spaces[] = {"arena", "weights", "cache", "input"};
  text_print(t, "%s ", what);
  ir_type_print(t, &o->value->type);
  text_print(t, " in %s%s%s\n", spaces[o->view.space], o->value->name ? ": " : "",
             o->value->name ? o->value->name : "");
}

char *page_step_facts(arena *a, const inspect_entry *e, size_t index) {
  const plan_step *step = &e->entry->steps[index];
  text t = {0};
  text_print(&t, "step %zu, %s\n", index, plan_step_work(step));
  for (int i = 0; i < step->read_count; i++)
    print_operand(&t, step->reads[i].is_outlet ? "also makes" : "reads", &step->reads[i]);
  print_operand(&t, "makes", &step->result);
  text_print(&t, "%s, %s moved", units_scaled(a, (double)e->step_flops[index], "FLOP"),
             units_scaled(a, (double)e->step_bytes[index], "B"));
  const ir_node *last = step->node_count ? step->nodes[step->node_count - 1] : NULL;
  if (last && last->origin) text_print(&t, "\nfrom %s", last->origin);
  return keep(a, &t);
}

static double step_time(const inspect_entry *e, size_t step) {
  double arithmetic = (double)e->step_flops[step];
  double memory = (double)e->step_bytes[step] * INSPECT_BALANCE_FLOPS_PER_BYTE;
  return arithmetic > memory ? arithmetic : memory;
}

double page_step_share(const inspect_entry *e, size_t step) {
  double sum = 0;
  for (size_t i = 0; i < e->entry->step_count; i++) sum += step_time(e, i);
  return sum > 0 ? step_time(e, step) / sum : 0;
}
