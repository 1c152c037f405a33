/* lane_index.c: arithmetic on per-lane indices, and loads and stores through them. */
#include "codegen/kernels/lane_index.h"

static int64_t common_divisor(int64_t a, int64_t b) {
  if (a < 0) a = -a;
  if (b < 0) b = -b;
  while (b) {
    int64_t r = a % b;
    a = b;
    b = r;
  }
  return a;
}

static bool scattered(const lane_index *i) {
  return emit_lanes(i->base) > 1;
}

lane_index lane_index_of(LLVMValueRef v) {
  return (lane_index){.base = v, .step = 0, .multiple = 1};
}

lane_index lane_index_const(emitter *e, int64_t value) {
  return (lane_index){.base = emit_index(e, value), .step = 0, .multiple = value < 0 ? -value : value};
}

lane_index lane_index_size(emitter *e, ir_dim dim) {
  int64_t value;
  if (ir_dim_is_const(dim, &value)) return lane_index_const(e, value);
  return lane_index_of(emit_size(e, dim));
}

bool lane_index_uniform(const lane_index *i) {
  return !scattered(i) && i->step == 0;
}

bool lane_index_same(const lane_index *a, const lane_index *b) {
  return a->base == b->base && a->step == b->step;
}

LLVMValueRef lane_index_value(emitter *e, lane_index i, int lanes) {
  if (scattered(&i) || i.step == 0 || lanes == 1) return i.base;
  LLVMTypeRef type = emit_lanes_type(e->i64, lanes);
  LLVMValueRef steps = emit_mul(e, emit_lane_numbers(e, lanes), emit_integer(type, i.step));
  return emit_add(e, emit_splat(e, i.base, lanes), steps);
}

lane_index lane_index_add(emitter *e, lane_index a, lane_index b, int lanes) {
  int64_t multiple = common_divisor(a.multiple, b.multiple);
  if (!scattered(&a) && !scattered(&b))
    return (lane_index){emit_add(e, a.base, b.base), a.step + b.step, multiple};
  return lane_index_of(emit_add(e, lane_index_value(e, a, lanes), lane_index_value(e, b, lanes)));
}

lane_index lane_index_scale(emitter *e, lane_index a, ir_dim factor, int lanes) {
  int64_t value;
  if (ir_dim_is_const(factor, &value)) {
    if (value == 0) return lane_index_const(e, 0);
    LLVMValueRef base = value == 1 ? a.base : emit_mul(e, a.base, emit_index(e, value));
    return (lane_index){base, a.step * value, a.multiple * (value < 0 ? -value : value)};
  }
  LLVMValueRef size = emit_size(e, factor);
  if (lane_index_uniform(&a)) return (lane_index){emit_mul(e, a.base, size), 0, a.multiple};
  return lane_index_of(emit_mul(e, lane_index_value(e, a, lanes), size));
}

bool lane_index_within(const lane_index *i, int64_t boundary, int lanes) {
  if (lane_index_uniform(i)) return true;
  if (scattered(i) || i->step < 0) return false;
  return i->step * (lanes - 1) < common_divisor(i->multiple, boundary);
}

void lane_index_divide(emitter *e, lane_index a, ir_dim divisor, int lanes, lane_index *quotient,
                       lane_index *remainder) {
  int64_t value = 0;
  bool known = ir_dim_is_const(divisor, &value);
  if (known && value == 1) {
    *quotient = a;
    *remainder = lane_index_const(e, 0);
    return;
  }
  if (!(known && value > 0 && lane_index_within(&a, value, lanes)) && !lane_index_uniform(&a))
    a = lane_index_of(lane_index_value(e, a, lanes));
  LLVMValueRef by = emit_size(e, divisor);
  int64_t left = known ? common_divisor(a.multiple, value) : 1;
  bool exact = known && value > 0 && a.multiple % value == 0 && !scattered(&a);
  *quotient = (lane_index){emit_udiv(e, a.base, by), 0, exact ? a.multiple / value : 1};
  *remainder = (lane_index){exact ? emit_index(e, 0) : emit_urem(e, a.base, by), a.step, exact ? 0 : left};
}

/* ---- memory --------------------------------------------------------------------------- */

LLVMValueRef lane_index_load(emitter *e, ir_dtype dtype, LLVMValueRef base, lane_index offset, int lanes) {
  if (lane_index_uniform(&offset)) return emit_load(e, dtype, emit_at(e, dtype, base, offset.base), 1);
  if (offset.step == 1) return emit_load(e, dtype, emit_at(e, dtype, base, offset.base), lanes);
  LLVMValueRef first = scattered(&offset) ? NULL : emit_at(e, dtype, base, offset.base);
  lane_index steps = {.base = emit_index(e, 0), .step = offset.step};
  LLVMValueRef v = first ? emit_gather(e, dtype, first, lane_index_value(e, steps, lanes))
                         : emit_gather(e, dtype, base, offset.base);
  if (v) return v;
  v = LLVMGetPoison(emit_memory_type(e, dtype, lanes));
  LLVMTypeRef element = emit_memory_type(e, dtype, 1);
  for (int lane = 0; lane < lanes; lane++) {
    LLVMValueRef pointer = first ? emit_at(e, dtype, first, emit_index(e, lane * offset.step))
                                 : emit_at(e, dtype, base, emit_lane(e, offset.base, lane));
    LLVMValueRef x = LLVMBuildLoad2(e->builder, element, pointer, "");
    LLVMSetAlignment(x, (unsigned)ir_dtype_bytes(dtype));
    v = emit_set_lane(e, v, lane, x);
  }
  return emit_widen(e, dtype, v);
}

void lane_index_store(emitter *e, ir_dtype dtype, LLVMValueRef base, lane_index offset, LLVMValueRef v,
                      int lanes) {
  if (lanes == 1 || offset.step == 1) {
    emit_store(e, dtype, emit_at(e, dtype, base, offset.base), emit_splat(e, v, lanes));
    return;
  }
  v = emit_splat(e, v, lanes);
  for (int lane = 0; lane < lanes; lane++) {
    LLVMValueRef at = scattered(&offset) ? emit_lane(e, offset.base, lane)
                                         : emit_add(e, offset.base, emit_index(e, lane * offset.step));
    emit_store(e, dtype, emit_at(e, dtype, base, at), emit_lane(e, v, lane));
  }
}
