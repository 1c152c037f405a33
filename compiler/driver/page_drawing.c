/* page_drawing.c: the graph of an entry in SVG: steps as boxes, equal layers as one frame. */
#include "driver/page.h"
#include "driver/units.h"

#include <string.h>

enum {
  BOX_WIDTH = 192,
  BOX_HEIGHT = 40,
  TERMINAL_HEIGHT = 24, /* of inputs and outputs */
  ROW_HEIGHT = 66,
  COLUMN_GAP = 14,
  FRAME_PADDING = 12,
  MARGIN_LEFT = 16,
  MARGIN_RIGHT = 84, /* room for "× 12" */
  MARGIN_TOP = 16,
  PORT_GAP = 20,
  TITLE_COLUMNS = 17,
  DETAIL_COLUMNS = 28,
  TERMINAL_COLUMNS = 26,
  MOST_NODES = 600,
};

const char page_arrow[] = "<marker id=\"arrow\" viewBox=\"0 0 8 8\" refX=\"3\" refY=\"4\" markerWidth=\"7\" "
                          "markerHeight=\"7\" orient=\"auto\"><path class=\"head\" "
                          "d=\"M0 0.5 L7 4 L0 7.5z\"/></marker>";

typedef struct {
  text *t;
  arena *a;
  const inspect_entry *e;
  const page_graph *g;
} drawing;

static double left_of(const page_box *b) {
  return MARGIN_LEFT + b->x - b->width / 2;
}

static double top_of(const drawing *d, size_t node) {
  double top = MARGIN_TOP + (double)d->g->boxes[node].rank * ROW_HEIGHT;
  return d->g->nodes[node].kind == PAGE_STEP ? top : top + (double)(BOX_HEIGHT - TERMINAL_HEIGHT) / 2;
}

static double bottom_of(const drawing *d, size_t node) {
  return top_of(d, node) + (d->g->nodes[node].kind == PAGE_STEP ? BOX_HEIGHT : TERMINAL_HEIGHT);
}

/* ---- frames around layers that repeat ---- */

static void draw_frame(const drawing *d, size_t block) {
  double left = 1e9, right = 0, top = 1e9, bottom = 0;
  for (size_t i = 0; i < d->g->node_count; i++) {
    if (d->g->nodes[i].block != (int)block) continue;
    const page_box *b = &d->g->boxes[i];
    if (left_of(b) < left) left = left_of(b);
    if (left_of(b) + b->width > right) right = left_of(b) + b->width;
    if (top_of(d, i) < top) top = top_of(d, i);
    if (bottom_of(d, i) > bottom) bottom = bottom_of(d, i);
  }
  const page_block *b = &d->g->blocks[block];
  text_print(d->t,
             "<g><title>%d repeats of %d steps each; the first is drawn</title>"
             "<rect class=\"frame\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"10\"/>"
             "<text class=\"times\" x=\"%.1f\" y=\"%.1f\">× %d</text></g>\n",
             b->count, b->period, left - FRAME_PADDING, top - FRAME_PADDING, right - left + 2 * FRAME_PADDING,
             bottom - top + 2 * FRAME_PADDING, right + FRAME_PADDING + 8, top + 8, b->count);
}

/* ---- edges ---- */

/* Where an edge comes from or goes to, next to the box: its neighbour in the adjacent row. */
static double approach(const drawing *d, const page_edge *e, bool at_end) {
  const page_box *from = &d->g->boxes[e->from], *to = &d->g->boxes[e->to];
  int bends = to->rank - from->rank - 1;
  if (bends > 0) return e->bends[at_end ? bends - 1 : 0];
  return at_end ? from->x : to->x;
}

/* Edges that meet a box on one side stand side by side in the order they come from. */
static double port_of(const drawing *d, const page_edge *e, bool at_end) {
  int box = at_end ? e->to : e->from, count = 0, before = 0;
  for (size_t i = 0; i < d->g->edge_count; i++) {
    const page_edge *other = &d->g->edges[i];
    if ((at_end ? other->to : other->from) != box) continue;
    double x = approach(d, other, at_end), own = approach(d, e, at_end);
    count++;
    before += x < own || (x == own && other < e);
  }
  double gap = count > 1 && (count - 1) * PORT_GAP > BOX_WIDTH - 40 ? (double)(BOX_WIDTH - 40) / (count - 1)
                                                                    : PORT_GAP;
  return MARGIN_LEFT + d->g->boxes[box].x + (before - (count - 1) / 2.0) * gap;
}

static void draw_edge(const drawing *d, const page_edge *e) {
  double x = port_of(d, e, false), y = bottom_of(d, (size_t)e->from);
  int first = d->g->boxes[e->from].rank + 1, last = d->g->boxes[e->to].rank;
  text_print(d->t, "<path class=\"edge\" d=\"M%.1f %.1f", x, y);
  for (int rank = first; rank <= last; rank++) {
    bool is_end = rank == last;
    double to_x = is_end ? port_of(d, e, true) : MARGIN_LEFT + e->bends[rank - first];
    double to_y = is_end ? top_of(d, (size_t)e->to) - 5 : MARGIN_TOP + (double)rank * ROW_HEIGHT;
    double half = (to_y - y) / 2;
    text_print(d->t, " C%.1f %.1f %.1f %.1f %.1f %.1f", x, y + half, to_x, to_y - half, to_x, to_y);
    x = to_x, y = to_y;
    if (!is_end) text_print(d->t, " V%.1f", y += BOX_HEIGHT);
  }
  text_print(d->t, "\" marker-end=\"url(#arrow)\"/>\n");
}

