/* tile.c: the register tile; see tile.h. */
#include "codegen/kernels/tile.h"

enum {
  PIPELINE = 8,   /* independent sums that keep the multipliers busy: latency times rate */
  FULL_SUMS = 24, /* so many make a turn of one step long enough, and registers scarce */
};

void tile_shape(const emitter *e, ir_dtype dtype, int *rows, int *vectors, int *lanes) {
  bool fused = e->level->engines & ENGINE_FMA;
  int registers = e->level->vector_registers;
  *lanes = emit_level_lanes(e, dtype);
  /* two vectors of columns, or a panel where registers abound and vectors are short */
  *vectors = registers >= 32 && *lanes < 8 ? 4 : 2;
  int spare = *vectors + (fused ? 1 : 5); /* the columns, an element of x, and products that are not fused */
  *rows = (registers - spare) / *vectors;
  if (*rows > TILE_MAX_ROWS) *rows = TILE_MAX_ROWS;
}

void tile_fetch(emitter *e, const tile *t, LLVMValueRef k) {
  if (t->fetch_count == 0) return;
  LLVMValueRef along = emit_mul(e, k, t->fetch_bytes);
  for (int i = 0; i < t->fetch_count; i++)
    emit_prefetch(e, emit_at(e, SMELT_I8, t->fetch[i], along), t->rows == 1 ? 1 : 2);
}

int tile_sets(int sums, int most) {
  int sets = 1;
  while (sets < most && sets * sums < PIPELINE) sets *= 2;
  return sets;
}

int tile_deciding_sums(const tile *t) {
  return t->apart ? t->vectors : t->rows * t->vectors;
}

int tile_set_count(const tile *t) {
  return t->sets ? t->sets : tile_sets(tile_deciding_sums(t), TILE_UNROLL);
}

tile_sums tile_begin_sums(emitter *e, const tile *t, LLVMTypeRef type) {
  int count = t->rows * t->vectors;
  tile_sums m = {.t = t, .sets = tile_set_count(t)};
  m.sums = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)(m.sets * count));
  m.x_rows = ARENA_ARRAY(e->arena, LLVMValueRef, (size_t)t->rows);
  for (int i = 0; i < m.sets * count; i++) m.sums[i] = emit_variable(e, type, emit_zero(type));
  for (int r = 0; r < t->rows; r++)
    m.x_rows[r] = emit_at(e, t->x_dtype, t->x, emit_mul(e, t->x_stride, emit_index(e, r)));
  return m;
}

LLVMValueRef tile_sum(const tile_sums *m, int r, int j, int part) {
  return m->sums[((part % m->sets) * m->t->rows + r) * m->t->vectors + j];
}

LLVMValueRef tile_as_float(emitter *e, LLVMValueRef v) {
  if (LLVMGetTypeKind(emit_element_type(LLVMTypeOf(v))) != LLVMIntegerTypeKind) return v;
  return LLVMBuildSIToFP(e->builder, v, emit_type(e, SMELT_F32, emit_lanes(v)), "");
}

static void step(emitter *e, LLVMValueRef k, int lanes, int part, void *user) {
  const tile_sums *m = user;
  const tile *t = m->t;
  LLVMValueRef w[TILE_MAX_VECTORS];
  (void)lanes;
  LLVMValueRef along = emit_mul(e, k, t->w_stride);
  for (int j = 0; j < t->vectors; j++) {
    w[j] = emit_load_part(e, t->w_dtype, emit_at(e, t->w_dtype, t->w[j], along), t->lanes, t->w_count[j]);
    if (ir_dtype_is_float(t->dtype)) w[j] = tile_as_float(e, w[j]);
  }
  tile_fetch(e, t, k);
  for (int r = 0; r < t->rows; r++) {
    LLVMValueRef x = emit_load(e, t->x_dtype, emit_at(e, t->x_dtype, m->x_rows[r], k), 1);
    x = emit_splat(e, x, t->lanes);
    for (int j = 0; j < t->vectors; j++) {
      LLVMValueRef sum = tile_sum(m, r, j, part);
      emit_set(e, sum, emit_fma(e, x, w[j], emit_get(e, sum)));
    }
  }
}

void tile_multiply(emitter *e, const tile *t, LLVMValueRef *sums) {
  int count = t->rows * t->vectors;
  tile_sums m = tile_begin_sums(e, t, emit_type(e, t->dtype, t->lanes));
  /* what is left of K behind whole turns goes into the first set: with several, levels turn alike */
  int unroll = tile_deciding_sums(t) < FULL_SUMS ? TILE_UNROLL : 1;
  if (emit_makes_fma(e) && m.sets == 1) unroll = 1;
  emit_strips(e, emit_index(e, 0), t->depth, 1, unroll, step, &m);
  for (int i = 0; i < count; i++) {
    LLVMValueRef parts[TILE_UNROLL] = {0};
    for (int s = 0; s < m.sets; s++) parts[s] = emit_get(e, m.sums[s * count + i]);
    for (int width = m.sets; width > 1; width /= 2)
      for (int s = 0; s < width / 2; s++) parts[s] = emit_add(e, parts[2 * s], parts[2 * s + 1]);
    sums[i] = parts[0];
  }
}
