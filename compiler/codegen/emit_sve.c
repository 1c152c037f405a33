/*
 * emit_sve.c: Arm's registers of SVE, as long as the level says. LLVM's types for them leave the length open;
 * vectors that fill one are seen as such for what LLVM makes better code of then than of vectors:
 * instructions for SVE alone, selections by a comparison, loads and stores of a part, halves that change
 * places. And Arm's instructions that multiply and add up (Architecture Reference Manual: SDOT, BFDOT, SMMLA,
 * BFMMLA), with these registers and with NEON's.
 */
#include "codegen/emit.h"

#include <string.h>

enum { UNIT_BYTES = 16, SUM_BYTES = 4 };

static LLVMValueRef call(emitter *e, const char *name, LLVMTypeRef *types, size_t type_count,
                         LLVMValueRef *args, unsigned count) {
  unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
  if (!LLVMIntrinsicIsOverloaded(id)) type_count = 0;
  LLVMValueRef function = LLVMGetIntrinsicDeclaration(e->module, id, types, type_count);
  return LLVMBuildCall2(e->builder, LLVMGlobalGetValueType(function), function, args, count, "");
}

static unsigned element_bytes(LLVMTypeRef type) {
  LLVMTypeRef element = emit_element_type(type);
  switch (LLVMGetTypeKind(element)) {
  case LLVMIntegerTypeKind:
    return LLVMGetIntTypeWidth(element) / 8;
  case LLVMHalfTypeKind:
  case LLVMBFloatTypeKind:
    return 2;
  case LLVMFloatTypeKind:
    return 4;
  case LLVMDoubleTypeKind:
    return 8;
  default:
    return 0;
  }
}

bool emit_fills_register(const emitter *e, LLVMTypeRef type) {
  unsigned bytes = (unsigned)emit_type_lanes(type) * element_bytes(type);
  return e->level->engines & ENGINE_SVE && bytes == (unsigned)e->level->vector_bytes;
}

LLVMTypeRef emit_register_type(const emitter *e, LLVMTypeRef type) {
  if (!emit_fills_register(e, type)) return type;
  unsigned lanes = (unsigned)(emit_type_lanes(type) * UNIT_BYTES / e->level->vector_bytes);
  return LLVMScalableVectorType(LLVMGetElementType(type), lanes);
}

LLVMValueRef emit_as_register(emitter *e, LLVMValueRef v) {
  LLVMTypeRef types[] = {emit_register_type(e, LLVMTypeOf(v)), LLVMTypeOf(v)};
  if (types[0] == types[1]) return v;
  LLVMValueRef args[] = {LLVMGetPoison(types[0]), v, emit_index(e, 0)};
  return call(e, "llvm.vector.insert", types, 2, args, 3);
}

LLVMValueRef emit_of_register(emitter *e, LLVMValueRef v, LLVMTypeRef type) {
  LLVMTypeRef types[] = {type, LLVMTypeOf(v)};
  if (types[0] == types[1]) return v;
  LLVMValueRef args[] = {v, emit_index(e, 0)};
  return call(e, "llvm.vector.extract", types, 2, args, 2);
}

/* ---- selections ---- */

/* The comparison again, of registers; NULL where `condition` is none of vectors that fill them. */
static LLVMValueRef compare_registers(emitter *e, LLVMValueRef condition) {
  bool is_float = LLVMIsAFCmpInst(condition) != NULL;
  if (!is_float && !LLVMIsAICmpInst(condition)) return NULL;
  LLVMValueRef x = LLVMGetOperand(condition, 0), y = LLVMGetOperand(condition, 1);
  if (!emit_fills_register(e, LLVMTypeOf(x))) return NULL;
  x = emit_as_register(e, x);
  y = emit_as_register(e, y);
  if (is_float) return LLVMBuildFCmp(e->builder, LLVMGetFCmpPredicate(condition), x, y, "");
  return LLVMBuildICmp(e->builder, LLVMGetICmpPredicate(condition), x, y, "");
}

