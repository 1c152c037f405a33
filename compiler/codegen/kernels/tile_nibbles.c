/*
 * tile_nibbles.c: the register tile for weights of 4 bits. A vector of bytes
 * holds two quads of rows of its columns, one in each half of the bytes
 * (PLAN_NIBBLES): an `and` and a shift make 16 numbers from 0 to 15 out of
 * each 8 bytes. Their products with bytes of x are added up in 16 bits over a
 * whole group of rows, which no sum can overflow (16 * 15 * 127 < 2^15), so a
 * group costs one conversion to f32 and one multiplication by its scale. What
 * the numbers are too large by, 8, is taken off as 8 times the group's sum of x,
 * which product.c has found for all columns at once.
 * Where the level has dot products of bytes, sums are in 32 bits from the start.
 */
#include "codegen/kernels/tile.h"

enum { OFFSET = 8, BLOCK = 2 * PLAN_QUAD /* rows that a byte's halves hold */ };

void tile_shape_nibbles(const emitter *e, int *rows, int *vectors, int *lanes) {
  *lanes = e->level->vector_bytes / (int)sizeof(int32_t);
  *vectors = 2; /* halves of a gated product */
  *rows = e->level->vector_registers / 4;
  if (*rows > TILE_MAX_ROWS) *rows = TILE_MAX_ROWS;
}

static const emit_form MULTIPLY_PAIRS[] = {{16, "llvm.x86.ssse3.pmadd.ub.sw.128"},
                                           {32, "llvm.x86.avx2.pmadd.ub.sw"},
                                           {64, "llvm.x86.avx512.pmaddubs.w.512"}};

/* lanes of u8 times lanes of i8, neighbours added: lanes / 2 of i16, which must hold the sums */
static LLVMValueRef multiply_pairs(emitter *e, LLVMValueRef w, LLVMValueRef x) {
  if (e->level->engines & ENGINE_PAIRS) {
    LLVMValueRef args[] = {w, x}, sums = emit_instruction_form(e, MULTIPLY_PAIRS, 3, args, 2);
    if (sums) return sums;
  }
  LLVMTypeRef wide = emit_lanes_type(LLVMInt16TypeInContext(e->context), emit_lanes(w));
  LLVMValueRef product =
      emit_mul(e, LLVMBuildZExt(e->builder, w, wide, ""), LLVMBuildSExt(e->builder, x, wide, ""));
  return emit_pair_sums(e, product, NULL);
}

/* Whether the level has dot products for a tile's vectors, which a gate may have narrowed. */
static bool takes_dots(const emitter *e, int lanes) {
  return tile_dots_suits(e, SMELT_I8) && lanes >= PLAN_QUAD;
}

/* sum (NULL: 0) + products: dots, of quads, i32, or those of pairs, i16. */
static LLVMValueRef add_products(emitter *e, bool dots, LLVMValueRef sum, LLVMValueRef w, LLVMValueRef x) {
  if (dots) {
    LLVMTypeRef type = emit_lanes_type(e->i32, emit_lanes(x) / PLAN_QUAD);
    return tile_add_dots(e, sum ? sum : emit_zero(type), w, x);
  }
  LLVMValueRef pairs = multiply_pairs(e, w, x);
  return sum ? emit_add(e, sum, pairs) : pairs;
}

/* Pairs of i16 added: half as many of i32. */
static LLVMValueRef widen_pairs(emitter *e, LLVMValueRef pairs) {
  LLVMTypeRef type = emit_lanes_type(e->i32, emit_lanes(pairs) / 2);
  LLVMValueRef both = LLVMBuildBitCast(e->builder, pairs, type, ""), half = emit_integer(type, 16);
  LLVMValueRef low = LLVMBuildAShr(e->builder, LLVMBuildShl(e->builder, both, half, ""), half, "");
  return emit_add(e, low, LLVMBuildAShr(e->builder, both, half, ""));
}

typedef struct {
  const tile *t;
  LLVMValueRef *sums; /* variables: [row][vector], f32 */
  LLVMValueRef *x_rows;
} multiplication;

/* 32 bits of small integers, over and over. */
static LLVMValueRef repeat(emitter *e, const tile *t, LLVMValueRef v) {
  LLVMTypeRef type = emit_lanes_type(emit_element_type(LLVMTypeOf(v)), t->lanes * emit_lanes(v));
  LLVMValueRef all = emit_splat(e, LLVMBuildBitCast(e->builder, v, e->i32, ""), t->lanes);
  return LLVMBuildBitCast(e->builder, all, type, "");
}

LLVMValueRef tile_nibbles_excess(emitter *e, int lanes, LLVMValueRef x) {
  int piece = e->level->vector_bytes < IR_GROUP ? e->level->vector_bytes : IR_GROUP;
  bool dots = takes_dots(e, lanes);
  LLVMValueRef sum = NULL;
  for (int i = 0; i < IR_GROUP; i += piece) {
    LLVMValueRef part = emit_load(e, SMELT_I8, emit_at(e, SMELT_I8, x, emit_index(e, i)), piece);
    sum = add_products(e, dots, sum, emit_integer(LLVMTypeOf(part), OFFSET), part);
  }
  if (dots) return emit_across(e, sum, emit_add);
  return LLVMBuildBitCast(e->builder, emit_across_to(e, sum, 2, emit_add), e->i32, "");
}

