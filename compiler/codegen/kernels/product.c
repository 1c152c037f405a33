/*
 * product.c: blocks and loops of a matrix product around the register tile.
 * For each block of rows, for each block of K, for each tile of columns: all
 * tiles of rows pass. So the block of x stays in the second-level cache, with
 * the block of w (block_depth x tile_columns) that is multiplied and the next
 * one, which is fetched meanwhile.
 */
#include "codegen/kernels/product.h"

#include <string.h>

enum {
  DEPTH_BLOCK = 768, /* K per block: with 16 f32 columns 48 KiB */
  ROW_BLOCK = 66,    /* rows per block: with DEPTH_BLOCK 198 KiB of f32; of bytes twice as many */
  NEAR_BYTES = ROW_BLOCK * DEPTH_BLOCK * (int)sizeof(float),
  CACHE_PERIOD_BYTES = 4096,         /* addresses this far apart share a set */
  STREAM_AHEAD_BYTES = 512,          /* more, and two threads get a tenth less from memory */
  STREAM_AHEAD_NIBBLES_BYTES = 2048, /* whose steps take longer */
  GROUP_COLUMNS = 64,                /* columns per unit when there are many rows */
};

/* Vectors must not straddle two panels where the right half of a gated w begins. */
static void narrow_for_gate(product *p) {
  int64_t columns;
  p->vectors /= 2;
  if (!emit_is_constant(p->columns, &columns)) columns = 1;
  while (p->lanes > 1 && columns % p->lanes) p->lanes /= 2;
}

static LLVMValueRef round_up(emitter *e, LLVMValueRef x, int64_t step) {
  LLVMValueRef s = emit_index(e, step);
  return emit_mul(e, emit_udiv(e, emit_add(e, x, emit_index(e, step - 1)), s), s);
}

static LLVMValueRef blocks_of(emitter *e, LLVMValueRef x, LLVMValueRef size) {
  return emit_udiv(e, emit_sub(e, emit_add(e, x, size), emit_index(e, 1)), size);
}

/* Whether partial sums may wait in the result between blocks of K. */
static bool can_split_depth(const product *p) {
  return !p->gated && !p->w_scale && p->result.dtype == p->dtype &&
         (!p->residual || p->activation == IR_IDENTITY);
}

/* So many rows take all of K at once: one tile has them, where programs are steady that of any level. */
static int few_rows(const emitter *e, const product *p) {
  return e->steady ? 4 : p->tile_rows;
}

/* Whether there are few rows, or they are added up as if alone. */
static bool is_low(const emitter *e, const product *p) {
  int64_t rows;
  return p->apart || (emit_is_constant(p->rows, &rows) && rows <= few_rows(e, p));
}

/*
 * Room for a copy of x as `dtype`, a block at a time: its rows lie together, and are converted once for all
 * columns. Returns how many rows a block may have, a multiple of the tile's.
 */
static int64_t keep_x_near(emitter *e, product *p, ir_dtype dtype, int64_t row_limit) {
  int64_t K, elements = NEAR_BYTES / (int64_t)ir_dtype_bytes(dtype);
  if (!emit_is_constant(p->depth, &K)) return row_limit;
  bool is_split = can_split_depth(p) && K > DEPTH_BLOCK && !is_low(e, p);
  int64_t rows = elements / (is_split ? DEPTH_BLOCK : K ? K : 1);
  if (rows > row_limit) rows = row_limit;
  rows -= rows % p->tile_rows;
  if (rows == 0 || K * p->tile_rows > elements) return row_limit;
  p->near_x = emit_stack(e, emit_type(e, dtype, 1), elements);
  p->near_dtype = dtype;
  return rows;
}

/* Whether all rows of x fall into the same sets of a first-level cache, where few of them fit. */
static bool has_rows_in_step(const product *p) {
  int64_t stride;
  bool is_f32 = p->x.dtype == SMELT_F32 && p->dtype == SMELT_F32 && !p->w_stride;
  return is_f32 && emit_is_constant(p->x.row_stride, &stride) && stride > 0 &&
         stride * (int64_t)sizeof(float) % CACHE_PERIOD_BYTES == 0;
}

/* Blocks of K begin at multiples of four: only the last one of an odd K is odd. */
static bool may_be_odd(LLVMValueRef depth) {
  int64_t known;
  return !emit_is_constant(depth, &known) || known % 2 != 0;
}

