/*
 * page_layout.c: a layered drawing. Edges over several rows become chains of
 * narrow items; rows are ordered by the means of their neighbours, and the best
 * order seen is kept; then each row moves as close to its neighbours as order
 * and gaps allow.
 */
#include "driver/page.h"

#include <stdlib.h>
#include <string.h>

enum { ORDER_SWEEPS = 16, PLACE_SWEEPS = 600, MOST_PLACEMENTS = 2000000 };
static const double BEND_WIDTH = 14;

typedef struct item {
  double width, x, key;
  int place;             /* in its row */
  bool is_bend;          /* of an edge, not a box */
  struct item **near[2]; /* neighbours in the row above, below */
  size_t near_count[2], near_capacity[2];
} item;

typedef struct {
  item **items;
  size_t count, capacity;
} row;

typedef struct {
  double sum, weight; /* of the wanted places, each less its item's offset in the row */
  size_t first;
} run;

typedef struct {
  arena *a;
  row *rows;
  int row_count;
  double gap;
  /* Of the row that is being placed; room for the longest. */
  double *wanted, *weight, *offset;
  run *runs;
} layout;

/* ---- items ---- */

static void put(layout *l, item *i, int rank) {
  row *r = &l->rows[rank];
  i->place = (int)r->count;
  ARENA_PUSH(l->a, r->items, r->count, r->capacity) = i;
}

static void join(layout *l, item *upper, item *lower) {
  ARENA_PUSH(l->a, upper->near[1], upper->near_count[1], upper->near_capacity[1]) = lower;
  ARENA_PUSH(l->a, lower->near[0], lower->near_count[0], lower->near_capacity[0]) = upper;
}

static item **chain_edge(layout *l, const page_box *boxes, item *items, const page_edge *e) {
  int first = boxes[e->from].rank + 1, last = boxes[e->to].rank;
  item **bends = ARENA_ARRAY(l->a, item *, (size_t)(last - first + 1));
  item *above = &items[e->from];
  for (int rank = first; rank < last; rank++) {
    item *bend = bends[rank - first] = ARENA_NEW(l->a, item);
    *bend = (item){.width = BEND_WIDTH, .is_bend = true};
    put(l, bend, rank);
    join(l, above, bend);
    above = bend;
  }
  join(l, above, &items[e->to]);
  return bends;
}

/* ---- order ---- */

static int by_key(const void *left, const void *right) {
  const item *a = *(item *const *)left, *b = *(item *const *)right;
  if (a->key != b->key) return a->key < b->key ? -1 : 1;
  return a->place - b->place;
}

static void order_row(row *r, int side) {
  for (size_t i = 0; i < r->count; i++) {
    item *it = r->items[i];
    double sum = 0;
    for (size_t k = 0; k < it->near_count[side]; k++) sum += it->near[side][k]->place;
    it->key = it->near_count[side] ? sum / (double)it->near_count[side] : it->place;
  }
  qsort(r->items, r->count, sizeof *r->items, by_key);
  for (size_t i = 0; i < r->count; i++) r->items[i]->place = (int)i;
}

static int64_t crossings_below(const row *r) {
  int64_t count = 0;
  for (size_t i = 0; i < r->count; i++) {
    for (size_t j = i + 1; j < r->count; j++) {
      const item *left = r->items[i], *right = r->items[j];
      for (size_t p = 0; p < left->near_count[1]; p++) {
        for (size_t q = 0; q < right->near_count[1]; q++) {
          count += left->near[1][p]->place > right->near[1][q]->place;
        }
      }
    }
  }
  return count;
}

static int64_t crossings(const layout *l) {
  int64_t count = 0;
  for (int i = 0; i + 1 < l->row_count; i++) count += crossings_below(&l->rows[i]);
  return count;
}

static void keep_order(const layout *l, item ***kept) {
  for (int i = 0; i < l->row_count; i++) {
    memcpy(kept[i], l->rows[i].items, l->rows[i].count * sizeof(item *));
  }
}

static void order(layout *l) {
  item ***best = ARENA_ARRAY(l->a, item **, (size_t)l->row_count);
  for (int i = 0; i < l->row_count; i++) best[i] = ARENA_ARRAY(l->a, item *, l->rows[i].count);
  keep_order(l, best);
  int64_t least = crossings(l);
  for (int sweep = 0; sweep < ORDER_SWEEPS && least; sweep++) {
    bool down = sweep % 2 == 0;
    for (int i = 1; i < l->row_count; i++) order_row(&l->rows[down ? i : l->row_count - 1 - i], down ? 0 : 1);
    int64_t count = crossings(l);
    if (count >= least) continue;
    least = count;
    keep_order(l, best);
  }
  for (int i = 0; i < l->row_count; i++) {
    for (size_t k = 0; k < l->rows[i].count; k++) {
      l->rows[i].items[k] = best[i][k];
      best[i][k]->place = (int)k;
    }
  }
}

/* ---- places ---- */

static double distance(const layout *l, const item *left, const item *right) {
  double gap = left->is_bend && right->is_bend ? 2 : l->gap;
  return (left->width + right->width) / 2 + gap;
}

/* How much two neighbours want to stand below each other: chains and long edges should be straight. */
static double pull(const item *above, const item *below) {
  int single = (above->near_count[1] == 1) + (below->near_count[0] == 1);
  return single == 2 ? 10 : single == 1 ? 2 : 1;
}

