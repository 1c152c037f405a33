/*
 * tile_mmla.c: the register tile where one instruction multiplies two rows of
 * x by two columns of w, eight bytes of each, and adds the four sums up: Arm's
 * SMMLA in i32, of bf16 BFMMLA in f32 (Architecture Reference Manual). In
 * PLAN_QUADS and PLAN_PAIRS four bytes of a column lie together: two vectors
 * of the same columns, zipped, are what it wants. Sums of two rows share
 * registers, [row][column] of each, and are taken apart at the end. SVE does so
 * for each 16 bytes of its registers: the same two rows times other columns.
 */
#include "codegen/kernels/tile.h"

enum {
  STEP_BYTES = 8, /* of a row and of a column in one instruction */
  QUAD_BYTES = 4, /* of a column that lie together */
  MOST_LANES = 8,
  ROWS = 8, /* with two vectors 16 sums, 4 registers of w and one of x: more would only be longer code */
};

bool tile_mmla_suits(const emitter *e, ir_dtype x_dtype, LLVMValueRef depth) {
  int64_t known;
  if (!(e->level->engines & ENGINE_MMLA) || !emit_is_constant(depth, &known)) return false;
  return known * (int64_t)ir_dtype_bytes(x_dtype) % STEP_BYTES == 0;
}

void tile_shape_mmla(const emitter *e, int *rows, int *vectors, int *lanes) {
  *lanes = e->level->vector_bytes / QUAD_BYTES;
  *vectors = 2; /* halves of a gated product */
  *rows = ROWS;
}

static LLVMValueRef shuffle(emitter *e, LLVMValueRef a, LLVMValueRef b, const int *lanes, int count) {
  LLVMValueRef mask[MOST_LANES];
  for (int i = 0; i < count; i++) mask[i] = LLVMConstInt(e->i32, (unsigned)lanes[i], false);
  return LLVMBuildShuffleVector(e->builder, a, b, LLVMConstVector(mask, (unsigned)count), "");
}

/* w[half]: eight bytes of each column of the first or the second half of vector j, from row k on. */
static void load_columns(emitter *e, const tile *t, int j, LLVMValueRef k, LLVMValueRef w[2]) {
  int low[MOST_LANES], high[MOST_LANES];
  LLVMTypeRef type = emit_lanes_type(e->i32, t->lanes);
  LLVMValueRef quads[2], at = emit_at(e, t->w_dtype, t->w[j], emit_mul(e, k, t->w_stride));
  for (int i = 0; i < 2; i++) {
    LLVMValueRef from = emit_at(e, SMELT_I8, at, emit_index(e, (int64_t)i * PLAN_PANEL * QUAD_BYTES));
    quads[i] = LLVMBuildBitCast(e->builder, emit_load(e, SMELT_I8, from, t->lanes * QUAD_BYTES), type, "");
  }
  for (int i = 0; i < t->lanes; i++) {
    low[i] = i / 2 + i % 2 * t->lanes;
    high[i] = low[i] + t->lanes / 2;
  }
  w[0] = shuffle(e, quads[0], quads[1], low, t->lanes);
  w[1] = shuffle(e, quads[0], quads[1], high, t->lanes);
}

/* Eight bytes of rows r and r + 1, over and over. */
static LLVMValueRef load_rows(emitter *e, const tile_sums *m, int r, LLVMValueRef k) {
  LLVMValueRef x = LLVMGetUndef(emit_lanes_type(e->i64, 2));
  for (int i = 0; i < 2; i++) {
    LLVMValueRef row = LLVMBuildLoad2(e->builder, e->i64, emit_at(e, m->t->x_dtype, m->x_rows[r + i], k), "");
    LLVMSetAlignment(row, (unsigned)ir_dtype_bytes(m->t->x_dtype));
    x = emit_set_lane(e, x, i, row);
  }
  int again[MOST_LANES];
  for (int i = 0; i < m->t->lanes / 2; i++) again[i] = i % 2;
  return shuffle(e, x, x, again, m->t->lanes / 2);
}

static void step(emitter *e, LLVMValueRef index, int lanes, int part, void *user) {
  const tile_sums *m = user;
  const tile *t = m->t;
  int depth = STEP_BYTES / (int)ir_dtype_bytes(t->x_dtype);
  LLVMValueRef w[TILE_MAX_VECTORS][2], k = emit_mul(e, index, emit_index(e, depth));
  (void)lanes;
  for (int j = 0; j < t->vectors; j++) load_columns(e, t, j, k, w[j]);
  for (int i = 0; i < 2; i++) tile_fetch(e, t, emit_add(e, k, emit_index(e, (int64_t)i * depth / 2)));
  for (int r = 0; r < t->rows; r += 2) {
    LLVMValueRef x = load_rows(e, m, r, k);
    for (int j = 0; j < t->vectors; j++) {
      for (int half = 0; half < 2; half++) {
        LLVMValueRef sum = tile_sum(m, r + half, j, part);
        LLVMValueRef args[] = {emit_get(e, sum), x, w[j][half]};
        emit_set(e, sum, emit_arm_products(e, EMIT_ARM_MMLA, args));
      }
    }
  }
}

/* The sums of two rows and two columns, all sets together. */
static LLVMValueRef total(emitter *e, const tile_sums *m, int r, int j) {
  LLVMValueRef sum = emit_get(e, tile_sum(m, r, j, 0));
  for (int s = 1; s < m->sets; s++) sum = emit_add(e, sum, emit_get(e, tile_sum(m, r, j, s)));
  return sum;
}

/* Row 0 or 1 of the sums of the first and the second half of columns: every other pair. */
static LLVMValueRef row_of(emitter *e, LLVMValueRef first, LLVMValueRef second, int row, int lanes) {
  int from[MOST_LANES];
  for (int i = 0; i < lanes; i++) from[i] = i / 2 * 4 + row * 2 + i % 2;
  return shuffle(e, first, second, from, lanes);
}

void tile_multiply_mmla(emitter *e, const tile *t, LLVMValueRef *sums) {
  bool is_bytes = t->x_dtype == SMELT_I8;
  LLVMTypeRef floats = emit_type(e, t->dtype, t->lanes);
  tile_sums m = tile_begin_sums(e, t, is_bytes ? emit_lanes_type(e->i32, t->lanes) : floats);
  LLVMValueRef step_depth = emit_index(e, STEP_BYTES / (int64_t)ir_dtype_bytes(t->x_dtype));
  emit_strips(e, emit_index(e, 0), emit_udiv(e, t->depth, step_depth), 1, t->rows < ROWS ? TILE_UNROLL : 2,
              step, &m);
  for (int r = 0; r < t->rows; r += 2) {
    for (int j = 0; j < t->vectors; j++) {
      LLVMValueRef first = total(e, &m, r, j), second = total(e, &m, r + 1, j);
      for (int i = 0; i < 2; i++) {
        LLVMValueRef row = row_of(e, first, second, i, t->lanes);
        sums[(r + i) * t->vectors + j] = is_bytes ? LLVMBuildSIToFP(e->builder, row, floats, "") : row;
      }
    }
  }
}