/* Of a gated product whole vectors only: its halves must not share one. */
static bool takes_dots(const emitter *e, const product *p) {
  int64_t columns = 0, lanes = e->level->vector_bytes / (int64_t)sizeof(int32_t);
  bool is_bytes = p->w_scale && !p->grouped;
  bool is_bf16 = p->together == PLAN_PAIR && p->x.dtype == SMELT_BF16 && !may_be_odd(p->depth);
  if (!(is_bytes || is_bf16) || !tile_dots_suits(e, p->x.dtype)) return false;
  return !p->gated || (emit_is_constant(p->columns, &columns) && columns % lanes == 0);
}

/* Two rows at once, where there are two. */
static bool takes_mmla(const emitter *e, const product *p) {
  int64_t rows = 0;
  bool is_alone = p->apart || (emit_is_constant(p->rows, &rows) && rows == 1);
  return !is_alone && takes_dots(e, p) && tile_mmla_suits(e, p->x.dtype, p->depth);
}

/* Sets of sums of a tile: as many on every level, or 0: by its shape. Sums of bytes do not mind. */
static int tile_sets_of(const emitter *e, const product *p) {
  int64_t rows = 0;
  if (!e->steady || p->w_scale || takes_dots(e, p)) return 0;
  return p->apart || (emit_is_constant(p->rows, &rows) && rows == 1) ? TILE_UNROLL : 1;
}

/*
 * Rows of a tile in which each has the sums, and the order, that it has alone. Sums of bytes are exact, or in
 * order anyway; of others a row has several sets, and the tile as many times fewer rows.
 */
static int rows_apart(const emitter *e, const product *p) {
  enum { FEW_ROWS = 4 };
  if (p->w_scale) return p->tile_rows < FEW_ROWS ? p->tile_rows : FEW_ROWS;
  int sets = tile_sets_of(e, p), rows = p->tile_rows / (sets ? sets : tile_sets(p->vectors, TILE_UNROLL));
  return rows > 1 ? rows : 1;
}

static void choose_tile(emitter *e, product *p) {
  if (p->grouped) {
    tile_shape_nibbles(e, &p->tile_rows, &p->vectors, &p->lanes);
  } else if (takes_mmla(e, p)) {
    tile_shape_mmla(e, &p->tile_rows, &p->vectors, &p->lanes);
  } else if (takes_dots(e, p)) {
    tile_shape_dots(e, &p->tile_rows, &p->vectors, &p->lanes);
  } else if (p->w_scale) {
    tile_shape_bytes(e, &p->tile_rows, &p->vectors, &p->lanes);
  } else if (p->together == PLAN_PAIR) {
    tile_shape_pairs(e, &p->tile_rows, &p->vectors, &p->lanes);
  } else {
    tile_shape(e, p->dtype, &p->tile_rows, &p->vectors, &p->lanes);
  }
  if (p->most_rows && p->most_rows < p->tile_rows) p->tile_rows = p->most_rows;
  if (p->apart) p->tile_rows = rows_apart(e, p);
}

/* Makes room for what is known of x before its products. Returns the most rows that a block may have. */
static int64_t prepare_x(emitter *e, product *p) {
  int64_t row_limit = p->w_scale || takes_dots(e, p) ? 2 * ROW_BLOCK : ROW_BLOCK;
  p->row_excesses = emit_index(e, 1);
  if (p->grouped) {
    int64_t depth = 0;
    emit_is_constant(p->depth, &depth); /* always: weights in groups are packed, so their K is known */
    int64_t groups = depth / IR_GROUP;
    while (row_limit > p->tile_rows && row_limit * groups * (int64_t)sizeof(int32_t) > NEAR_BYTES)
      row_limit -= p->tile_rows;
    p->row_excesses = emit_index(e, groups);
    p->x_excess = emit_stack(e, e->i32, row_limit * groups);
  } else if (takes_dots(e, p)) {
    row_limit -= row_limit % p->tile_rows;
    if (tile_dots_exceed(e, p->x.dtype)) p->x_excess = emit_stack(e, e->i32, row_limit);
  } else if (p->w_scale && p->x.dtype == SMELT_I8 && !tile_bytes_suits(e)) {
    return keep_x_near(e, p, SMELT_I16, row_limit);
  } else if (p->together == PLAN_PAIR ? p->x.dtype == SMELT_BF16 : has_rows_in_step(p) && !is_low(e, p)) {
    return keep_x_near(e, p, SMELT_F32, row_limit);
  }
  return row_limit;
}

