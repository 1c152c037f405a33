/*
 * fused.c: x * y + z. Levels with the instruction round once, others twice:
 * of f32 one last bit in a few differs, which nobody minds until a result is
 * rounded to bf16 or to bytes. Programs that do so (`steady`) get the same
 * bits from every level: where there is no such instruction, the sum that it
 * makes is made in f64 (Boldo and Melquiond, Emulation of FMA and correctly
 * rounded sums, 2008: rounding to odd first, then to f32, is rounding once).
 */
#include "codegen/emit.h"

enum { LANES = 4 }; /* of functions that do it: a call takes less code than the work */

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
  LLVMValueRef is_larger =
      emit_binary(e, LLVMXor, emit_fcmp(e, LLVMRealOGT, lost, zero), emit_fcmp(e, LLVMRealOLT, sum, zero));
  LLVMValueRef number = LLVMBuildBitCast(e->builder, sum, bits, ""), one = emit_integer(bits, 1);
  LLVMValueRef is_even = emit_icmp(e, LLVMIntEQ, emit_binary(e, LLVMAnd, number, one), emit_zero(bits));
  LLVMValueRef beside = emit_select(e, is_larger, one, emit_integer(bits, -1));
  LLVMValueRef moves = emit_binary(e, LLVMAnd, is_inexact, is_even);
  number = emit_add(e, number, emit_select(e, moves, beside, emit_zero(bits)));
  return LLVMBuildBitCast(e->builder, number, LLVMTypeOf(sum), "");
}

typedef struct {
  LLVMValueRef function; /* of `count` vectors of LANES f32, private to the module and never inlined */
  LLVMTypeRef type;
  unsigned count;
  bool is_new; /* its body is to be emitted */
} shared_function;

static shared_function function_named(emitter *e, const char *name, unsigned count) {
  static const char NO_INLINE[] = "noinline";
  LLVMTypeRef vector = f32_vector(e), params[] = {vector, vector, vector};
  shared_function f = {.type = LLVMFunctionType(vector, params, count, false), .count = count};
  f.function = LLVMGetNamedFunction(e->module, name);
  if (f.function) return f;
  f.is_new = true;
  f.function = LLVMAddFunction(e->module, name, f.type);
  LLVMSetLinkage(f.function, LLVMInternalLinkage);
  unsigned kind = LLVMGetEnumAttributeKindForName(NO_INLINE, sizeof NO_INLINE - 1);
  LLVMAddAttributeAtIndex(f.function, LLVMAttributeFunctionIndex,
                          LLVMCreateEnumAttribute(e->context, kind, 0));
  return f;
}

/* Instructions go into f from here on; returns where they went before. */
static LLVMBuilderRef body_begin(emitter *e, const shared_function *f) {
  LLVMBuilderRef outside = e->builder;
  e->builder = LLVMCreateBuilderInContext(e->context);
  LLVMPositionBuilderAtEnd(e->builder, LLVMAppendBasicBlockInContext(e->context, f->function, ""));
  return outside;
}

static void body_end(emitter *e, LLVMValueRef result, LLVMBuilderRef outside) {
  LLVMBuildRet(e->builder, result);
  LLVMDisposeBuilder(e->builder);
  e->builder = outside;
}

/* Lanes [first, first + LANES) of v; of a scalar, the same in all. */
static LLVMValueRef four_of(emitter *e, LLVMValueRef v, int first) {
  int lanes = emit_lanes(v);
  if (lanes == 1 || lanes == LANES) return emit_splat(e, v, LANES);
  LLVMValueRef four = LLVMGetPoison(f32_vector(e));
  for (int i = 0; i < LANES; i++)
    four = emit_set_lane(e, four, i, emit_lane(e, v, first + i < lanes ? first + i : 0));
  return four;
}

/* f of vectors of any lanes. */
static LLVMValueRef call_by_fours(emitter *e, const shared_function *f, const LLVMValueRef *args) {
  LLVMValueRef result = LLVMGetPoison(LLVMTypeOf(args[0])), fours[3];
  int lanes = emit_lanes(args[0]);
  for (int first = 0; first < lanes; first += LANES) {
    for (unsigned i = 0; i < f->count; i++) fours[i] = four_of(e, args[i], first);
    LLVMValueRef four = LLVMBuildCall2(e->builder, f->type, f->function, fours, f->count, "");
    if (lanes == LANES) return four;
    for (int i = 0; i < LANES && first + i < lanes; i++)
      result = emit_set_lane(e, result, first + i, emit_lane(e, four, i));
  }
  return result;
}