/* ---- boxes ---- */

static void draw_step(const drawing *d, size_t node) {
  const page_node *n = &d->g->nodes[node];
  const page_box *b = &d->g->boxes[node];
  const plan_step *step = &d->e->entry->steps[n->index];
  double share = page_step_share(d->e, (size_t)n->index) * n->count, x = left_of(b), y = top_of(d, node);
  text_print(d->t, "<g class=\"step k-%s\"><title>", plan_kernel_name(step->kernel));
  page_escape(d->t, page_step_facts(d->a, d->e, (size_t)n->index));
  text_print(d->t,
             "</title><rect class=\"card\" x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\" rx=\"5\"/>"
             "<rect class=\"mark\" x=\"%.1f\" y=\"%.1f\" width=\"5\" height=\"%d\" rx=\"2\"/>"
             "<text class=\"name\" x=\"%.1f\" y=\"%.1f\">",
             x, y, BOX_WIDTH, BOX_HEIGHT, x, y, BOX_HEIGHT, x + 14, y + 16);
  page_escape_short(d->t, plan_step_work(step), TITLE_COLUMNS);
  text_print(d->t, "</text><text class=\"share\" x=\"%.1f\" y=\"%.1f\">%s</text>", x + BOX_WIDTH - 8, y + 16,
             share < 0.0005 ? "" : arena_format(d->a, "%.1f %%", 100 * share));
  text_print(d->t, "<text class=\"detail\" x=\"%.1f\" y=\"%.1f\">", x + 14, y + 31);
  page_escape_short(d->t, page_step_words(d->a, step), DETAIL_COLUMNS);
  text_print(d->t, "</text><rect class=\"mark\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"2.5\"/></g>\n",
             x + 5, y + BOX_HEIGHT - 2.5, share * (BOX_WIDTH - 5));
}

static void draw_terminal(const drawing *d, size_t node) {
  const page_node *n = &d->g->nodes[node];
  const page_box *b = &d->g->boxes[node];
  const ir_graph *g = d->e->entry->graph;
  bool is_input = n->kind == PAGE_INPUT;
  const char *name = is_input ? g->inputs[n->index]->name : g->outputs[n->index].name;
  text words = {0}, type = {0};
  ir_type_print(&type, is_input ? &g->inputs[n->index]->type : &g->outputs[n->index].value->type);
  text_print(&words, "%s", name ? name : "");
  if (n->count > 1) text_print(&words, " and %d more", n->count - 1);
  text_print(d->t, "<g class=\"terminal\"><title>");
  page_escape(d->t, words.bytes);
  text_print(d->t, "\n");
  page_escape(d->t, type.bytes);
  text_print(d->t,
             "</title><rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%d\" rx=\"%d\"/>"
             "<text x=\"%.1f\" y=\"%.1f\">",
             left_of(b), top_of(d, node), b->width, TERMINAL_HEIGHT, TERMINAL_HEIGHT / 2, MARGIN_LEFT + b->x,
             top_of(d, node) + 16);
  page_escape_short(d->t, words.bytes, TERMINAL_COLUMNS);
  text_print(d->t, "</text></g>\n");
  text_free(&words);
  text_free(&type);
}

static void draw_nodes(const drawing *d) {
  for (size_t i = 0; i < d->g->node_count; i++) {
    if (d->g->nodes[i].kind == PAGE_STEP) {
      draw_step(d, i);
    } else {
      draw_terminal(d, i);
    }
  }
}

void page_draw_graph(text *t, arena *a, const inspect_entry *e) {
  page_graph *g = page_graph_of(a, e->entry);
  drawing d = {t, a, e, g};
  if (g->node_count > MOST_NODES) {
    text_print(t,
               "<p class=\"note\">%zu different steps are too many to draw; --print-plan lists them.</p>\n",
               g->node_count);
    return;
  }
  int last = 0;
  for (size_t i = 0; i < g->node_count; i++) {
    g->boxes[i].width = BOX_WIDTH;
    if (g->boxes[i].rank > last) last = g->boxes[i].rank;
  }
  double width = page_layout(a, g->boxes, (int)g->node_count, g->edges, (int)g->edge_count, COLUMN_GAP) +
                 MARGIN_LEFT + MARGIN_RIGHT;
  text_print(t,
             "<svg class=\"graph\" width=\"%.0f\" viewBox=\"0 0 %.0f %d\" role=\"img\" aria-label=\"graph of "
             "steps\">\n",
             width, width, 2 * MARGIN_TOP + last * ROW_HEIGHT + BOX_HEIGHT);
  for (size_t i = 0; i < g->block_count; i++) draw_frame(&d, i);
  for (size_t i = 0; i < g->edge_count; i++) draw_edge(&d, &g->edges[i]);
  draw_nodes(&d);
  text_print(t, "</svg>\n");
}
