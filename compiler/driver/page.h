/*
 * page.h: the pieces of the page that `smelt inspect --html` writes: one file
 * that needs no other, with drawings in SVG and no script. Private to driver/.
 */
#ifndef SMELT_DRIVER_PAGE_H
#define SMELT_DRIVER_PAGE_H

#include "driver/inspect.h"

/* ---- layered drawings of graphs (page_layout.c) ---- */

typedef struct {
  int rank; /* the row it stands in; edges go to higher ones */
  double width;
  double x; /* of its middle; set by page_layout, from 0 to the drawing's width */
} page_box;

typedef struct {
  int from, to;  /* boxes */
  double *bends; /* where it passes each row between theirs; set by page_layout */
} page_edge;

/*
 * Places the boxes of each row side by side, no closer than `gap`, with few crossings and straight long edges
 * (Sugiyama, Tagawa and Toda, "Methods for Visual Understanding of Hierarchical System Structures", 1981).
 * Returns the drawing's width.
 */
double page_layout(arena *a, page_box *boxes, int box_count, page_edge *edges, int edge_count, double gap);

/* ---- what is drawn (page_graph.c) ---- */

enum { PAGE_STEP, PAGE_INPUT, PAGE_OUTPUT };

typedef struct {
  int kind;
  int index; /* of the step, the input or the first of the outputs */
  int count; /* steps or outputs that it stands for: the repeats of its block */
  int block; /* -1: none */
} page_node;

/* Steps that come again and again with other weights: the layers of a model, drawn once. */
typedef struct {
  int start, period, count;
} page_block;

typedef struct {
  page_node *nodes; /* nodes[i] is drawn as boxes[i] */
  page_box *boxes;
  page_edge *edges;
  page_block *blocks;
  size_t node_count, edge_count, block_count;
} page_graph;

/* The steps of an entry, its inputs and outputs, with ranks but without places. */
page_graph *page_graph_of(arena *a, const plan_entry *e);

/* ---- drawings (page_drawing.c, page_memory.c): each appends one <svg>; `a` for what it needs on the way
 * ---- */

extern const char page_arrow[]; /* an SVG definition that edges refer to; once per page */
void page_draw_graph(text *t, arena *a, const inspect_entry *e);
void page_draw_memory(text *t, arena *a, const inspect_entry *e);

/* ---- words (page_words.c) ---- */

/* What a step is about in a few words: "768 → 3072, bias, gelu_tanh". */
char *page_step_words(arena *a, const plan_step *step);
/* Everything about it, in lines. */
char *page_step_facts(arena *a, const inspect_entry *e, size_t step);
/* A step's estimated part of the entry's time, 0 to 1: the larger of its arithmetic and its memory traffic.
 */
double page_step_share(const inspect_entry *e, size_t step);
/* Appends text that may hold anything as HTML text or attribute. */
void page_escape(text *t, const char *words);
/* The style sheet (page_style.c). */
extern const char page_style[];
/* The same, at most `columns` characters, the rest as an ellipsis. */
void page_escape_short(text *t, const char *words, int columns);

#endif
