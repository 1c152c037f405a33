/*
 * tile_dots.c: the register tile where one instruction multiplies four bytes
 * by four, or two bf16 by two, and adds them up: PLAN_QUADS and PLAN_PAIRS are
 * the forms in which it wants w. Of bytes, Arm's (Architecture Reference
 * Manual, SDOT) takes both factors with sign. Intel's (SDM volume 2, VPDPBUSD)
 * takes one without: w is then read as w + 128, and 128 times the sum of x's
 * row taken off again. Of bf16: VDPBF16PS and BFDOT, which add up in f32.
 */
#include "codegen/kernels/tile.h"

enum {
  DOT_BYTES = 4,  /* of x and of w in a lane */
  MOST_SUMS = 16, /* bound by the multipliers already: more would only be longer code, and on Arm moves */
  FEW_SUMS = 8,   /* fewer make a turn of the loop longer than two dots */
  SIGN = -128,
};

bool tile_dots_suits(const emitter *e, ir_dtype x_dtype) {
  if (x_dtype == SMELT_BF16) return e->level->engines & ENGINE_BF16;
  return e->level->engines & (ENGINE_DOT8U | ENGINE_DOT8) && x_dtype == SMELT_I8;
}

void tile_shape_dots(const emitter *e, int *rows, int *vectors, int *lanes) {
  *lanes = e->level->vector_bytes / (int)sizeof(int32_t);
  *vectors = *lanes < PLAN_PANEL / 2 ? PLAN_PANEL / *lanes : 2; /* halves of a gated product */
  int spare = *vectors + 2;                                     /* the columns, the sign, numbers of x */
  *rows = (e->level->vector_registers - spare) / *vectors;
  if (*rows > MOST_SUMS / *vectors) *rows = MOST_SUMS / *vectors;
}

bool tile_dots_exceed(const emitter *e, ir_dtype x_dtype) {
  return x_dtype == SMELT_I8 && !(e->level->engines & ENGINE_DOT8);
}

enum { FORMS = 3 };
static const emit_form ADD_DOTS[FORMS] = {{4, "llvm.x86.avx512.vpdpbusd.128"},
                                          {8, "llvm.x86.avx512.vpdpbusd.256"},
                                          {16, "llvm.x86.avx512.vpdpbusd.512"}};
static const emit_form ADD_BF16_DOTS[FORMS] = {{4, "llvm.x86.avx512bf16.dpbf16ps.128"},
                                               {8, "llvm.x86.avx512bf16.dpbf16ps.256"},
                                               {16, "llvm.x86.avx512bf16.dpbf16ps.512"}};

LLVMValueRef tile_add_dots(emitter *e, LLVMValueRef sum, LLVMValueRef w, LLVMValueRef x) {
  LLVMValueRef args[] = {sum, w, x};
  bool is_bf16 = LLVMGetTypeKind(emit_element_type(LLVMTypeOf(sum))) == LLVMFloatTypeKind;
  if (e->level->engines & ENGINE_DOT8) return emit_arm_products(e, EMIT_ARM_DOT, args);
  if (is_bf16) return emit_instruction_form(e, ADD_BF16_DOTS, FORMS, args, 3);
  return emit_instruction_form(e, ADD_DOTS, FORMS, args, 3);
}

LLVMValueRef tile_dots_excess(emitter *e, LLVMValueRef x, LLVMValueRef depth) {
  int bytes = e->level->vector_bytes;
  LLVMTypeRef type = emit_lanes_type(e->i32, bytes / DOT_BYTES);
  LLVMTypeRef byte = emit_memory_type(e, SMELT_I8, bytes);
  LLVMValueRef sum = emit_variable(e, type, emit_zero(type));
  emit_loop along = emit_loop_begin(e, emit_index(e, 0), depth, bytes);
  LLVMValueRef left = emit_sub(e, depth, along.index);
  LLVMValueRef v = emit_load_part(e, SMELT_I8, emit_at(e, SMELT_I8, x, along.index), bytes, left);
  emit_set(e, sum, tile_add_dots(e, emit_get(e, sum), emit_integer(byte, SIGN), v));
  emit_loop_end(e, &along);
  return emit_across(e, emit_get(e, sum), emit_add);
}

/* Elements of x, and of a column of w, in a lane. */
static int dot_depth(const tile *t) {
  return DOT_BYTES / (int)ir_dtype_bytes(t->x_dtype);
}

/* x's four bytes at k, over and over. */
static LLVMValueRef broadcast(emitter *e, const tile *t, LLVMValueRef x_row, LLVMValueRef k) {
  LLVMValueRef bytes = emit_load(e, SMELT_I8, emit_at(e, t->x_dtype, x_row, k), DOT_BYTES);
  return emit_splat(e, LLVMBuildBitCast(e->builder, bytes, e->i32, ""), t->lanes);
}

static void step(emitter *e, LLVMValueRef dot, int lanes, int part, void *user) {
  const tile_sums *m = user;
  const tile *t = m->t;
  LLVMValueRef w[TILE_MAX_VECTORS], k = emit_mul(e, dot, emit_index(e, dot_depth(t)));
  LLVMValueRef along = emit_mul(e, k, t->w_stride);
  (void)lanes;
  for (int j = 0; j < t->vectors; j++) {
    w[j] = emit_load(e, SMELT_I8, emit_at(e, t->w_dtype, t->w[j], along), t->lanes * DOT_BYTES);
    if (t->x_excess) w[j] = emit_binary(e, LLVMXor, w[j], emit_integer(LLVMTypeOf(w[j]), SIGN));
  }
  tile_fetch(e, t, k);
  for (int r = 0; r < t->rows; r++) {
    LLVMValueRef x = broadcast(e, t, m->x_rows[r], k);
    for (int j = 0; j < t->vectors; j++) {
      LLVMValueRef sum = tile_sum(m, r, j, part);
      emit_set(e, sum, tile_add_dots(e, emit_get(e, sum), w[j], x));
    }
  }
}

void tile_multiply_dots(emitter *e, const tile *t, LLVMValueRef *sums) {
  int count = t->rows * t->vectors;
  bool is_bytes = t->x_dtype == SMELT_I8;
  LLVMTypeRef floats = emit_type(e, t->dtype, t->lanes);
  tile_sums m = tile_begin_sums(e, t, is_bytes ? emit_lanes_type(e->i32, t->lanes) : floats);
  LLVMValueRef dots = emit_udiv(e, t->depth, emit_index(e, dot_depth(t)));
  emit_strips(e, emit_index(e, 0), dots, 1, tile_deciding_sums(t) < FEW_SUMS ? TILE_UNROLL : 2, step, &m);
  for (int i = 0; i < count; i++) {
    LLVMValueRef sum = emit_get(e, m.sums[i]);
    for (int s = 1; s < m.sets; s++) sum = emit_add(e, sum, emit_get(e, m.sums[s * count + i]));
    if (t->x_excess) {
      LLVMValueRef excess = emit_at(e, SMELT_I32, t->x_excess, emit_index(e, i / t->vectors));
      sum = emit_sub(e, sum, emit_splat(e, emit_load(e, SMELT_I32, excess, 1), t->lanes));
    }
    sums[i] = is_bytes ? LLVMBuildSIToFP(e->builder, sum, floats, "") : sum;
  }
}