LLVMValueRef product_plan(emitter *e, product *p, LLVMValueRef *unit_work) {
  LLVMValueRef one = emit_index(e, 1);
  p->dtype = emit_compute_dtype(p->result.dtype);
  choose_tile(e, p);
  int64_t row_limit = prepare_x(e, p);
  LLVMTypeRef vector = emit_type(e, p->dtype, p->lanes);
  p->sums = emit_stack(e, vector, (int64_t)p->tile_rows * p->vectors);
  if (p->gated) narrow_for_gate(p);
  p->tile_columns = p->vectors * p->lanes;
  LLVMValueRef few = emit_icmp(e, LLVMIntSLE, p->rows, emit_index(e, p->tile_rows));
  if (p->apart) few = LLVMConstInt(e->i1, 1, false);
  p->row_blocks = emit_imax(e, one, blocks_of(e, p->rows, emit_index(e, row_limit)));
  p->block_rows = round_up(e, blocks_of(e, p->rows, p->row_blocks), p->tile_rows);
  int64_t group = GROUP_COLUMNS / p->tile_columns;
  p->group_tiles = emit_select(e, few, one, emit_index(e, group > 1 ? group : 1));
  LLVMValueRef tiles = blocks_of(e, p->columns, emit_index(e, p->tile_columns));
  p->groups = blocks_of(e, tiles, p->group_tiles);
  p->depth_blocks = one;
  p->block_depth = p->depth;
  int64_t known;
  bool is_short = emit_is_constant(p->depth, &known) && known <= DEPTH_BLOCK;
  p->splits_depth = can_split_depth(p) && !is_short && !is_low(e, p);
  if (p->splits_depth) {
    LLVMValueRef many = emit_imax(e, one, blocks_of(e, p->depth, emit_index(e, DEPTH_BLOCK)));
    few = emit_icmp(e, LLVMIntSLE, p->rows, emit_index(e, few_rows(e, p)));
    p->depth_blocks = emit_select(e, few, one, many);
    p->block_depth = round_up(e, blocks_of(e, p->depth, p->depth_blocks), 4);
  }
  LLVMValueRef rows = emit_imin(e, p->rows, p->block_rows);
  LLVMValueRef columns =
      emit_mul(e, p->group_tiles, emit_index(e, (int64_t)p->tile_columns * (p->gated ? 2 : 1)));
  *unit_work = emit_udiv(e, emit_mul(e, emit_mul(e, rows, columns), p->depth), emit_index(e, 4));
  return emit_mul(e, p->row_blocks, p->groups);
}

/* Where in panels of `rows` rows, each of `width` elements per column, column n begins. */
static LLVMValueRef panel_start(emitter *e, const product *p, LLVMValueRef n, LLVMValueRef rows, int width) {
  LLVMValueRef panel = emit_index(e, PLAN_PANEL);
  /* a tile may reach past the last panel: it then reads that one again, and nothing is stored */
  LLVMValueRef all = p->gated ? emit_add(e, p->columns, p->columns) : p->columns;
  LLVMValueRef number =
      emit_imin(e, emit_udiv(e, n, panel), emit_sub(e, blocks_of(e, all, panel), emit_index(e, 1)));
  LLVMValueRef row = emit_add(e, emit_mul(e, emit_mul(e, number, rows), panel), emit_urem(e, n, panel));
  return emit_mul(e, row, emit_index(e, width));
}

/* Where w's vector that begins at column n has row 0. */
static LLVMValueRef column_start(emitter *e, const product *p, LLVMValueRef n) {
  LLVMValueRef offset = n;
  if (p->grouped) {
    offset = panel_start(e, p, n, emit_udiv(e, p->depth, emit_index(e, 2 * PLAN_QUAD)), PLAN_QUAD);
  } else if (!p->w_stride) {
    offset = panel_start(e, p, n, blocks_of(e, p->depth, emit_index(e, p->together)), p->together);
  }
  return emit_at(e, p->w_dtype, p->w, offset);
}

