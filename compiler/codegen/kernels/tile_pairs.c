/*
 * tile_pairs.c: the register tile for weights of bf16, two rows of w
 * together. One load has both rows of a vector's columns, as the halves of
 * 32-bit lanes; a bf16 is the upper half of an f32: one shift and one mask.
 * Products of bf16 are exact, so that levels with and without fused
 * multiply-adds make the same sums.
 */
#include "codegen/kernels/tile.h"

enum { UNROLL = TILE_UNROLL / PLAN_PAIR /* pairs in one turn of the loop */ };

void tile_shape_pairs(const emitter *e, int *rows, int *vectors, int *lanes) {
  *lanes = e->level->vector_bytes / (int)sizeof(float);
  *vectors = 2;
  int spare = PLAN_PAIR * *vectors + 1; /* the columns, taken apart, and an element of x */
  if (!(e->level->engines & ENGINE_FMA)) spare += 2;
  *rows = (e->level->vector_registers - spare) / *vectors;
  if (*rows > TILE_MAX_ROWS) *rows = TILE_MAX_ROWS;
}

typedef struct {
  const tile *t;
  int sets;             /* of independent sums, taken in turn over the pairs */
  LLVMValueRef *sums;   /* variables: [set][row][vector] */
  LLVMValueRef *x_rows; /* pointers */
} multiplication;

/* The even or the odd one of each pair of bf16 in 32 bits, as f32. */
static LLVMValueRef half_of(emitter *e, LLVMValueRef pairs, int odd) {
  LLVMTypeRef type = LLVMTypeOf(pairs);
  LLVMValueRef bits = odd ? emit_binary(e, LLVMAnd, pairs, emit_integer(type, INT64_C(0xffff0000)))
                          : emit_binary(e, LLVMShl, pairs, emit_integer(type, 16));
  return LLVMBuildBitCast(e->builder, bits, emit_type(e, SMELT_F32, emit_lanes(pairs)), "");
}

/* `lanes` pairs of bf16 at `pointer`, as i32. */
static LLVMValueRef load_pairs(emitter *e, LLVMValueRef pointer, int lanes) {
  LLVMValueRef v = LLVMBuildLoad2(e->builder, emit_lanes_type(e->i32, lanes), pointer, "");
  LLVMSetAlignment(v, (unsigned)ir_dtype_bytes(SMELT_BF16));
  return v;
}

/* The pair of bf16 at `pointer` in all lanes; as a float, or LLVM would take it apart as a scalar first. */
static LLVMValueRef broadcast_pair(emitter *e, LLVMValueRef pointer, int lanes) {
  LLVMValueRef v = LLVMBuildLoad2(e->builder, emit_type(e, SMELT_F32, 1), pointer, "");
  LLVMSetAlignment(v, (unsigned)ir_dtype_bytes(SMELT_BF16));
  return LLVMBuildBitCast(e->builder, emit_splat(e, v, lanes), emit_lanes_type(e->i32, lanes), "");
}

static LLVMValueRef sum_of(const multiplication *m, int set, int row, int vector) {
  const tile *t = m->t;
  return m->sums[((set % m->sets) * t->rows + row) * t->vectors + vector];
}

static void multiply_halves(emitter *e, const multiplication *m, LLVMValueRef *w, LLVMValueRef *x, int odd,
                            int set) {
  const tile *t = m->t;
  LLVMValueRef columns[TILE_MAX_VECTORS];
  for (int j = 0; j < t->vectors; j++) columns[j] = half_of(e, w[j], odd);
  for (int r = 0; r < t->rows; r++) {
    for (int j = 0; j < t->vectors; j++) {
      LLVMValueRef sum = sum_of(m, set, r, j);
      emit_set(e, sum, (t->long_x ? emit_fma : emit_fma_exact)(e, x[r], columns[j], emit_get(e, sum)));
    }
  }
}

/* Element k of every row of x, in all lanes. */
static void broadcast(emitter *e, const multiplication *m, LLVMValueRef k, LLVMValueRef *x) {
  const tile *t = m->t;
  for (int r = 0; r < t->rows; r++)
    x[r] = emit_splat(e, emit_load(e, t->x_dtype, emit_at(e, t->x_dtype, m->x_rows[r], k), 1), t->lanes);
}

