/*
 * tile_matrix.c: products of bf16 and of bytes on the tiles of Intel's
 * Advanced Matrix Extensions (Intel SDM volume 1, chapter 18; volume 2,
 * TDPBF16PS and TDPBSSD). A tile register has up to 16 rows of 64 bytes. Two
 * tiles of x under each other times two panels of w side by side make four
 * tiles of sums, over all of K: each tile that is loaded is used twice.
 * PLAN_PAIRS and PLAN_QUADS are the forms in which the instructions want w;
 * rows of x that do not exist are left out by the tiles' configuration,
 * columns that do not exist are zero in the panel.
 */
#include "codegen/kernels/product.h"

enum {
  TILE_ROWS = 16,
  TILE_ROW_BYTES = 64,
  BLOCK_ROWS = 2 * TILE_ROWS,
  BLOCK_COLUMNS = 2 * PLAN_PANEL,
  UNIT_ROWS = 4 * BLOCK_ROWS,
  UNIT_BLOCKS = 2,   /* of columns in a unit */
  LEAST_ROWS = 4,    /* fewer are bound by memory whatever multiplies them */
  CONFIG_WORDS = 8,  /* of 64 bits */
  MACS_PER_WORK = 32 /* of the matrix unit, in the time of one elementary operation (emit_claim_begin) */
};

/* Tile registers: sums [row][column], x [row], w [column]. */
enum { SUMS = 0, X_TILES = 4, W_TILES = 6 };

/* Elements of K in a row of x's tile. */
static int64_t tile_depth(const product *p) {
  return TILE_ROW_BYTES / (int64_t)ir_dtype_bytes(p->x.dtype);
}

bool tile_matrix_suits(const emitter *e, const product *p) {
  int64_t K, N;
  bool is_bf16 = p->together == PLAN_PAIR && p->x.dtype == SMELT_BF16;
  bool is_bytes = p->together == PLAN_QUAD && p->x.dtype == SMELT_I8;
  if (!(e->level->engines & ENGINE_AMX) || !(is_bf16 || is_bytes)) return false;
  if (!emit_is_constant(p->depth, &K) || K == 0 || K % tile_depth(p)) return false;
  return emit_is_constant(p->columns, &N) && (!p->gated || N % PLAN_PANEL == 0);
}

int tile_matrix_least_rows(void) {
  return LEAST_ROWS;
}

/* ---- instructions ---- */

static LLVMValueRef tile_number(emitter *e, int tile) {
  return LLVMConstInt(LLVMInt8TypeInContext(e->context), (unsigned)tile, false);
}

static LLVMValueRef bytes_at(emitter *e, LLVMValueRef base, LLVMValueRef bytes) {
  return emit_at(e, SMELT_I8, base, bytes);
}

/* "llvm.x86.tileloadd64" or "llvm.x86.tilestored64" */
static void move_tile(emitter *e, const char *name, int tile, LLVMValueRef memory,
                      LLVMValueRef stride_bytes) {
  emit_instruction(e, name, (LLVMValueRef[]){tile_number(e, tile), memory, stride_bytes}, 3);
}

static void multiply_tiles(emitter *e, const product *p, int sum, int x, int w) {
  const char *name = p->x.dtype == SMELT_I8 ? "llvm.x86.tdpbssd" : "llvm.x86.tdpbf16ps";
  emit_instruction(e, name, (LLVMValueRef[]){tile_number(e, sum), tile_number(e, x), tile_number(e, w)}, 3);
}

/*
 * The shapes of all tile registers, for `top` and `bottom` rows of x: a byte for the palette, 16-bit row
 * lengths from byte 16, 8-bit row counts from byte 48.
 */
static void configure(emitter *e, LLVMValueRef config, LLVMValueRef top, LLVMValueRef bottom) {
  const int64_t lengths = INT64_C(0x0001000100010001) * TILE_ROW_BYTES;
  LLVMValueRef zero = emit_index(e, 0);
  LLVMValueRef tops = emit_mul(e, top, emit_index(e, INT64_C(0x0000000100000101)));
  LLVMValueRef bottoms = emit_mul(e, bottom, emit_index(e, INT64_C(0x0000010001010000)));
  LLVMValueRef of_w = emit_index(e, (int64_t)(TILE_ROWS | TILE_ROWS << 8) << 48);
  LLVMValueRef rows = emit_add(e, emit_add(e, tops, bottoms), of_w);
  LLVMValueRef words[CONFIG_WORDS] = {
      emit_index(e, 1), zero, emit_index(e, lengths), emit_index(e, lengths), zero, zero, rows, zero};
  for (int i = 0; i < CONFIG_WORDS; i++)
    emit_store(e, SMELT_I64, emit_at(e, SMELT_I64, config, emit_index(e, i)), words[i]);
  emit_instruction(e, "llvm.x86.ldtilecfg", &config, 1);
}