/* Where the scales of the columns from n on begin. */
static LLVMValueRef group_scale_start(emitter *e, const product *p, LLVMValueRef n) {
  LLVMValueRef groups = emit_udiv(e, p->depth, emit_index(e, IR_GROUP));
  return emit_at(e, p->w_scale_dtype, p->w_scale, panel_start(e, p, n, groups, 1));
}

typedef struct {
  LLVMValueRef row, column, k, depth;
  LLVMValueRef first_column, column_end;             /* of the unit */
  LLVMValueRef fetch[TILE_MAX_FETCHES], fetch_bytes; /* of the tile */
  int fetch_count;
  LLVMValueRef first_row; /* of the unit */
  product_place place;
} tile_place;

/* ---- x brought near ---- */

static LLVMValueRef near_row(emitter *e, const product *p, LLVMValueRef row) {
  return emit_at(e, p->near_dtype, p->near_x, emit_mul(e, row, p->block_depth));
}

typedef struct {
  LLVMValueRef from, to;
  ir_dtype dtype, near_dtype;
} row_copy;

static void copy_part(emitter *e, LLVMValueRef k, int lanes, int part, void *user) {
  const row_copy *c = user;
  (void)part;
  LLVMValueRef v = emit_load(e, c->dtype, emit_at(e, c->dtype, c->from, k), lanes);
  if (!ir_dtype_is_float(c->dtype)) v = LLVMBuildSExt(e->builder, v, emit_type(e, c->near_dtype, lanes), "");
  emit_store(e, c->near_dtype, emit_at(e, c->near_dtype, c->to, k), v);
}

static void bring_rows(emitter *e, const product *p, LLVMValueRef end, const tile_place *at) {
  emit_loop rows = emit_loop_begin(e, at->first_row, end, 1);
  row_copy c = {.dtype = p->x.dtype,
                .near_dtype = p->near_dtype,
                .from = emit_at(e, p->x.dtype, kernel_row(e, &p->x, rows.index), at->k),
                .to = near_row(e, p, emit_sub(e, rows.index, at->first_row))};
  emit_strips(e, emit_index(e, 0), at->depth, p->lanes, 2, copy_part, &c);
  emit_loop_end(e, &rows);
}

static LLVMValueRef excess_of(emitter *e, const product *p, LLVMValueRef row, const tile_place *at) {
  LLVMValueRef before = emit_mul(e, emit_sub(e, row, at->first_row), p->row_excesses);
  return emit_at(e, SMELT_I32, p->x_excess, before);
}

static void find_excess(emitter *e, const product *p, LLVMValueRef end, const tile_place *at) {
  emit_loop rows = emit_loop_begin(e, at->first_row, end, 1);
  LLVMValueRef place = excess_of(e, p, rows.index, at), x = kernel_row(e, &p->x, rows.index);
  if (p->grouped) {
    emit_loop groups = emit_loop_begin(e, emit_index(e, 0), p->row_excesses, 1);
    LLVMValueRef group = emit_at(e, SMELT_I8, x, emit_mul(e, groups.index, emit_index(e, IR_GROUP)));
    emit_store(e, SMELT_I32, emit_at(e, SMELT_I32, place, groups.index),
               tile_nibbles_excess(e, p->lanes, group));
    emit_loop_end(e, &groups);
  } else {
    emit_store(e, SMELT_I32, place, tile_dots_excess(e, x, p->depth));
  }
  emit_loop_end(e, &rows);
}

/* ---- tiles ---- */

/* Sums of products of bytes to what they stand for. */
static void scale_sums(emitter *e, const product *p, const tile *t, const tile_place *at,
                       LLVMValueRef *sums) {
  for (int j = 0; j < t->vectors; j++) {
    LLVMValueRef n = emit_add(e, at->column, emit_index(e, (int64_t)(j % p->vectors) * p->lanes));
    LLVMValueRef count = emit_sub(e, p->columns, n);
    if (j >= p->vectors) n = emit_add(e, n, p->columns);
    LLVMValueRef column = NULL; /* groups of its rows have been multiplied by theirs */
    if (!p->grouped)
      column = emit_load_part(e, SMELT_F32, emit_at(e, SMELT_F32, p->w_scale, n), p->lanes, count);
    for (int r = 0; r < t->rows; r++) {
      LLVMValueRef row = kernel_row(e, p->x_scale, emit_add(e, at->row, emit_index(e, r)));
      LLVMValueRef scale = emit_splat(e, emit_load(e, SMELT_F32, row, 1), p->lanes);
      if (column) scale = emit_mul(e, scale, column);
      sums[r * t->vectors + j] = emit_mul(e, sums[r * t->vectors + j], scale);
    }
  }
}