/*
 * The places nearest to where each item wants to be (least squares) that keep order and distances: less the
 * distances to the left this is isotonic regression, by pooling adjacent violators.
 */
static void place_row(layout *l, row *r) {
  run *runs = l->runs;
  double *offset = l->offset;
  size_t run_count = 0;
  for (size_t i = 0; i < r->count; i++) {
    offset[i] = i ? offset[i - 1] + distance(l, r->items[i - 1], r->items[i]) : 0;
    runs[run_count++] = (run){(l->wanted[i] - offset[i]) * l->weight[i], l->weight[i], i};
    while (run_count > 1) {
      run *before = &runs[run_count - 2], *last = &runs[run_count - 1];
      if (before->sum * last->weight <= last->sum * before->weight) break;
      before->sum += last->sum;
      before->weight += last->weight;
      run_count--;
    }
  }
  for (size_t i = 0, k = 0; i < r->count; i++) {
    if (k + 1 < run_count && runs[k + 1].first == i) k++;
    r->items[i]->x = offset[i] + runs[k].sum / runs[k].weight;
  }
}

/*
 * Moves a row to the weighted means of its neighbours, at first only of those that the sweep comes from.
 * Looking both ways each row is a step of coordinate descent on the sum of pull * distance^2, so it settles.
 */
static void settle_row(layout *l, row *r, int side, bool both) {
  for (size_t i = 0; i < r->count; i++) {
    const item *it = r->items[i];
    double sum = 0, total = 0;
    for (int s = 0; s < 2; s++) {
      for (size_t k = 0; (s == side || both) && k < it->near_count[s]; k++) {
        const item *other = it->near[s][k];
        double p = s ? pull(it, other) : pull(other, it);
        sum += p * other->x;
        total += p;
      }
    }
    l->wanted[i] = total > 0 ? sum / total : it->x;
    l->weight[i] = total > 0 ? total : 0.1;
  }
  place_row(l, r);
}

/* Side by side from the left; returns how many items there are. */
static size_t line_up(layout *l) {
  size_t item_count = 0, longest = 0;
  for (int i = 0; i < l->row_count; i++) {
    row *r = &l->rows[i];
    item_count += r->count;
    if (r->count > longest) longest = r->count;
    for (size_t k = 0; k < r->count; k++) {
      item *it = r->items[k];
      if (k) it->x = r->items[k - 1]->x + distance(l, r->items[k - 1], it);
    }
  }
  l->wanted = ARENA_ARRAY(l->a, double, longest);
  l->weight = ARENA_ARRAY(l->a, double, longest);
  l->offset = ARENA_ARRAY(l->a, double, longest);
  l->runs = ARENA_ARRAY(l->a, run, longest);
  return item_count;
}

static void place(layout *l) {
  size_t item_count = line_up(l);
  for (int sweep = 0; sweep < PLACE_SWEEPS && (size_t)sweep * item_count < MOST_PLACEMENTS; sweep++) {
    bool down = sweep % 2 == 0;
    for (int i = 0; i < l->row_count; i++) {
      settle_row(l, &l->rows[down ? i : l->row_count - 1 - i], down ? 0 : 1, sweep >= 4);
    }
  }
}

/* Moves the drawing so that it begins at 0; returns its width. */
static double shift(layout *l) {
  double left = 0, right = 0;
  for (int i = 0; i < l->row_count; i++) {
    for (size_t k = 0; k < l->rows[i].count; k++) {
      const item *it = l->rows[i].items[k];
      if (it->x - it->width / 2 < left) left = it->x - it->width / 2;
      if (it->x + it->width / 2 > right) right = it->x + it->width / 2;
    }
  }
  for (int i = 0; i < l->row_count; i++) {
    for (size_t k = 0; k < l->rows[i].count; k++) l->rows[i].items[k]->x -= left;
  }
  return right - left;
}

double page_layout(arena *a, page_box *boxes, int box_count, page_edge *edges, int edge_count, double gap) {
  layout l = {.a = a, .gap = gap};
  for (int i = 0; i < box_count; i++) {
    if (boxes[i].rank >= l.row_count) l.row_count = boxes[i].rank + 1;
  }
  l.rows = ARENA_ARRAY(a, row, (size_t)l.row_count + 1);
  item *items = ARENA_ARRAY(a, item, (size_t)box_count + 1);
  item ***bends = ARENA_ARRAY(a, item **, (size_t)edge_count + 1);
  for (int i = 0; i < box_count; i++) {
    items[i].width = boxes[i].width;
    put(&l, &items[i], boxes[i].rank);
  }
  for (int i = 0; i < edge_count; i++) bends[i] = chain_edge(&l, boxes, items, &edges[i]);
  order(&l);
  place(&l);
  double width = shift(&l);
  for (int i = 0; i < box_count; i++) boxes[i].x = items[i].x;
  for (int i = 0; i < edge_count; i++) {
    int count = boxes[edges[i].to].rank - boxes[edges[i].from].rank - 1;
    edges[i].bends = ARENA_ARRAY(a, double, (size_t)(count > 0 ? count : 0) + 1);
    for (int k = 0; k < count; k++) edges[i].bends[k] = bends[i][k]->x;
  }
  return width;
}