/* ---- blocks ---- */

typedef struct {
  const product *p;
  LLVMValueRef config;
  LLVMValueRef row, height; /* of the block of x */
  LLVMValueRef column;      /* of the block of w */
} block;

/* The panel of column n, the last one for columns beyond. */
static LLVMValueRef panel_at(emitter *e, const product *p, LLVMValueRef n) {
  int64_t N = 0;
  emit_is_constant(p->columns, &N);
  int64_t last = ((p->gated ? 2 * N : N) + PLAN_PANEL - 1) / PLAN_PANEL - 1;
  LLVMValueRef number = emit_imin(e, emit_udiv(e, n, emit_index(e, PLAN_PANEL)), emit_index(e, last));
  LLVMValueRef elements = emit_mul(e, p->depth, emit_index(e, PLAN_PANEL));
  return emit_at(e, p->w_dtype, p->w, emit_mul(e, number, elements));
}

/* The sums of one block, `tiles` high, to p->sums: [BLOCK_ROWS][BLOCK_COLUMNS] of f32, or i32 of bytes. */
static void multiply_block(emitter *e, const block *b, int tiles) {
  const product *p = b->p;
  LLVMValueRef element_bytes = emit_index(e, (int64_t)ir_dtype_bytes(p->x.dtype));
  LLVMValueRef row_bytes = emit_mul(e, p->x.row_stride, element_bytes), x[2], w[2];
  LLVMValueRef w_stride = emit_index(e, TILE_ROW_BYTES);
  for (int r = 0; r < tiles; r++)
    x[r] = kernel_row(e, &p->x, emit_add(e, b->row, emit_index(e, (int64_t)r * TILE_ROWS)));
  w[0] = panel_at(e, p, b->column);
  w[1] = panel_at(e, p, emit_add(e, b->column, p->gated ? p->columns : emit_index(e, PLAN_PANEL)));
  for (int i = 0; i < 2 * tiles; i++)
    emit_instruction(e, "llvm.x86.tilezero", (LLVMValueRef[]){tile_number(e, SUMS + i)}, 1);
  emit_loop depth = emit_loop_begin(e, emit_index(e, 0), p->depth, tile_depth(p));
  LLVMValueRef along_x = emit_mul(e, depth.index, element_bytes);
  LLVMValueRef along_w = emit_mul(e, along_x, emit_index(e, PLAN_PANEL));
  for (int c = 0; c < 2; c++)
    move_tile(e, "llvm.x86.tileloadd64", W_TILES + c, bytes_at(e, w[c], along_w), w_stride);
  for (int r = 0; r < tiles; r++) {
    move_tile(e, "llvm.x86.tileloadd64", X_TILES + r, bytes_at(e, x[r], along_x), row_bytes);
    for (int c = 0; c < 2; c++) multiply_tiles(e, p, SUMS + 2 * r + c, X_TILES + r, W_TILES + c);
  }
  emit_loop_end(e, &depth);
  LLVMValueRef stride = emit_index(e, BLOCK_COLUMNS * (int64_t)sizeof(float));
  for (int i = 0; i < 2 * tiles; i++) {
    int64_t first = (int64_t)(i / 2) * TILE_ROWS * BLOCK_COLUMNS + (int64_t)(i % 2) * PLAN_PANEL;
    move_tile(e, "llvm.x86.tilestored64", SUMS + i, emit_at(e, SMELT_F32, p->sums, emit_index(e, first)),
              stride);
  }
}

/* A block's sums of products of bytes, in place, to what they stand for. */
static void scale_block(emitter *e, const block *b) {
  const product *p = b->p;
  LLVMTypeRef floats = emit_type(e, SMELT_F32, p->lanes);
  emit_loop rows = emit_loop_begin(e, emit_index(e, 0), b->height, 1);
  LLVMValueRef row = kernel_row(e, p->x_scale, emit_add(e, b->row, rows.index));
  LLVMValueRef row_scale = emit_splat(e, emit_load(e, SMELT_F32, row, 1), p->lanes);
  LLVMValueRef sums = emit_at(e, SMELT_F32, p->sums, emit_mul(e, rows.index, emit_index(e, BLOCK_COLUMNS)));
  for (int j = 0; j < BLOCK_COLUMNS / p->lanes; j++) {
    bool is_right = p->gated && j >= p->vectors;
    LLVMValueRef n =
        emit_add(e, b->column, emit_index(e, (int64_t)(is_right ? j - p->vectors : j) * p->lanes));
    LLVMValueRef count = emit_sub(e, p->columns, n), at = is_right ? emit_add(e, n, p->columns) : n;
    LLVMValueRef scale = emit_load_part(e, SMELT_F32, emit_at(e, SMELT_F32, p->w_scale, at), p->lanes, count);
    LLVMValueRef place = emit_at(e, SMELT_F32, sums, emit_index(e, (int64_t)j * p->lanes));
    LLVMValueRef sum = LLVMBuildSIToFP(e->builder, emit_load(e, SMELT_I32, place, p->lanes), floats, "");
    emit_store(e, SMELT_F32, place, emit_mul(e, sum, emit_mul(e, row_scale, scale)));
  }
  emit_loop_end(e, &rows);
}

