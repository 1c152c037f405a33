/*
 * tile_bytes.c: the register tile for bytes. Four rows of w lie together, so
 * four products of a column add up side by side: as two pairs of 16-bit
 * products, which no sum can overflow (127 * 127 * 2 < 2^31, and K times
 * that). Both halves of a column are added at the end.
 */
#include "codegen/kernels/tile.h"

enum { HALVES = 2, UNROLL = 2 };

void tile_shape_bytes(const emitter *e, int *rows, int *vectors, int *lanes) {
  *lanes = e->level->vector_bytes / (int)sizeof(int32_t);
  *vectors = 2; /* halves of a gated product */
  *rows = (e->level->vector_registers - 1) / (*vectors * HALVES + 1);
  if (*rows > TILE_MAX_ROWS) *rows = TILE_MAX_ROWS;
}

static const emit_form MULTIPLY_PAIRS[] = {
    {8, "llvm.x86.sse2.pmadd.wd"}, {16, "llvm.x86.avx2.pmadd.wd"}, {32, "llvm.x86.avx512.pmaddw.d.512"}};

/* lanes of i16 times lanes of i16, neighbours added: lanes / 2 of i32 */
static LLVMValueRef multiply_pairs(emitter *e, LLVMValueRef x, LLVMValueRef y) {
  if (e->level->engines & ENGINE_PAIRS) {
    LLVMValueRef args[] = {x, y}, sums = emit_instruction_form(e, MULTIPLY_PAIRS, 3, args, 2);
    if (sums) return sums;
  }
  LLVMTypeRef wide = emit_lanes_type(e->i32, emit_lanes(x));
  LLVMValueRef product =
      emit_mul(e, LLVMBuildSExt(e->builder, x, wide, ""), LLVMBuildSExt(e->builder, y, wide, ""));
  return emit_pair_sums(e, product, NULL);
}

typedef struct {
  const tile *t;
  LLVMValueRef *sums; /* variables: [row][vector][half], i32 */
  LLVMValueRef *x_rows;
} multiplication;

/* x's four numbers at k, as i16, over and over. */
static LLVMValueRef broadcast_quad(emitter *e, const tile *t, LLVMValueRef x_row, LLVMValueRef k) {
  LLVMTypeRef i16 = LLVMInt16TypeInContext(e->context);
  LLVMValueRef quad = emit_load(e, t->x_dtype, emit_at(e, t->x_dtype, x_row, k), PLAN_QUAD);
  if (t->x_dtype == SMELT_I8) quad = LLVMBuildSExt(e->builder, quad, emit_lanes_type(i16, PLAN_QUAD), "");
  int copies = t->lanes * HALVES / PLAN_QUAD;
  LLVMValueRef all = emit_splat(e, LLVMBuildBitCast(e->builder, quad, e->i64, ""), copies);
  return LLVMBuildBitCast(e->builder, all, emit_lanes_type(i16, copies * PLAN_QUAD), "");
}

static void step(emitter *e, LLVMValueRef quad, int lanes, int part, void *user) {
  const multiplication *m = user;
  const tile *t = m->t;
  LLVMValueRef x[TILE_MAX_ROWS], k = emit_mul(e, quad, emit_index(e, PLAN_QUAD));
  LLVMTypeRef i16 = LLVMInt16TypeInContext(e->context);
  int piece = t->lanes * HALVES; /* bytes that fill a vector once they are i16 */
  (void)lanes, (void)part;
  for (int r = 0; r < t->rows; r++) x[r] = broadcast_quad(e, t, m->x_rows[r], k);
  LLVMValueRef along = emit_mul(e, k, t->w_stride);
  tile_fetch(e, t, k);
  for (int j = 0; j < t->vectors; j++) {
    for (int half = 0; half < HALVES; half++) {
      LLVMValueRef from = emit_add(e, along, emit_index(e, (int64_t)half * piece));
      LLVMValueRef w = emit_load(e, SMELT_I8, emit_at(e, SMELT_I8, t->w[j], from), piece);
      w = LLVMBuildSExt(e->builder, w, emit_lanes_type(i16, piece), "");
      for (int r = 0; r < t->rows; r++) {
        LLVMValueRef sum = m->sums[(r * t->vectors + j) * HALVES + half];
        emit_set(e, sum, emit_add(e, emit_get(e, sum), multiply_pairs(e, w, x[r])));
      }
    }
  }
}

void tile_multiply_bytes(emitter *e, const tile *t, LLVMValueRef *sums) {
  int count = t->rows * t->vectors;
  multiplication m = {.t = t};
  m.sums = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)(count * HALVES));
  m.x_rows = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)t->rows);
  LLVMTypeRef type = emit_lanes_type(e->i32, t->lanes);
  for (int i = 0; i < count * HALVES; i++) m.sums[i] = emit_variable(e, type, emit_zero(type));
  for (int r = 0; r < t->rows; r++)
    m.x_rows[r] = emit_at(e, t->x_dtype, t->x, emit_mul(e, t->x_stride, emit_index(e, r)));
  LLVMValueRef quads = emit_udiv(e, t->depth, emit_index(e, PLAN_QUAD));
  emit_strips(e, emit_index(e, 0), quads, 1, UNROLL, step, &m);
  for (int i = 0; i < count; i++) {
    LLVMValueRef whole =
        emit_pair_sums(e, emit_get(e, m.sums[i * HALVES]), emit_get(e, m.sums[i * HALVES + 1]));
    sums[i] = LLVMBuildSIToFP(e->builder, whole, emit_type(e, t->dtype, t->lanes), "");
  }
}
