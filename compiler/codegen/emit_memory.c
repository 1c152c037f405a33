/* emit_memory.c: loads and stores with their conversions, whole or in part, and the stack. */
#include "codegen/emit.h"

#include <string.h>

LLVMValueRef emit_pointer_at(emitter *e, LLVMValueRef table, uint64_t index) {
  LLVMValueRef offset = emit_index(e, (int64_t)index);
  LLVMValueRef place = LLVMBuildInBoundsGEP2(e->builder, e->pointer, table, &offset, 1, "");
  return LLVMBuildLoad2(e->builder, e->pointer, place, "");
}

LLVMValueRef emit_at(emitter *e, ir_dtype dtype, LLVMValueRef base, LLVMValueRef offset) {
  return LLVMBuildInBoundsGEP2(e->builder, emit_memory_type(e, dtype, 1), base, &offset, 1, "");
}

/* bf16 is the upper half of an f32. */
static LLVMValueRef widen_bf16(emitter *e, LLVMValueRef v) {
  int lanes = emit_lanes(v);
  LLVMTypeRef bits = emit_lanes_type(e->i32, lanes);
  v = LLVMBuildZExt(e->builder, v, bits, "");
  v = emit_binary(e, LLVMShl, v, emit_integer(bits, 16));
  return LLVMBuildBitCast(e->builder, v, emit_type(e, SMELT_F32, lanes), "");
}

/* Nearest, ties to even; NaN stays NaN. */
static LLVMValueRef narrow_bf16(emitter *e, LLVMValueRef v) {
  int lanes = emit_lanes(v);
  LLVMTypeRef type = emit_lanes_type(e->i32, lanes);
  LLVMValueRef bits = LLVMBuildBitCast(e->builder, v, type, "");
  LLVMValueRef half = emit_binary(e, LLVMLShr, bits, emit_integer(type, 16));
  LLVMValueRef odd = emit_binary(e, LLVMAnd, half, emit_integer(type, 1));
  LLVMValueRef rounded = emit_add(e, emit_add(e, bits, emit_integer(type, 0x7fff)), odd);
  rounded = emit_binary(e, LLVMLShr, rounded, emit_integer(type, 16));
  LLVMValueRef quiet = emit_binary(e, LLVMOr, half, emit_integer(type, 0x40));
  LLVMValueRef is_nan = emit_fcmp(e, LLVMRealUNO, v, v);
  return LLVMBuildTrunc(e->builder, emit_select(e, is_nan, quiet, rounded),
                        emit_memory_type(e, SMELT_BF16, lanes), "");
}

/* Behind a fence, where LLVM must not look through to the narrow number. */
static LLVMValueRef widen_f16(emitter *e, LLVMValueRef v) {
  v = LLVMBuildFPExt(e->builder, v, emit_type(e, SMELT_F16, emit_lanes(v)), "");
  return e->level->lacks_halves ? emit_intrinsic(e, "llvm.arithmetic.fence", v, NULL, NULL) : v;
}

LLVMValueRef emit_widen(emitter *e, ir_dtype dtype, LLVMValueRef v) {
  switch (dtype) {
  case SMELT_F16:
    return widen_f16(e, v);
  case SMELT_BF16:
    return widen_bf16(e, v);
  case SMELT_BOOL:
    return emit_icmp(e, LLVMIntNE, v, emit_zero(LLVMTypeOf(v)));
  default:
    return v;
  }
}

LLVMValueRef emit_narrow(emitter *e, ir_dtype dtype, LLVMValueRef v) {
  switch (dtype) {
  case SMELT_F16:
    return LLVMBuildFPTrunc(e->builder, v, emit_memory_type(e, dtype, emit_lanes(v)), "");
  case SMELT_BF16:
    return narrow_bf16(e, v);
  case SMELT_BOOL:
    return LLVMBuildZExt(e->builder, v, emit_memory_type(e, dtype, emit_lanes(v)), "");
  default:
    return v;
  }
}

LLVMValueRef emit_load(emitter *e, ir_dtype dtype, LLVMValueRef pointer, int lanes) {
  LLVMValueRef v = LLVMBuildLoad2(e->builder, emit_memory_type(e, dtype, lanes), pointer, "");
  LLVMSetAlignment(v, (unsigned)ir_dtype_bytes(dtype));
  return emit_widen(e, dtype, v);
}

void emit_store(emitter *e, ir_dtype dtype, LLVMValueRef pointer, LLVMValueRef v) {
  LLVMValueRef store = LLVMBuildStore(e->builder, emit_narrow(e, dtype, v), pointer);
  LLVMSetAlignment(store, (unsigned)ir_dtype_bytes(dtype));
}

/* ---- parts of a vector ------------------------------------------------------------- */

static LLVMValueRef part_mask(emitter *e, LLVMTypeRef type, LLVMValueRef count) {
  int lanes = emit_type_lanes(type);
  if (emit_fills_register(e, type)) return emit_first_lanes(e, type, count);
  return emit_icmp(e, LLVMIntSLT, emit_lane_numbers(e, lanes), emit_splat(e, count, lanes));
}

