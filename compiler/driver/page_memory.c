/*
 * page_memory.c: the arena of an entry over its steps: a rectangle per buffer,
 * from the step that makes it to the last that reads it, at its offset. The
 * line above them is what lives at each step: how tightly the plan packs it.
 */
#include "driver/page.h"
#include "driver/units.h"

enum {
  WIDTH = 640,
  HEIGHT = 300,
  LEFT = 64, /* room for sizes */
  RIGHT = 8,
  TOP = 14,
  BOTTOM = 34,
  TICKS = 4,
  LABEL_LEAST_WIDTH = 60,
  LABEL_LEAST_HEIGHT = 13,
};

typedef struct {
  text *t;
  arena *a;
  const plan_entry *e;
  double x_scale, y_scale; /* per step, per byte */
} chart;

static double x_of(const chart *c, size_t step) {
  return LEFT + (double)step * c->x_scale;
}

static double y_of(const chart *c, double bytes) {
  return HEIGHT - BOTTOM - bytes * c->y_scale;
}

static size_t end_of(const chart *c, const plan_buffer *b) {
  return b->last >= c->e->step_count ? c->e->step_count : b->last + 1;
}

/* The step that writes the buffer first; NULL: none does. */
static const plan_step *maker_of(const plan_entry *e, const plan_buffer *b) {
  for (size_t i = b->first; i < e->step_count && i <= b->last; i++) {
    const plan_view *view = &e->steps[i].result.view;
    if (!e->steps[i].result.value) continue;
    if (view->space == PLAN_ARENA && view->base_bytes == b->offset_bytes) return &e->steps[i];
  }
  return NULL;
}

static void draw_buffer(const chart *c, const plan_buffer *b) {
  const plan_step *maker = maker_of(c->e, b);
  const char *name = maker ? maker->result.value->name : NULL;
  double x = x_of(c, b->first), width = x_of(c, end_of(c, b)) - x;
  double y = y_of(c, (double)(b->offset_bytes + b->bytes)), height = (double)b->bytes * c->y_scale;
  text_print(c->t, "<g class=\"buffer k-%s\"><title>", maker ? plan_kernel_name(maker->kernel) : "loops");
  text type = {0};
  if (maker) ir_type_print(&type, &maker->result.value->type);
  page_escape(c->t, name ? name : "");
  text_print(c->t, "\n");
  page_escape(c->t, type.count ? type.bytes : "");
  text_free(&type);
  text_print(c->t, "\n%s at %s, steps %zu to %zu</title>", units_scaled(c->a, (double)b->bytes, "B"),
             units_scaled(c->a, (double)b->offset_bytes, "B"), b->first, end_of(c, b) - 1);
  text_print(c->t, "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\"%.2f\"/>", x, y, width, height);
  if (maker && width >= LABEL_LEAST_WIDTH && height >= LABEL_LEAST_HEIGHT) {
    text_print(c->t, "<text x=\"%.1f\" y=\"%.1f\">", x + 4, y + height / 2 + 4);
    page_escape_short(c->t, plan_step_work(maker), (int)(width / 6.5));
    text_print(c->t, "</text>");
  }
  text_print(c->t, "</g>\n");
}

static uint64_t live_bytes(const chart *c, size_t step) {
  uint64_t sum = 0;
  for (size_t i = 0; i < c->e->buffer_count; i++) {
    const plan_buffer *b = &c->e->buffers[i];
    if (b->first <= step && step < end_of(c, b)) sum += b->bytes;
  }
  return sum;
}

/* Returns the most that lives at once. */
static uint64_t draw_live(const chart *c) {
  uint64_t most = 0;
  text_print(c->t, "<path class=\"live\" d=\"M%.1f %.1f", x_of(c, 0), y_of(c, 0));
  for (size_t i = 0; i < c->e->step_count; i++) {
    uint64_t live = live_bytes(c, i);
    if (live > most) most = live;
    text_print(c->t, " V%.2f H%.2f", y_of(c, (double)live), x_of(c, i + 1));
  }
  text_print(c->t, "\"/>\n");
  return most;
}

static void draw_axes(const chart *c) {
  for (int i = 0; i <= TICKS; i++) {
    double bytes = (double)c->e->arena_bytes * i / TICKS;
    size_t step = c->e->step_count * (size_t)i / TICKS;
    text_print(
        c->t,
        "<path class=\"grid\" d=\"M%d %.1f H%d\"/><text class=\"tick end\" x=\"%d\" y=\"%.1f\">%s</text>",
        LEFT, y_of(c, bytes), WIDTH - RIGHT, LEFT - 6, y_of(c, bytes) + 4,
        units_scaled(c->a, bytes < 1000 ? (double)(int64_t)bytes : bytes, "B"));
    text_print(c->t, "<text class=\"tick %s\" x=\"%.1f\" y=\"%d\">%s%zu</text>\n",
               i == TICKS ? "end"
               : i        ? "middle"
                          : "",
               x_of(c, step), HEIGHT - BOTTOM + 16, i ? "" : "step ", step);
  }
}

void page_draw_memory(text *t, arena *a, const inspect_entry *e) {
  const plan_entry *entry = e->entry;
  if (!entry->arena_bytes || !entry->step_count) return;
  chart c = {t, a, entry, (double)(WIDTH - LEFT - RIGHT) / (double)entry->step_count,
             (double)(HEIGHT - TOP - BOTTOM) / (double)entry->arena_bytes};
  text_print(t, "<svg class=\"memory\" viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"arena over steps\">\n",
             WIDTH, HEIGHT);
  draw_axes(&c);
  for (size_t i = 0; i < entry->buffer_count; i++) {
    if (entry->buffers[i].bytes) draw_buffer(&c, &entry->buffers[i]);
  }
  uint64_t most = draw_live(&c);
  text_print(t,
             "<text class=\"tick middle\" x=\"%d\" y=\"%d\">%zu buffers in %s; the line is what lives, at "
             "most %s</text></svg>\n",
             (WIDTH + LEFT) / 2, HEIGHT - 2, entry->buffer_count,
             units_scaled(a, (double)entry->arena_bytes, "B"), units_scaled(a, (double)most, "B"));
}