static void emit_block(emitter *e, const block *b) {
  LLVMValueRef yes = LLVMConstInt(e->i1, 1, false);
  emit_branch tall = emit_if(e, emit_icmp(e, LLVMIntSGT, b->height, emit_index(e, TILE_ROWS)));
  multiply_block(e, b, 2);
  emit_else(e, &tall);
  multiply_block(e, b, 1);
  emit_end_if(e, &tall);
  if (b->p->w_scale) scale_block(e, b);
  product_place place = {.row = b->row, .column = b->column, .height = b->height, .first = yes, .last = yes};
  place.result = product_result_at(e, b->p, b->column);
  product_epilogue(e, b->p, &place);
}

static void emit_unit(emitter *e, const product *p, LLVMValueRef config, LLVMValueRef unit,
                      LLVMValueRef groups) {
  LLVMValueRef one = emit_index(e, 1), tile = emit_index(e, TILE_ROWS);
  LLVMValueRef row = emit_mul(e, emit_udiv(e, unit, groups), emit_index(e, UNIT_ROWS));
  LLVMValueRef row_end = emit_imin(e, p->rows, emit_add(e, row, emit_index(e, UNIT_ROWS)));
  LLVMValueRef unit_columns = emit_index(e, (int64_t)UNIT_BLOCKS * p->tile_columns);
  LLVMValueRef column = emit_mul(e, emit_urem(e, unit, groups), unit_columns);
  LLVMValueRef column_end = emit_imin(e, p->columns, emit_add(e, column, unit_columns));
  emit_loop rows = emit_loop_begin(e, row, row_end, BLOCK_ROWS);
  block b = {.p = p, .config = config, .row = rows.index};
  b.height = emit_imin(e, emit_index(e, BLOCK_ROWS), emit_sub(e, row_end, b.row));
  LLVMValueRef top = emit_imin(e, b.height, tile);
  /* a tile without rows would be no tile: one that is not used has one */
  configure(e, config, top, emit_imax(e, one, emit_sub(e, b.height, tile)));
  emit_loop columns = emit_loop_begin(e, column, column_end, p->tile_columns);
  b.column = columns.index;
  emit_block(e, &b);
  emit_loop_end(e, &columns);
  emit_loop_end(e, &rows);
}

static LLVMValueRef count_of(emitter *e, LLVMValueRef x, int64_t size) {
  return emit_udiv(e, emit_add(e, x, emit_index(e, size - 1)), emit_index(e, size));
}

void tile_matrix_product(emitter *e, const product *described) {
  product p = *described;
  p.dtype = SMELT_F32;
  p.lanes = emit_level_lanes(e, SMELT_F32);
  if (p.lanes > PLAN_PANEL) p.lanes = PLAN_PANEL;
  p.vectors = (p.gated ? PLAN_PANEL : BLOCK_COLUMNS) / p.lanes;
  p.tile_columns = p.vectors * p.lanes;
  p.sums = emit_stack(e, emit_type(e, SMELT_F32, 1), (int64_t)BLOCK_ROWS * BLOCK_COLUMNS);
  LLVMValueRef config = emit_stack(e, e->i64, CONFIG_WORDS);
  LLVMValueRef groups = count_of(e, p.columns, (int64_t)UNIT_BLOCKS * p.tile_columns);
  LLVMValueRef units = emit_mul(e, count_of(e, p.rows, UNIT_ROWS), groups);
  LLVMValueRef rows = emit_imin(e, p.rows, emit_index(e, UNIT_ROWS));
  LLVMValueRef work = emit_mul(e, emit_mul(e, rows, p.depth), emit_index(e, UNIT_BLOCKS * BLOCK_COLUMNS));
  emit_claim claim = emit_claim_begin(e, units, emit_udiv(e, work, emit_index(e, MACS_PER_WORK)));
  emit_loop unit = emit_loop_begin(e, claim.low, claim.high, 1);
  emit_unit(e, &p, config, unit.index, groups);
  emit_loop_end(e, &unit);
  emit_claim_end(e, &claim);
  emit_instruction(e, "llvm.x86.tilerelease", NULL, 0);
}
