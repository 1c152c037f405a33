/*
 * page_graph.c: what is drawn of an entry: its steps, joined by the values they
 * hand over. Layers that repeat the same steps are drawn once: steps are ordered
 * by depth, which brings equal layers to equal sequences, and the repetition
 * that saves most is folded, then what is left on either side of it.
 */
#include "driver/page.h"

#include <stdlib.h>
#include <string.h>

enum { NOTHING = -1, INPUTS = -2 }; /* a source below 0: nothing that is drawn; INPUTS - i: input i */

typedef struct {
  arena *a;
  const plan_entry *e;
  int step_count;
  int **sources;         /* per step and read: a step, an input, nothing */
  int *depth, *kind;     /* per step; steps of one kind have one key */
  int *order, *position; /* steps by depth, and back */
  int *node_of;          /* per step: the node that stands for it */
  page_graph *g;
  size_t node_capacity, edge_capacity, block_capacity;
} draft;

/* ---- which step made what another reads ---- */

/* The last step before `before` that wrote v, into the place that is read if there are several. */
static int writer_of(const plan_entry *e, const ir_value *v, const plan_view *view, int before) {
  int writer = NOTHING;
  for (int i = before - 1; i >= 0; i--) {
    const plan_operand *result = &e->steps[i].result;
    if (result->value != v) continue;
    if (result->view.space == view->space && result->view.base_bytes == view->base_bytes) return i;
    if (writer == NOTHING) writer = i;
  }
  return writer;
}

/* Follows views and caches back to where the value was made. */
static int source_of(const plan_entry *e, const ir_value *v, const plan_view *view, int before) {
  for (;;) {
    int writer = writer_of(e, v, view, before);
    if (writer != NOTHING) return writer;
    if (!v->def) break;
    bool is_view = ir_op_describe(v->def->op)->op_class == IR_CLASS_MOVEMENT || v->def->op == IR_STORE ||
                   v->def->op == IR_IDENTITY;
    if (!is_view && v->def->op != IR_APPEND) return NOTHING;
    v = v->def->operands[v->def->op == IR_APPEND ? 1 : 0];
  }
  for (size_t i = 0; i < e->graph->input_count; i++) {
    if (e->graph->inputs[i] == v) return INPUTS - (int)i;
  }
  return NOTHING;
}

static void find_sources(draft *d) {
  for (int i = 0; i < d->step_count; i++) {
    const plan_step *step = &d->e->steps[i];
    d->sources[i] = ARENA_ARRAY(d->a, int, (size_t)step->read_count + 1);
    for (int k = 0; k < step->read_count; k++) {
      const plan_operand *read = &step->reads[k];
      int source = read->value && !read->is_outlet ? source_of(d->e, read->value, &read->view, i) : NOTHING;
      d->sources[i][k] = source;
      if (source >= 0 && d->depth[source] >= d->depth[i]) d->depth[i] = d->depth[source] + 1;
    }
  }
}

/* ---- steps in an order that repeats where layers do ---- */

static void number_kinds(draft *d) {
  for (int i = 0; i < d->step_count; i++) {
    int k = 0;
    while (k < i && strcmp(d->e->steps[k].key, d->e->steps[i].key) != 0) k++;
    d->kind[i] = k;
  }
}

typedef struct {
  int depth, kind, step;
} placed_step;

static int by_depth(const void *left, const void *right) {
  const placed_step *a = left, *b = right;
  if (a->depth != b->depth) return a->depth - b->depth;
  return a->kind != b->kind ? a->kind - b->kind : a->step - b->step;
}

static void order_steps(draft *d) {
  placed_step *steps = ARENA_ARRAY(d->a, placed_step, (size_t)d->step_count + 1);
  for (int i = 0; i < d->step_count; i++) steps[i] = (placed_step){d->depth[i], d->kind[i], i};
  qsort(steps, (size_t)d->step_count, sizeof *steps, by_depth);
  for (int i = 0; i < d->step_count; i++) {
    d->order[i] = steps[i].step;
    d->position[steps[i].step] = i;
  }
}