/*
 * Whether a sum of f64 may not be rounded to f32 as it is, if it was rounded before: it is the middle between
 * two numbers of f32, or so small that those lie at other places. An i1.
 */
static LLVMValueRef is_doubtful(emitter *e, LLVMValueRef sum, LLVMValueRef rounded) {
  enum { LEAST_EXPONENT = 2 << 23 };
  LLVMTypeRef bits = emit_lanes_type(e->i64, LANES), short_bits = emit_lanes_type(e->i32, LANES);
  LLVMValueRef lost = LLVMBuildBitCast(e->builder, sum, bits, "");
  lost = emit_binary(e, LLVMAnd, lost, emit_integer(bits, (1 << 29) - 1));
  LLVMValueRef is_middle = emit_icmp(e, LLVMIntEQ, lost, emit_integer(bits, 1 << 28));
  LLVMValueRef exponent = LLVMBuildBitCast(e->builder, rounded, short_bits, "");
  exponent = emit_binary(e, LLVMAnd, exponent, emit_integer(short_bits, 0x7f800000));
  LLVMValueRef is_small = emit_icmp(e, LLVMIntSLT, exponent, emit_integer(short_bits, LEAST_EXPONENT));
  LLVMValueRef any = emit_binary(e, LLVMOr, is_middle, is_small);
  LLVMTypeRef mask = LLVMIntTypeInContext(e->context, LANES);
  any = LLVMBuildBitCast(e->builder, any, mask, "");
  return emit_icmp(e, LLVMIntNE, any, emit_zero(mask));
}

static LLVMValueRef exact_fma(emitter *e, const LLVMValueRef *args) {
  shared_function f = function_named(e, "fused", 3);
  if (f.is_new) {
    LLVMTypeRef wide = emit_type(e, SMELT_F64, LANES), vector = f32_vector(e);
    LLVMBuilderRef outside = body_begin(e, &f);
    LLVMValueRef x[3];
    LLVMGetParams(f.function, x);
    for (int i = 0; i < 3; i++) x[i] = LLVMBuildFPExt(e->builder, x[i], wide, "");
    LLVMValueRef product = emit_mul(e, x[0], x[1]), sum = emit_add(e, product, x[2]);
    LLVMValueRef rounded = LLVMBuildFPTrunc(e->builder, sum, vector, "");
    LLVMBasicBlockRef seldom = LLVMAppendBasicBlockInContext(e->context, f.function, "");
    LLVMBasicBlockRef mostly = LLVMAppendBasicBlockInContext(e->context, f.function, "");
    LLVMBuildCondBr(e->builder, is_doubtful(e, sum, rounded), seldom, mostly);
    LLVMPositionBuilderAtEnd(e->builder, seldom);
    LLVMBuildRet(e->builder, LLVMBuildFPTrunc(e->builder, sum_to_odd(e, product, x[2]), vector, ""));
    LLVMPositionBuilderAtEnd(e->builder, mostly);
    body_end(e, rounded, outside);
  }
  return call_by_fours(e, &f, args);
}

LLVMValueRef emit_shared(emitter *e, const char *name, emit_unary *body, LLVMValueRef x) {
  bool is_f32 = LLVMGetTypeKind(element_type(x)) == LLVMFloatTypeKind;
  if (!emit_makes_fma(e) || !is_f32) return body(e, x);
  shared_function f = function_named(e, name, 1);
  if (f.is_new) {
    LLVMBuilderRef outside = body_begin(e, &f);
    body_end(e, body(e, LLVMGetParam(f.function, 0)), outside);
  }
  return call_by_fours(e, &f, &x);
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
  if (emit_makes_fma(e)) return exact_fma(e, (LLVMValueRef[]){x, y, z});
  /* Where Arm of 32 bits may choose, it takes vmla, which rounds twice. */
  bool rounds_once = kind == LLVMFloatTypeKind && e->steady;
  return emit_intrinsic(e, rounds_once ? "llvm.fma" : "llvm.fmuladd", x, y, z);
}

LLVMValueRef emit_fma_exact(emitter *e, LLVMValueRef x, LLVMValueRef y, LLVMValueRef z) {
  match_all(e, &x, &y, &z);
  return emit_intrinsic(e, "llvm.fmuladd", x, y, z);
}