static void sum_tile(emitter *e, const product *p, const tile *t, const tile_place *at, LLVMValueRef *sums) {
  (p->grouped                        ? tile_multiply_nibbles
   : t->rows > 1 && takes_mmla(e, p) ? tile_multiply_mmla
   : takes_dots(e, p)                ? tile_multiply_dots
   : p->w_scale                      ? tile_multiply_bytes
   : p->together == PLAN_PAIR        ? tile_multiply_pairs
                                     : tile_multiply)(e, t, sums);
  if (p->w_scale) scale_sums(e, p, t, at, sums);
}

/* The tile's sums to where the epilogue takes them from. */
static void keep_sums(emitter *e, const product *p, const tile *t, const tile_place *at) {
  LLVMValueRef sums[TILE_MAX_ROWS * TILE_MAX_VECTORS];
  sum_tile(e, p, t, at, sums);
  for (int i = 0; i < t->rows * t->vectors; i++)
    emit_store(e, p->dtype, emit_at(e, p->dtype, p->sums, emit_index(e, (int64_t)i * p->lanes)), sums[i]);
}

static void emit_tile(emitter *e, const product *p, int height, const tile_place *at) {
  int halves = p->gated ? 2 : 1;
  LLVMValueRef panel_stride = emit_index(e, PLAN_PANEL);
  tile t = {.rows = height,
            .vectors = p->vectors * halves,
            .lanes = p->lanes,
            .dtype = p->dtype,
            .x_dtype = p->near_x ? p->near_dtype : p->x.dtype,
            .w_dtype = p->w_dtype,
            .scale_dtype = p->w_scale_dtype,
            .x_stride = p->near_x ? p->block_depth : p->x.row_stride,
            .w_stride = p->w_stride ? p->w_stride : panel_stride,
            .depth = at->depth,
            .odd_depth = may_be_odd(p->depth),
            .long_x = e->steady && p->x.dtype == SMELT_F32,
            .apart = p->apart,
            .sets = tile_sets_of(e, p),
            .fetch_count = at->fetch_count,
            .fetch_bytes = at->fetch_bytes};
  memcpy(t.fetch, at->fetch, sizeof t.fetch);
  t.x = p->near_x ? near_row(e, p, emit_sub(e, at->row, at->first_row))
                  : emit_at(e, p->x.dtype, kernel_row(e, &p->x, at->row), at->k);
  if (p->x_excess) t.x_excess = excess_of(e, p, at->row, at);
  for (int j = 0; j < t.vectors; j++) {
    LLVMValueRef n = emit_add(e, at->column, emit_index(e, (int64_t)(j % p->vectors) * p->lanes));
    if (p->w_stride) t.w_count[j] = emit_sub(e, p->columns, n);
    if (j >= p->vectors) n = emit_add(e, n, p->columns);
    t.w[j] = emit_at(e, p->w_dtype, column_start(e, p, n), emit_mul(e, at->k, t.w_stride));
    if (p->grouped) t.scale[j] = group_scale_start(e, p, n);
  }
  if (height > 1 && !p->w_stride)
    for (int r = 0; r < height; r++) {
      LLVMValueRef row = emit_add(e, at->row, emit_index(e, r));
      emit_prefetch(e, kernel_row(e, &at->place.result, row), 1);
      if (!p->residual) continue;
      emit_prefetch(e, emit_at(e, p->residual->dtype, kernel_row(e, p->residual, row), at->column), 1);
    }
  product_place place = at->place;
  place.row = at->row;
  place.column = at->column;
  place.height = emit_index(e, height);
  if (p->w_stride) { /* masked loads only where columns are missing */
    LLVMValueRef end = emit_add(e, at->column, emit_index(e, p->tile_columns));
    emit_branch part = emit_if(e, emit_icmp(e, LLVMIntSGT, end, p->columns));
    keep_sums(e, p, &t, at);
    emit_else(e, &part);
    for (int j = 0; j < t.vectors; j++) t.w_count[j] = NULL;
    keep_sums(e, p, &t, at);
    emit_end_if(e, &part);
    product_epilogue(e, p, &place);
  } else if (p->w_scale && p->activation != IR_IDENTITY) { /* its code once for a row, not for each vector */
    keep_sums(e, p, &t, at);
    product_epilogue(e, p, &place);
  } else {
    LLVMValueRef sums[TILE_MAX_ROWS * TILE_MAX_VECTORS];
    sum_tile(e, p, &t, at, sums);
    product_epilogue_tile(e, p, &place, height, sums);
  }
}

