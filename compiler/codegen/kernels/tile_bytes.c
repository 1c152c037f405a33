/*
 * tile_bytes.c: the register tile for bytes. Four rows of w lie together, so
 * four products of a column add up side by side: as two pairs of 16-bit
 * products, which no sum can overflow (127 * 127 * 2 < 2^31, and K times
 * that). Both halves of a column are added at the end.
 * NEON multiplies bytes as they are and adds neighbouring products into 32
 * bits: products of two quads add up in 16 bits first (127 * 127 * 2 < 2^15).
 */
#include "codegen/kernels/tile.h"

enum { HALVES = 2, UNROLL = 2, LONG_QUADS = 2 /* multiplied in a step of NEON's */ };

bool tile_bytes_suits(const emitter *e) {
  return e->level->engines & ENGINE_LONG;
}

void tile_shape_bytes(const emitter *e, int *rows, int *vectors, int *lanes) {
  *lanes = e->level->vector_bytes / (int)sizeof(int32_t);
  *vectors = 2; /* halves of a gated product */
  *rows = (e->level->vector_registers - 1) / (*vectors * HALVES + 1);
  if (*rows > TILE_MAX_ROWS) *rows = TILE_MAX_ROWS;
  if (tile_bytes_suits(e)) *rows = 4; /* each has two registers of x beside its sums */
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
  int count = t->lanes * HALVES;
  bool is_byte = t->x_dtype == SMELT_I8;
  LLVMValueRef quad = emit_load(e, t->x_dtype, emit_at(e, t->x_dtype, x_row, k), PLAN_QUAD);
  quad = LLVMBuildBitCast(e->builder, quad, is_byte ? e->i32 : e->i64, "");
  LLVMValueRef all = emit_splat(e, quad, count / PLAN_QUAD);
  all = LLVMBuildBitCast(e->builder, all, emit_memory_type(e, t->x_dtype, count), "");
  if (!is_byte) return all;
  return LLVMBuildSExt(e->builder, all, emit_lanes_type(LLVMInt16TypeInContext(e->context), count), "");
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

/* ---- NEON ---- */

/* sum + neighbours of `products`, i16, added. */
static LLVMValueRef add_neighbours(emitter *e, LLVMValueRef sum, LLVMValueRef products) {
  static const char NAME[] = "llvm.aarch64.neon.saddlp";
  LLVMTypeRef types[] = {LLVMTypeOf(sum), LLVMTypeOf(products)};
  LLVMValueRef function =
      LLVMGetIntrinsicDeclaration(e->module, LLVMLookupIntrinsicID(NAME, sizeof NAME - 1), types, 2);
  LLVMTypeRef type = LLVMGlobalGetValueType(function);
  return emit_add(e, sum, LLVMBuildCall2(e->builder, type, function, &products, 1, ""));
}

/* `quads` of them from number `quad` on. */
static void multiply_long(emitter *e, const multiplication *m, LLVMValueRef quad, int quads) {
  const tile *t = m->t;
  int piece = t->lanes * HALVES; /* bytes whose products fill a vector */
  LLVMTypeRef i16 = emit_lanes_type(LLVMInt16TypeInContext(e->context), piece);
  LLVMValueRef x[TILE_MAX_ROWS][LONG_QUADS], k[LONG_QUADS];
  for (int q = 0; q < quads; q++) {
    k[q] = emit_mul(e, emit_add(e, quad, emit_index(e, q)), emit_index(e, PLAN_QUAD));
    tile_fetch(e, t, k[q]);
    for (int r = 0; r < t->rows; r++) x[r][q] = broadcast_quad(e, t, m->x_rows[r], k[q]);
  }
  for (int i = 0; i < t->vectors * HALVES; i++) {
    LLVMValueRef w[LONG_QUADS];
    for (int q = 0; q < quads; q++) {
      LLVMValueRef along = emit_mul(e, k[q], t->w_stride);
      LLVMValueRef from = emit_add(e, along, emit_index(e, (int64_t)(i % HALVES) * piece));
      w[q] = emit_load(e, SMELT_I8, emit_at(e, SMELT_I8, t->w[i / HALVES], from), piece);
      w[q] = LLVMBuildSExt(e->builder, w[q], i16, "");
    }
    for (int r = 0; r < t->rows; r++) {
      LLVMValueRef products = emit_mul(e, w[0], x[r][0]), sum = m->sums[r * t->vectors * HALVES + i];
      if (quads == LONG_QUADS) products = emit_add(e, products, emit_mul(e, w[1], x[r][1]));
      emit_set(e, sum, add_neighbours(e, emit_get(e, sum), products));
    }
  }
}

static void step_long(emitter *e, LLVMValueRef index, int lanes, int part, void *user) {
  (void)lanes, (void)part;
  multiply_long(e, user, emit_mul(e, index, emit_index(e, LONG_QUADS)), LONG_QUADS);
}

/* All quads by twos, and what is left. */
static void multiply_all_long(emitter *e, multiplication *m, LLVMValueRef quads) {
  LLVMValueRef twos = emit_udiv(e, quads, emit_index(e, LONG_QUADS));
  LLVMValueRef in_twos = emit_mul(e, twos, emit_index(e, LONG_QUADS));
  emit_strips(e, emit_index(e, 0), twos, 1, 1, step_long, m);
  int64_t count;
  if (emit_is_constant(quads, &count) && count % LONG_QUADS == 0) return;
  emit_branch left = emit_if(e, emit_icmp(e, LLVMIntSLT, in_twos, quads));
  multiply_long(e, m, in_twos, 1);
  emit_end_if(e, &left);
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
  if (tile_bytes_suits(e)) {
    multiply_all_long(e, &m, quads);
  } else {
    emit_strips(e, emit_index(e, 0), quads, 1, UNROLL, step, &m);
  }
  for (int i = 0; i < count; i++) {
    LLVMValueRef whole =
        emit_pair_sums(e, emit_get(e, m.sums[i * HALVES]), emit_get(e, m.sums[i * HALVES + 1]));
    sums[i] = LLVMBuildSIToFP(e->builder, whole, emit_type(e, t->dtype, t->lanes), "");
  }
}