static void load_columns(emitter *e, const tile *t, LLVMValueRef k, LLVMValueRef *w) {
  LLVMValueRef along = emit_mul(e, k, t->w_stride);
  for (int j = 0; j < t->vectors; j++) w[j] = load_pairs(e, emit_at(e, SMELT_BF16, t->w[j], along), t->lanes);
  tile_fetch(e, t, k);
}

/* Pairs of x with pairs of w. Both are taken apart row by row: registers are few. */
static void multiply_pairs(emitter *e, const multiplication *m, LLVMValueRef *w, LLVMValueRef k, int part) {
  const tile *t = m->t;
  LLVMValueRef columns[PLAN_PAIR][TILE_MAX_VECTORS];
  for (int odd = 0; odd < PLAN_PAIR; odd++)
    for (int j = 0; j < t->vectors; j++) columns[odd][j] = half_of(e, w[j], odd);
  for (int r = 0; r < t->rows; r++) {
    LLVMValueRef x = broadcast_pair(e, emit_at(e, SMELT_BF16, m->x_rows[r], k), t->lanes);
    for (int odd = 0; odd < PLAN_PAIR; odd++) {
      LLVMValueRef half = half_of(e, x, odd);
      for (int j = 0; j < t->vectors; j++) {
        LLVMValueRef sum = sum_of(m, part * PLAN_PAIR + odd, r, j);
        emit_set(e, sum, emit_fma_exact(e, half, columns[odd][j], emit_get(e, sum)));
      }
    }
  }
}

static void step(emitter *e, LLVMValueRef pair, int lanes, int part, void *user) {
  const multiplication *m = user;
  const tile *t = m->t;
  LLVMValueRef w[TILE_MAX_VECTORS], x[TILE_MAX_ROWS], k = emit_mul(e, pair, emit_index(e, PLAN_PAIR));
  (void)lanes;
  load_columns(e, t, k, w);
  if (t->x_dtype == SMELT_BF16) {
    multiply_pairs(e, m, w, k, part);
    return;
  }
  for (int odd = 0; odd < PLAN_PAIR; odd++) {
    broadcast(e, m, emit_add(e, k, emit_index(e, odd)), x);
    multiply_halves(e, m, w, x, odd, part * PLAN_PAIR + odd);
  }
}

/* The last row of an odd number, whose neighbour does not exist. */
static void last_row(emitter *e, const multiplication *m) {
  const tile *t = m->t;
  LLVMValueRef w[TILE_MAX_VECTORS], x[TILE_MAX_ROWS], two = emit_index(e, PLAN_PAIR);
  LLVMValueRef k = emit_sub(e, t->depth, emit_index(e, 1));
  emit_branch odd = emit_if(e, emit_icmp(e, LLVMIntEQ, emit_urem(e, t->depth, two), emit_index(e, 1)));
  load_columns(e, t, k, w);
  broadcast(e, m, k, x);
  multiply_halves(e, m, w, x, 0, 0);
  emit_end_if(e, &odd);
}

void tile_multiply_pairs(emitter *e, const tile *t, LLVMValueRef *sums) {
  int count = t->rows * t->vectors;
  multiplication m = {.t = t, .sets = tile_set_count(t)};
  m.sums = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)(m.sets * count));
  m.x_rows = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)t->rows);
  LLVMTypeRef type = emit_type(e, SMELT_F32, t->lanes);
  for (int i = 0; i < m.sets * count; i++) m.sums[i] = emit_variable(e, type, emit_zero(type));
  for (int r = 0; r < t->rows; r++)
    m.x_rows[r] = emit_at(e, t->x_dtype, t->x, emit_mul(e, t->x_stride, emit_index(e, r)));
  LLVMValueRef pairs = emit_udiv(e, t->depth, emit_index(e, PLAN_PAIR));
  emit_strips(e, emit_index(e, 0), pairs, 1, UNROLL, step, &m);
  if (t->odd_depth) last_row(e, &m);
  for (int i = 0; i < count; i++) {
    LLVMValueRef parts[UNROLL * PLAN_PAIR] = {0};
    for (int s = 0; s < m.sets; s++) parts[s] = emit_get(e, m.sums[s * count + i]);
    for (int width = m.sets; width > 1; width /= 2)
      for (int s = 0; s < width / 2; s++) parts[s] = emit_add(e, parts[2 * s], parts[2 * s + 1]);
    sums[i] = parts[0];
  }
}