/* Of one row of a panel. */
static int64_t row_bytes(const product *p) {
  return p->grouped ? PLAN_PANEL / 2 : PLAN_PANEL * (int64_t)ir_dtype_bytes(p->w_dtype);
}

/*
 * Where w's next block begins: the next columns of this block of K, or the next block of this unit or the
 * next. It has a part in each of the panels that a tile reads: `panel` of them.
 */
static LLVMValueRef next_block(emitter *e, const product *p, const tile_place *at, int panel) {
  LLVMValueRef n = emit_add(e, at->column, emit_index(e, p->tile_columns));
  LLVMValueRef ends = emit_icmp(e, LLVMIntSGE, n, at->column_end);
  LLVMValueRef returns = emit_binary(e, LLVMAnd, ends, LLVMBuildNot(e->builder, at->place.last, ""));
  LLVMValueRef later = emit_select(e, at->place.last, emit_index(e, 0), emit_add(e, at->k, at->depth));
  LLVMValueRef k = emit_select(e, ends, later, at->k);
  n = emit_select(e, returns, at->first_column, n);
  if (panel) n = emit_add(e, n, p->gated ? p->columns : emit_index(e, (int64_t)panel * PLAN_PANEL));
  return emit_at(e, SMELT_I8, column_start(e, p, n), emit_mul(e, k, emit_index(e, row_bytes(p))));
}

/*
 * What to fetch during a tile. A row alone streams: a few lines ahead. Of more rows, each tile fetches that
 * share of the next block which its rows are of all rows, so that memory is asked for evenly while the
 * present one is reused.
 */
static void plan_fetch(emitter *e, const product *p, int height, LLVMValueRef low, LLVMValueRef high,
                       tile_place *at) {
  at->fetch_count = 0;
  if (p->w_stride) return;
  LLVMValueRef bytes = emit_index(e, row_bytes(p)), rows = emit_sub(e, high, low);
  LLVMValueRef before = emit_mul(e, emit_sub(e, at->row, low), bytes);
  before = emit_mul(e, emit_udiv(e, before, rows), at->depth);
  at->fetch_bytes = blocks_of(e, emit_mul(e, bytes, emit_index(e, height)), rows);
  at->fetch_count = p->gated ? 2 : p->tile_columns > PLAN_PANEL ? p->tile_columns / PLAN_PANEL : 1;
  /* bytes of a narrow tile come fast enough: the gate's line costs more than it saves */
  if (p->w_scale && p->tile_columns <= PLAN_PANEL) at->fetch_count = 1;
  for (int i = 0; i < at->fetch_count; i++)
    at->fetch[i] = emit_at(e, SMELT_I8, next_block(e, p, at, i), before);
  if (height > 1) return;
  LLVMValueRef along = emit_mul(e, at->k, bytes);
  along = emit_add(e, along, emit_index(e, p->grouped ? STREAM_AHEAD_NIBBLES_BYTES : STREAM_AHEAD_BYTES));
  LLVMValueRef stream = emit_at(e, SMELT_I8, column_start(e, p, at->column), along);
  LLVMValueRef alone = emit_icmp(e, LLVMIntEQ, rows, emit_index(e, 1));
  at->fetch_count = 1;
  at->fetch[0] = emit_select(e, alone, stream, at->fetch[0]);
}

/*
 * How many of `rows` go in whole tiles. Two rows alone take as long as three or four, since they read as much
 * of w: 6 + 2 rows go as 4 + 4.
 */