/* ---- repetitions ---- */

/*
 * Whether the step at `at` does what the one a period earlier does, with what comes from as far back, or from
 * the same place; the first repeat of all takes from before `start` what later ones take from each other.
 */
static bool repeats(const draft *d, int start, int period, int at) {
  int later = d->order[at], earlier = d->order[at - period];
  if (d->kind[later] != d->kind[earlier]) return false;
  for (int k = 0; k < d->e->steps[later].read_count; k++) {
    int s = d->sources[later][k], t = d->sources[earlier][k];
    if (s == t || (s <= INPUTS && t <= INPUTS)) continue;
    if (s < 0) return false;
    int from = d->position[s], before = t >= 0 ? d->position[t] : -1;
    bool is_first = at - period < start + period && from >= start && before < start;
    if (!is_first && (t < 0 || from - before != period)) return false;
  }
  return true;
}

static page_block best_repetition(const draft *d, int first, int end) {
  page_block best = {0};
  int saved = 1;
  for (int period = 1; period <= (end - first) / 2; period++) {
    for (int start = first; start + 2 * period <= end;) {
      int at = start + period;
      while (at < end && repeats(d, start, period, at)) at++;
      int count = (at - start) / period;
      if (period * (count - 1) > saved) {
        saved = period * (count - 1);
        best = (page_block){start, period, count};
      }
      start = at - period + 1;
    }
  }
  return best;
}

static void fold(draft *d, int first, int end) {
  page_block b = best_repetition(d, first, end);
  if (!b.count) return;
  fold(d, first, b.start);
  ARENA_PUSH(d->a, d->g->blocks, d->g->block_count, d->block_capacity) = b;
  fold(d, b.start + b.period * b.count, end);
}

/* ---- nodes and edges ---- */

static int add_node(draft *d, page_node node) {
  ARENA_PUSH(d->a, d->g->nodes, d->g->node_count, d->node_capacity) = node;
  return (int)d->g->node_count - 1;
}

static void add_edge(draft *d, int from, int to) {
  for (size_t i = 0; i < d->g->edge_count; i++) {
    if (d->g->edges[i].from == from && d->g->edges[i].to == to) return;
  }
  ARENA_PUSH(d->a, d->g->edges, d->g->edge_count, d->edge_capacity) = (page_edge){.from = from, .to = to};
}

/* Steps in order; the repeats of a block stand behind its first. Control is not drawn, what it runs is. */
static void add_steps(draft *d) {
  size_t block = 0;
  for (int at = 0; at < d->step_count; at++) {
    const page_block *b = block < d->g->block_count ? &d->g->blocks[block] : NULL;
    bool is_inside = b && at >= b->start;
    int step = d->order[at];
    if (d->e->steps[step].control != PLAN_CALL) {
      d->node_of[step] = NOTHING;
    } else if (is_inside && at >= b->start + b->period) {
      d->node_of[step] = d->node_of[d->order[at - b->period]];
    } else {
      d->node_of[step] = add_node(d, (page_node){.kind = PAGE_STEP,
                                                 .index = step,
                                                 .count = is_inside ? b->count : 1,
                                                 .block = is_inside ? (int)block : -1});
    }
    if (is_inside && at + 1 == b->start + b->period * b->count) block++;
  }
}

static void add_inputs_and_edges(draft *d) {
  size_t step_nodes = d->g->node_count, input_count = d->e->graph->input_count;
  int *input_node = ARENA_ARRAY(d->a, int, input_count + 1);
  for (size_t n = 0; n < step_nodes; n++) {
    int step = d->g->nodes[n].index;
    for (int k = 0; k < d->e->steps[step].read_count; k++) {
      int source = d->sources[step][k];
      if (source >= 0 && d->node_of[source] != NOTHING) add_edge(d, d->node_of[source], (int)n);
      if (source > INPUTS) continue;
      int *node = &input_node[INPUTS - source];
      if (!*node)
        *node =
            add_node(d, (page_node){.kind = PAGE_INPUT, .index = INPUTS - source, .count = 1, .block = -1});
      add_edge(d, *node, (int)n);
    }
  }
}