LLVMValueRef emit_register_select(emitter *e, LLVMValueRef condition, LLVMValueRef x, LLVMValueRef y) {
  LLVMTypeRef type = LLVMTypeOf(x);
  if (!emit_fills_register(e, type)) return NULL;
  LLVMValueRef lanes = compare_registers(e, condition);
  if (!lanes) return NULL;
  return emit_of_register(
      e, LLVMBuildSelect(e->builder, lanes, emit_as_register(e, x), emit_as_register(e, y), ""), type);
}

/* ---- lanes ---- */

static LLVMTypeRef lanes_type(emitter *e, LLVMTypeRef type) {
  return LLVMScalableVectorType(e->i1, LLVMGetVectorSize(emit_register_type(e, type)));
}

LLVMValueRef emit_first_lanes(emitter *e, LLVMTypeRef type, LLVMValueRef count) {
  LLVMTypeRef types[] = {lanes_type(e, type), e->i64};
  LLVMValueRef args[] = {emit_index(e, 0), count};
  return call(e, "llvm.aarch64.sve.whilelt", types, 2, args, 2);
}

void emit_exchange_halves(emitter *e, LLVMValueRef *x, LLVMValueRef *y) {
  LLVMTypeRef vector = LLVMTypeOf(*x), type = emit_register_type(e, vector);
  LLVMValueRef half = LLVMConstInt(e->i32, LLVMGetVectorSize(vector) / 2, false);
  LLVMValueRef first = emit_as_register(e, *x), second = emit_as_register(e, *y), lanes[] = {half};
  LLVMValueRef moved[] = {first, second, half};
  LLVMTypeRef mask = lanes_type(e, vector);
  LLVMValueRef is_low = call(e, "llvm.aarch64.sve.ptrue", &mask, 1, lanes, 1);
  *x = emit_of_register(e, LLVMBuildSelect(e->builder, is_low, first, second, ""), vector);
  *y = emit_of_register(e, call(e, "llvm.aarch64.sve.ext", &type, 1, moved, 3), vector);
}

/* ---- products ---- */

LLVMValueRef emit_arm_products(emitter *e, emit_arm_product product, LLVMValueRef *args) {
  static const char *const NAMES[][2][2] = {
      [EMIT_ARM_DOT] = {{"llvm.aarch64.neon.sdot", "llvm.aarch64.sve.sdot"},
                        {"llvm.aarch64.neon.bfdot", "llvm.aarch64.sve.bfdot"}},
      [EMIT_ARM_MMLA] = {{"llvm.aarch64.neon.smmla", "llvm.aarch64.sve.smmla"},
                         {"llvm.aarch64.neon.bfmmla", "llvm.aarch64.sve.bfmmla"}}};
  LLVMTypeRef sums = LLVMTypeOf(args[0]), words = emit_lanes_type(e->i32, emit_type_lanes(sums));
  bool is_bf16 = LLVMGetTypeKind(emit_element_type(sums)) == LLVMFloatTypeKind;
  bool is_sve = emit_fills_register(e, sums);
  LLVMTypeRef element = is_bf16 ? LLVMBFloatTypeInContext(e->context) : LLVMInt8TypeInContext(e->context);
  unsigned bytes = is_sve ? UNIT_BYTES : (unsigned)emit_type_lanes(sums) * SUM_BYTES,
           count = bytes / (is_bf16 ? 2 : 1);
  LLVMTypeRef factors = is_sve ? LLVMScalableVectorType(element, count) : LLVMVectorType(element, count);
  args[0] = emit_as_register(e, args[0]);
  for (int i = 1; i < 3; i++) { /* words first: shuffles of bf16 would go by way of memory */
    args[i] = emit_as_register(e, LLVMBuildBitCast(e->builder, args[i], words, ""));
    args[i] = LLVMBuildBitCast(e->builder, args[i], factors, "");
  }
  LLVMTypeRef types[] = {LLVMTypeOf(args[0]), factors};
  LLVMValueRef v = call(e, NAMES[product][is_bf16][is_sve], types, is_sve ? 1 : 2, args, 3);
  return emit_of_register(e, v, sums);
}