static LLVMValueRef rows_in_whole_tiles(emitter *e, const product *p, LLVMValueRef rows) {
  LLVMValueRef size = emit_index(e, p->tile_rows), count = emit_udiv(e, rows, size);
  if (p->tile_rows == 6) {
    LLVMValueRef left = emit_urem(e, rows, size), one = emit_index(e, 1);
    LLVMValueRef low = emit_icmp(e, LLVMIntEQ, emit_udiv(e, left, emit_index(e, 2)), one);
    LLVMValueRef fewer = emit_imax(e, emit_index(e, 0), emit_sub(e, count, one));
    count = emit_select(e, low, fewer, count);
  }
  return emit_mul(e, count, size);
}

/* Rows [low, high) under one tile of columns: as many whole tiles as fit, then lower ones. */
static void emit_rows(emitter *e, const product *p, LLVMValueRef low, LLVMValueRef high, tile_place *at) {
  int heights[] = {p->tile_rows, 8, 4, 2, 1};
  int64_t rows = INT64_MAX;
  emit_is_constant(p->rows, &rows);
  LLVMValueRef row = low;
  for (int i = 0; i < 5; i++) {
    int height = heights[i];
    if (height > rows || (i > 0 && height >= p->tile_rows)) continue;
    LLVMValueRef left = emit_sub(e, high, row), size = emit_index(e, height);
    LLVMValueRef end = i == 0 ? rows_in_whole_tiles(e, p, left) : emit_mul(e, emit_udiv(e, left, size), size);
    end = emit_add(e, row, end);
    emit_loop tiles = emit_loop_begin(e, row, end, height);
    at->row = tiles.index;
    plan_fetch(e, p, height, low, high, at);
    emit_tile(e, p, height, at);
    emit_loop_end(e, &tiles);
    row = end;
  }
}

/* Columns [column, column_end) of a block of rows, all of K. */
static void multiply_block(emitter *e, const product *p, LLVMValueRef block, LLVMValueRef column,
                           LLVMValueRef column_end) {
  LLVMValueRef one = emit_index(e, 1), zero = emit_index(e, 0);
  LLVMValueRef row = emit_mul(e, block, p->block_rows);
  LLVMValueRef row_end = emit_imax(e, row, emit_imin(e, p->rows, emit_add(e, row, p->block_rows)));
  emit_loop depth = emit_loop_begin(e, zero, p->depth_blocks, 1);
  tile_place at = {.k = emit_mul(e, depth.index, p->block_depth), .first_row = row};
  at.depth = emit_imax(e, zero, emit_imin(e, p->block_depth, emit_sub(e, p->depth, at.k)));
  at.place.first = emit_icmp(e, LLVMIntEQ, depth.index, zero);
  at.place.last = emit_icmp(e, LLVMIntEQ, depth.index, emit_sub(e, p->depth_blocks, one));
  at.first_column = column;
  at.column_end = column_end;
  if (p->near_x) bring_rows(e, p, row_end, &at);
  if (p->x_excess) find_excess(e, p, row_end, &at);
  emit_loop tiles = emit_loop_begin(e, column, column_end, p->tile_columns);
  at.column = tiles.index;
  at.place.result = product_result_at(e, p, at.column);
  emit_rows(e, p, row, row_end, &at);
  emit_loop_end(e, &tiles);
  emit_loop_end(e, &depth);
}

/* Unit u is group u / row_blocks of the block of rows u % row_blocks: threads differ in columns first. */
void product_units(emitter *e, const product *p, LLVMValueRef low, LLVMValueRef high) {
  LLVMValueRef zero = emit_index(e, 0), columns = emit_mul(e, p->group_tiles, emit_index(e, p->tile_columns));
  emit_loop blocks = emit_loop_begin(e, zero, p->row_blocks, 1);
  LLVMValueRef from = emit_imax(e, zero, emit_sub(e, low, blocks.index));
  LLVMValueRef to = emit_imax(e, zero, emit_sub(e, high, blocks.index));
  LLVMValueRef first = emit_mul(e, blocks_of(e, from, p->row_blocks), columns);
  LLVMValueRef end = emit_mul(e, blocks_of(e, to, p->row_blocks), columns);
  emit_branch some = emit_if(e, emit_icmp(e, LLVMIntSLT, first, end));
  multiply_block(e, p, blocks.index, first, emit_imin(e, p->columns, end));
  emit_end_if(e, &some);
  emit_loop_end(e, &blocks);
}