/*
 * llvm.masked.load and gather (pointer or pointers, [alignment,] mask, other lanes) and llvm.masked.store
 * (value, pointer, [alignment,] mask): LLVM 22 has the alignment as an attribute of the pointer, earlier ones
 * as an argument.
 */
static LLVMValueRef call_masked(emitter *e, const char *name, ir_dtype dtype, LLVMTypeRef type,
                                LLVMValueRef before, LLVMValueRef pointer, LLVMValueRef mask,
                                LLVMValueRef after) {
  LLVMTypeRef overloads[] = {type, LLVMTypeOf(pointer)};
  unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
  LLVMValueRef function = LLVMGetIntrinsicDeclaration(e->module, id, overloads, 2);
  LLVMTypeRef function_type = LLVMIntrinsicGetType(e->context, id, overloads, 2);
  bool takes_alignment = LLVMCountParamTypes(function_type) == 4;
  unsigned align = (unsigned)ir_dtype_bytes(dtype), count = 0, pointer_at;
  LLVMValueRef args[4];
  if (before) args[count++] = before;
  pointer_at = count;
  args[count++] = pointer;
  if (takes_alignment) args[count++] = LLVMConstInt(e->i32, align, false);
  args[count++] = mask;
  if (after) args[count++] = after;
  LLVMValueRef call = LLVMBuildCall2(e->builder, function_type, function, args, count, "");
  if (!takes_alignment) LLVMSetInstrParamAlignment(call, pointer_at + 1, align);
  return call;
}

LLVMValueRef emit_load_part(emitter *e, ir_dtype dtype, LLVMValueRef pointer, int lanes, LLVMValueRef count) {
  if (!count || lanes == 1) return emit_load(e, dtype, pointer, lanes);
  LLVMTypeRef type = emit_memory_type(e, dtype, lanes), whole = emit_register_type(e, type);
  LLVMValueRef mask = part_mask(e, type, count);
  LLVMValueRef v = call_masked(e, "llvm.masked.load", dtype, whole, NULL, pointer, mask, emit_zero(whole));
  return emit_widen(e, dtype, emit_of_register(e, v, type));
}

LLVMValueRef emit_gather(emitter *e, ir_dtype dtype, LLVMValueRef base, LLVMValueRef offsets) {
  int lanes = emit_lanes(offsets);
  LLVMTypeRef type = emit_memory_type(e, dtype, lanes), mask = emit_lanes_type(e->i1, lanes);
  if (!emit_fills_register(e, type)) return NULL;
  LLVMValueRef v = call_masked(e, "llvm.masked.gather", dtype, type, NULL, emit_at(e, dtype, base, offsets),
                               LLVMConstAllOnes(mask), LLVMGetPoison(type));
  return emit_widen(e, dtype, v);
}

void emit_store_part(emitter *e, ir_dtype dtype, LLVMValueRef pointer, LLVMValueRef v, LLVMValueRef count) {
  int lanes = emit_lanes(v);
  if (!count || lanes == 1) {
    emit_store(e, dtype, pointer, v);
    return;
  }
  v = emit_narrow(e, dtype, v);
  LLVMValueRef mask = part_mask(e, LLVMTypeOf(v), count);
  v = emit_as_register(e, v);
  call_masked(e, "llvm.masked.store", dtype, LLVMTypeOf(v), v, pointer, mask, NULL);
}

void emit_prefetch(emitter *e, LLVMValueRef pointer, int level) {
  unsigned id = LLVMLookupIntrinsicID("llvm.prefetch", strlen("llvm.prefetch"));
  LLVMValueRef function = LLVMGetIntrinsicDeclaration(e->module, id, &e->pointer, 1);
  /* read, locality (3: all levels; 0 would bypass the second on some processors), data cache */
  LLVMValueRef args[] = {pointer, LLVMConstInt(e->i32, 0, false),
                         LLVMConstInt(e->i32, level == 1 ? 3 : 2, false), LLVMConstInt(e->i32, 1, false)};
  LLVMBuildCall2(e->builder, LLVMIntrinsicGetType(e->context, id, &e->pointer, 1), function, args, 4, "");
}

/* ---- the stack ------------------------------------------------------------------------ */

LLVMValueRef emit_variable(emitter *e, LLVMTypeRef type, LLVMValueRef first) {
  LLVMValueRef variable = LLVMBuildAlloca(e->prologue, type, "");
  if (first) LLVMBuildStore(e->builder, first, variable);
  return variable;
}

LLVMValueRef emit_get(emitter *e, LLVMValueRef variable) {
  return LLVMBuildLoad2(e->builder, LLVMGetAllocatedType(variable), variable, "");
}

void emit_set(emitter *e, LLVMValueRef variable, LLVMValueRef v) {
  LLVMBuildStore(e->builder, v, variable);
}

LLVMValueRef emit_stack(emitter *e, LLVMTypeRef element, int64_t count) {
  LLVMValueRef memory = LLVMBuildAlloca(e->prologue, LLVMArrayType2(element, (uint64_t)count), "");
  LLVMSetAlignment(memory, PLAN_ALIGN_BYTES);
  return memory;
}
