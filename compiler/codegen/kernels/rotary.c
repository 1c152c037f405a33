/*
 * rotary.c: rotary position embedding (Su et al., RoFormer, 2021): feature
 * pairs of each head turned by the angle of their position, whose cosine and
 * sine are given. x: [B, H, S, D]; cos, sin: [1|B, S, R/2]; features from R on
 * are copied.
 */
#include "codegen/kernels/kernel.h"

enum { ROTARY_X, ROTARY_COS, ROTARY_SIN };

typedef struct {
  const plan_step *step;
  ir_dtype dtype, table_dtype;
  LLVMValueRef x, y, cosine, sine; /* rows */
  LLVMValueRef first, second;      /* features of pair i: first * i, and second after that */
} rotary;

static LLVMValueRef load(emitter *e, ir_dtype dtype, LLVMValueRef base, LLVMValueRef index, int lanes) {
  return emit_load(e, dtype, emit_at(e, dtype, base, index), lanes);
}

static void turn(emitter *e, LLVMValueRef index, int lanes, int part, void *user) {
  const rotary *r = user;
  (void)part;
  LLVMValueRef at = emit_mul(e, index, r->first), beside = emit_add(e, at, r->second);
  LLVMValueRef a = load(e, r->dtype, r->x, at, lanes), b = load(e, r->dtype, r->x, beside, lanes);
  LLVMValueRef c = load(e, r->table_dtype, r->cosine, index, lanes);
  LLVMValueRef s = load(e, r->table_dtype, r->sine, index, lanes);
  LLVMValueRef turned_a = emit_sub(e, emit_mul(e, a, c), emit_mul(e, b, s));
  LLVMValueRef turned_b = emit_add(e, emit_mul(e, b, c), emit_mul(e, a, s));
  emit_store(e, r->dtype, emit_at(e, r->dtype, r->y, at), turned_a);
  emit_store(e, r->dtype, emit_at(e, r->dtype, r->y, beside), turned_b);
}

static void copy(emitter *e, LLVMValueRef index, int lanes, int part, void *user) {
  const rotary *r = user;
  (void)part;
  emit_store(e, r->dtype, emit_at(e, r->dtype, r->y, index), load(e, r->dtype, r->x, index, lanes));
}

/* Row of cos or sin for index = (b, h, s). */
static LLVMValueRef table_row(emitter *e, const plan_step *step, int read, const LLVMValueRef *index) {
  LLVMValueRef at[] = {index[0], index[2]};
  return kernel_at(e, &step->reads[read], emit_argument(e, read), at, 2);
}

void kernel_rotary(emitter *e, const plan_step *step) {
  const plan_operand *x = &step->reads[ROTARY_X], *cosine = &step->reads[ROTARY_COS];
  rotary r = {.step = step, .dtype = x->value->type.dtype, .table_dtype = cosine->value->type.dtype};
  bool interleaved = step->nodes[0]->attrs.interleaved;
  LLVMValueRef sizes[3], index[3], low, high;
  for (int a = 0; a < 3; a++) sizes[a] = kernel_dim(e, x->value, a);
  LLVMValueRef features = kernel_dim(e, x->value, 3), pairs = kernel_dim(e, cosine->value, 2);
  LLVMValueRef rows = emit_mul(e, emit_mul(e, sizes[0], sizes[1]), sizes[2]);
  r.first = emit_index(e, interleaved ? 2 : 1);
  r.second = interleaved ? emit_index(e, 1) : pairs;
  emit_share(e, rows, features, &low, &high);
  emit_loop row = emit_loop_begin(e, low, high, 1);
  kernel_split(e, row.index, sizes, 3, index);
  r.x = kernel_at(e, x, emit_argument(e, ROTARY_X), index, 3);
  r.y = kernel_at(e, &step->result, emit_argument(e, step->read_count), index, 3);
  r.cosine = table_row(e, step, ROTARY_COS, index);
  r.sine = table_row(e, step, ROTARY_SIN, index);
  int lanes = emit_level_lanes(e, r.dtype);
  emit_strips(e, emit_index(e, 0), pairs, interleaved ? 1 : lanes, 1, turn, &r);
  emit_strips(e, emit_add(e, pairs, pairs), features, lanes, 1, copy, &r);
  emit_loop_end(e, &row);
}