/* Of row r and a group, as the sums are: i32, or pairs of i16. */
static LLVMValueRef load_excess(emitter *e, const tile *t, int r, LLVMValueRef group) {
  LLVMValueRef groups = emit_udiv(e, t->depth, emit_index(e, IR_GROUP));
  LLVMValueRef at = emit_add(e, emit_mul(e, groups, emit_index(e, r)), group);
  LLVMValueRef excess = emit_load(e, SMELT_I32, emit_at(e, SMELT_I32, t->x_excess, at), 1);
  if (takes_dots(e, t->lanes)) return emit_splat(e, excess, t->lanes);
  LLVMTypeRef pair = emit_lanes_type(LLVMInt16TypeInContext(e->context), 2);
  return repeat(e, t, LLVMBuildBitCast(e->builder, excess, pair, ""));
}

/* The numbers of half a block (0: low, 1: high) of a vector's columns. */
static LLVMValueRef half_of(emitter *e, LLVMValueRef bytes, int half) {
  LLVMTypeRef type = LLVMTypeOf(bytes);
  if (half) bytes = LLVMBuildLShr(e->builder, bytes, emit_integer(type, 4), "");
  return LLVMBuildAnd(e->builder, bytes, emit_integer(type, 15), "");
}

/* totals[row][vector]: the products of BLOCK rows from k on, added. */
static void add_block(emitter *e, const multiplication *m, LLVMValueRef k, LLVMValueRef *totals) {
  const tile *t = m->t;
  LLVMValueRef bytes[TILE_MAX_VECTORS];
  LLVMValueRef along = emit_mul(e, k, emit_index(e, PLAN_PANEL / 2));
  tile_fetch(e, t, k);
  for (int j = 0; j < t->vectors; j++)
    bytes[j] = emit_load(e, SMELT_I8, emit_at(e, SMELT_I8, t->w[j], along), t->lanes * PLAN_QUAD);
  for (int half = 0; half < 2; half++) {
    LLVMValueRef at = emit_add(e, k, emit_index(e, (int64_t)half * PLAN_QUAD)), w[TILE_MAX_VECTORS];
    for (int j = 0; j < t->vectors; j++) w[j] = half_of(e, bytes[j], half);
    for (int r = 0; r < t->rows; r++) {
      LLVMValueRef x =
          repeat(e, t, emit_load(e, SMELT_I8, emit_at(e, SMELT_I8, m->x_rows[r], at), PLAN_QUAD));
      for (int j = 0; j < t->vectors; j++) {
        LLVMValueRef *total = &totals[r * t->vectors + j];
        *total = add_products(e, takes_dots(e, t->lanes), *total, w[j], x);
      }
    }
  }
}

static void add_group(emitter *e, LLVMValueRef group, int lanes, int part, void *user) {
  const multiplication *m = user;
  const tile *t = m->t;
  LLVMValueRef totals[TILE_MAX_ROWS * TILE_MAX_VECTORS] = {0}, scale[TILE_MAX_VECTORS];
  LLVMValueRef k = emit_mul(e, group, emit_index(e, IR_GROUP));
  (void)lanes, (void)part;
  for (int i = 0; i < IR_GROUP; i += BLOCK) add_block(e, m, emit_add(e, k, emit_index(e, i)), totals);
  for (int j = 0; j < t->vectors; j++) {
    LLVMValueRef at = emit_mul(e, group, emit_index(e, PLAN_PANEL));
    scale[j] = emit_load(e, t->scale_dtype, emit_at(e, t->scale_dtype, t->scale[j], at), t->lanes);
  }
  for (int r = 0; r < t->rows; r++) {
    LLVMValueRef excess = load_excess(e, t, r, group);
    for (int j = 0; j < t->vectors; j++) {
      LLVMValueRef sum = m->sums[r * t->vectors + j];
      LLVMValueRef whole = emit_sub(e, totals[r * t->vectors + j], excess);
      if (!takes_dots(e, t->lanes)) whole = widen_pairs(e, whole);
      whole = LLVMBuildSIToFP(e->builder, whole, emit_type(e, t->dtype, t->lanes), "");
      emit_set(e, sum, emit_fma_exact(e, whole, scale[j], emit_get(e, sum))); /* 16 bits times 8 */
    }
  }
}

void tile_multiply_nibbles(emitter *e, const tile *t, LLVMValueRef *sums) {
  int count = t->rows * t->vectors;
  multiplication m = {.t = t};
  m.sums = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)count);
  m.x_rows = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)t->rows);
  LLVMTypeRef type = emit_type(e, t->dtype, t->lanes);
  for (int i = 0; i < count; i++) m.sums[i] = emit_variable(e, type, emit_zero(type));
  for (int r = 0; r < t->rows; r++)
    m.x_rows[r] = emit_at(e, SMELT_I8, t->x, emit_mul(e, t->x_stride, emit_index(e, r)));
  LLVMValueRef groups = emit_udiv(e, t->depth, emit_index(e, IR_GROUP));
  emit_strips(e, emit_index(e, 0), groups, 1, 1, add_group, &m);
  for (int i = 0; i < count; i++) sums[i] = emit_get(e, m.sums[i]);
}