/* Outputs that one node makes are one node. */
static void add_outputs(draft *d) {
  int *output_node = ARENA_ARRAY(d->a, int, d->g->node_count + 1);
  size_t made_by_steps = d->g->node_count;
  for (size_t i = 0; i < d->e->graph->output_count; i++) {
    const ir_value *v = d->e->graph->outputs[i].value;
    plan_view view = {.space = PLAN_ARENA, .base_bytes = d->e->outputs[i].arena_bytes_offset};
    int source = source_of(d->e, v, &view, d->step_count);
    if (source < 0 || d->node_of[source] == NOTHING || (size_t)d->node_of[source] >= made_by_steps) continue;
    int *node = &output_node[d->node_of[source]];
    if (*node) {
      d->g->nodes[*node].count++;
      continue;
    }
    *node = add_node(d, (page_node){.kind = PAGE_OUTPUT, .index = (int)i, .count = 1, .block = -1});
    add_edge(d, d->node_of[source], *node);
  }
}

/* ---- ranks ---- */

static int rank_below_sources(const page_graph *g, size_t node, int floor) {
  for (size_t i = 0; i < g->edge_count; i++) {
    if ((size_t)g->edges[i].to != node) continue;
    int rank = g->boxes[g->edges[i].from].rank + 1;
    if (rank > floor) floor = rank;
  }
  return floor;
}

/* Rows of blocks are theirs alone: what comes before is above, what comes after is below. */
static void rank_nodes(page_graph *g) {
  int floor = 0, highest = 0, block = -1;
  for (size_t i = 0; i < g->node_count; i++) { /* inputs first, they have no sources */
    if (g->nodes[i].kind == PAGE_INPUT) g->boxes[i].rank = 0;
  }
  for (size_t i = 0; i < g->node_count; i++) {
    if (g->nodes[i].kind == PAGE_INPUT) continue;
    if (g->nodes[i].block != block) {
      block = g->nodes[i].block;
      floor = highest + 1;
    }
    int rank = g->boxes[i].rank = rank_below_sources(g, i, floor);
    if (rank > highest) highest = rank;
  }
}

/* What needs nothing drawn stands right above what needs it, but not inside a block that it is no part of. */
static void lower_roots(page_graph *g) {
  for (size_t i = 0; i < g->node_count; i++) {
    int lowest = INT32_MAX;
    bool is_root = g->nodes[i].kind != PAGE_OUTPUT;
    for (size_t k = 0; k < g->edge_count; k++) {
      if ((size_t)g->edges[k].to == i) is_root = false;
      if ((size_t)g->edges[k].from != i) continue;
      int to = g->edges[k].to, limit = g->boxes[to].rank - 1, block = g->nodes[to].block;
      for (size_t n = 0; block >= 0 && block != g->nodes[i].block && n < g->node_count; n++) {
        if (g->nodes[n].block == block && g->boxes[n].rank - 1 < limit) limit = g->boxes[n].rank - 1;
      }
      if (limit < lowest) lowest = limit;
    }
    if (is_root && lowest != INT32_MAX && lowest > g->boxes[i].rank) g->boxes[i].rank = lowest;
  }
}

page_graph *page_graph_of(arena *a, const plan_entry *e) {
  size_t count = e->step_count + 1;
  draft d = {.a = a, .e = e, .step_count = (int)e->step_count, .g = ARENA_NEW(a, page_graph)};
  d.sources = ARENA_ARRAY(a, int *, count);
  int **arrays[] = {&d.depth, &d.kind, &d.order, &d.position, &d.node_of};
  for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++) *arrays[i] = ARENA_ARRAY(a, int, count);
  find_sources(&d);
  number_kinds(&d);
  order_steps(&d);
  fold(&d, 0, d.step_count);
  add_steps(&d);
  add_inputs_and_edges(&d);
  add_outputs(&d);
  d.g->boxes = ARENA_ARRAY(a, page_box, d.g->node_count + 1);
  rank_nodes(d.g);
  lower_roots(d.g);
  return d.g;
}
