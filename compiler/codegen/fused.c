/*
 * fused.c: x * y + z. Levels with the instruction round once, others twice:
 * of f32 one last bit in a few differs, which nobody minds until a result is
 * rounded to bf16 or to bytes. Programs that do so (`steady`) get the same
 * bits from every level: where there is no such instruction, the sum that it
 * makes is made in f64 (Boldo and Melquiond, Emulation of FMA and correctly
 * rounded sums, 2008: rounding to odd first, then to f32, is rounding once).
 */
#include "codegen/emit.h"

enum { LANES = 4 }; /* of the function that does it: a call takes less code than the work */

static LLVMTypeRef element_type(LLVMValueRef v) {
  return emit_element_type(LLVMTypeOf(v));
}

static LLVMTypeRef f32_vector(emitter *e) {
  return emit_type(e, SMELT_F32, LANES);
}

/* x * y + z of f64 to odd, x * y being exact: its last bit is set where anything was lost. */
static LLVMValueRef sum_to_odd(emitter *e, LLVMValueRef product, LLVMValueRef z) {
  LLVMTypeRef bits = emit_lanes_type(e->i64, LANES);
  LLVMValueRef sum = emit_add(e, product, z), zero = emit_zero(LLVMTypeOf(sum));
  LLVMValueRef added = emit_sub(e, sum, product); /* Knuth's two-sum: what the sum lost */
  LLVMValueRef lost = emit_add(e, emit_sub(e, product, emit_sub(e, sum, added)), emit_sub(e, z, added));
  LLVMValueRef is_inexact = emit_fcmp(e, LLVMRealONE, lost, zero);
  LLVMValueRef is_larger = emit_binary(e, LLVMXor, emit_fcmp(e, LLVMRealOGT, lost, zero),
                                       emit_fcmp(e, LLVMRealOLT, sum, zero));
  LLVMValueRef number = LLVMBuildBitCast(e->builder, sum, bits, ""), one = emit_integer(bits, 1);
  LLVMValueRef is_even = emit_icmp(e, LLVMIntEQ, emit_binary(e, LLVMAnd, number, one), emit_zero(bits));
  LLVMValueRef beside = emit_select(e, is_larger, one, emit_integer(bits, -1));
  LLVMValueRef moves = emit_binary(e, LLVMAnd, is_inexact, is_even);
  number = emit_add(e, number, emit_select(e, moves, beside, emit_zero(bits)));
  return LLVMBuildBitCast(e->builder, number, LLVMTypeOf(sum), "");
}

/* The module's function of three vectors of LANES f32, made when first asked for. */
static LLVMValueRef exact_function(emitter *e, LLVMTypeRef *type) {
  static const char NAME[] = "fused", NO_INLINE[] = "noinline";
  LLVMTypeRef vector = f32_vector(e), wide = emit_type(e, SMELT_F64, LANES), params[] = {vector, vector, vector};
  *type = LLVMFunctionType(vector, params, 3, false);
  LLVMValueRef function = LLVMGetNamedFunction(e->module, NAME), args[3];
  if (function) return function;
  function = LLVMAddFunction(e->module, NAME, *type);
  LLVMSetLinkage(function, LLVMInternalLinkage);
  unsigned kind = LLVMGetEnumAttributeKindForName(NO_INLINE, sizeof NO_INLINE - 1);
  LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex, LLVMCreateEnumAttribute(e->context, kind, 0));
  LLVMBuilderRef outside = e->builder;
  e->builder = LLVMCreateBuilderInContext(e->context);
  LLVMPositionBuilderAtEnd(e->builder, LLVMAppendBasicBlockInContext(e->context, function, ""));
  LLVMGetParams(function, args);
  for (int i = 0; i < 3; i++) args[i] = LLVMBuildFPExt(e->builder, args[i], wide, "");
  LLVMValueRef sum = sum_to_odd(e, emit_mul(e, args[0], args[1]), args[2]);
  LLVMBuildRet(e->builder, LLVMBuildFPTrunc(e->builder, sum, vector, ""));
  LLVMDisposeBuilder(e->builder);
  e->builder = outside;
  return function;
}

/* Lanes [first, first + LANES) of v; of a scalar, all. */
static LLVMValueRef four_of(emitter *e, LLVMValueRef v, int first) {
  if (emit_lanes(v) == LANES) return v;
  LLVMValueRef four = LLVMGetPoison(f32_vector(e));
  if (emit_lanes(v) == 1) return emit_splat(e, v, LANES);
  for (int i = 0; i < LANES; i++)
    four = emit_set_lane(e, four, i, first + i < emit_lanes(v) ? emit_lane(e, v, first + i) : emit_lane(e, v, 0));
  return four;
}

static LLVMValueRef exact_fma(emitter *e, LLVMValueRef x, LLVMValueRef y, LLVMValueRef z) {
  LLVMTypeRef type;
  LLVMValueRef function = exact_function(e, &type), result = LLVMGetPoison(LLVMTypeOf(x));
  int lanes = emit_lanes(x);
  for (int first = 0; first < lanes; first += LANES) {
    LLVMValueRef args[] = {four_of(e, x, first), four_of(e, y, first), four_of(e, z, first)};
    LLVMValueRef four = LLVMBuildCall2(e->builder, type, function, args, 3, "");
    if (lanes == LANES) return four;
    for (int i = 0; i < LANES && first + i < lanes; i++)
      result = emit_set_lane(e, result, first + i, emit_lane(e, four, i));
  }
  return result;
}

bool emit_makes_fma(const emitter *e) {
  return e->steady && !(e->level->engines & ENGINE_FMA);
}

static void match_all(emitter *e, LLVMValueRef *x, LLVMValueRef *y, LLVMValueRef *z) {
  emit_match(e, x, y);
  emit_match(e, x, z);
  emit_match(e, y, z);
}

LLVMValueRef emit_fma(emitter *e, LLVMValueRef x, LLVMValueRef y, LLVMValueRef z) {
  match_all(e, &x, &y, &z);
  LLVMTypeKind kind = LLVMGetTypeKind(element_type(x));
  bool is_wide = kind == LLVMDoubleTypeKind && e->steady; /* there is little of it */
  if (kind == LLVMIntegerTypeKind || is_wide) return emit_add(e, emit_mul(e, x, y), z);
  return emit_makes_fma(e) ? exact_fma(e, x, y, z) : emit_intrinsic(e, "llvm.fmuladd", x, y, z);
}

LLVMValueRef emit_fma_exact(emitter *e, LLVMValueRef x, LLVMValueRef y, LLVMValueRef z) {
  match_all(e, &x, &y, &z);
  return emit_intrinsic(e, "llvm.fmuladd", x, y, z);
}
