/*
 * elementwise.c: one row per elementwise operator: how it is computed on
 * floats, integers and bools. An absent form is not defined for the dtype.
 */
#include "codegen/elementwise.h"

#include <math.h>
#include <string.h>

/* x[]: operands with equal lanes; dtype: theirs (the second's for select). */
typedef LLVMValueRef elementwise_form(emitter *e, ir_dtype dtype, LLVMValueRef *x);

static LLVMValueRef like(LLVMValueRef x, double value) {
  LLVMTypeRef type = LLVMTypeOf(x);
  return LLVMGetTypeKind(emit_element_type(type)) == LLVMIntegerTypeKind ? emit_integer(type, (int64_t)value)
                                                                         : emit_number(type, value);
}

#define FORM(name) static LLVMValueRef name(emitter *e, ir_dtype dtype, LLVMValueRef *x)
#define SHORT_FORM(name, expression)                                                                         \
  FORM(name) {                                                                                               \
    (void)dtype;                                                                                             \
    return expression;                                                                                       \
  }
#define CALL1(intrinsic) emit_intrinsic(e, intrinsic, x[0], NULL, NULL)

/* ---- floats ------------------------------------------------------------------------ */

SHORT_FORM(same, ((void)e, x[0]))
SHORT_FORM(float_neg, LLVMBuildFNeg(e->builder, x[0], ""))
SHORT_FORM(float_abs, CALL1("llvm.fabs"))
SHORT_FORM(float_floor, CALL1("llvm.floor"))
SHORT_FORM(float_ceil, CALL1("llvm.ceil"))
SHORT_FORM(float_round, emit_round_even(e, x[0]))
SHORT_FORM(float_exp, emit_exp(e, x[0]))
SHORT_FORM(float_log, emit_log(e, x[0]))
SHORT_FORM(float_sqrt, CALL1("llvm.sqrt"))
SHORT_FORM(float_rsqrt, emit_fdiv(e, like(x[0], 1), CALL1("llvm.sqrt")))
SHORT_FORM(float_reciprocal, emit_fdiv(e, like(x[0], 1), x[0]))
SHORT_FORM(float_sin, emit_sin(e, x[0]))
SHORT_FORM(float_cos, emit_cos(e, x[0]))
SHORT_FORM(float_tanh, emit_tanh(e, x[0]))
SHORT_FORM(float_atan, emit_atan(e, x[0]))
SHORT_FORM(float_erf, emit_erf(e, x[0]))
SHORT_FORM(float_is_nan, emit_fcmp(e, LLVMRealUNO, x[0], x[0]))
SHORT_FORM(float_div, emit_fdiv(e, x[0], x[1]))
SHORT_FORM(float_fmod, emit_binary(e, LLVMFRem, x[0], x[1]))
SHORT_FORM(float_pow, emit_pow(e, x[0], x[1]))
SHORT_FORM(float_eq, emit_fcmp(e, LLVMRealOEQ, x[0], x[1]))
SHORT_FORM(float_ne, emit_fcmp(e, LLVMRealUNE, x[0], x[1]))
SHORT_FORM(float_lt, emit_fcmp(e, LLVMRealOLT, x[0], x[1]))
SHORT_FORM(float_le, emit_fcmp(e, LLVMRealOLE, x[0], x[1]))
SHORT_FORM(float_gt, emit_fcmp(e, LLVMRealOGT, x[0], x[1]))
SHORT_FORM(float_ge, emit_fcmp(e, LLVMRealOGE, x[0], x[1]))

FORM(float_sign) {
  (void)dtype;
  LLVMValueRef zero = like(x[0], 0);
  LLVMValueRef v = emit_select(e, emit_fcmp(e, LLVMRealOLT, x[0], zero), like(x[0], -1), x[0]);
  return emit_select(e, emit_fcmp(e, LLVMRealOGT, x[0], zero), like(x[0], 1), v);
}

FORM(float_sigmoid) {
  (void)dtype;
  LLVMValueRef one = like(x[0], 1);
  return emit_fdiv(e, one, emit_add(e, one, emit_exp(e, LLVMBuildFNeg(e->builder, x[0], ""))));
}

FORM(float_silu) {
  (void)dtype;
  LLVMValueRef grown = emit_exp(e, LLVMBuildFNeg(e->builder, x[0], ""));
  return emit_fdiv(e, x[0], emit_add(e, like(x[0], 1), grown));
}

FORM(float_quick_gelu) {
  (void)dtype;
  LLVMValueRef grown = emit_exp(e, emit_mul(e, x[0], like(x[0], -1.702)));
  return emit_fdiv(e, x[0], emit_add(e, like(x[0], 1), grown));
}

FORM(float_gelu) {
  (void)dtype;
  LLVMValueRef bell = emit_erf(e, emit_mul(e, x[0], like(x[0], sqrt(0.5))));
  return emit_mul(e, emit_mul(e, x[0], like(x[0], 0.5)), emit_add(e, bell, like(x[0], 1)));
}

/* (1 + tanh u) / 2 = 1 / (1 + e^-2u): one exponential and one division. */
FORM(float_gelu_tanh) {
  (void)dtype;
  double scale = -2 * sqrt(2 / acos(-1));
  LLVMValueRef square = emit_mul(e, x[0], x[0]);
  LLVMValueRef slope = emit_fma(e, square, like(x[0], scale * 0.044715), like(x[0], scale));
  LLVMValueRef grown = emit_exp(e, emit_mul(e, x[0], slope));
  return emit_fdiv(e, x[0], emit_add(e, like(x[0], 1), grown));
}

/* NaN if either operand is: a comparison with NaN fails and gives x[1]. */
FORM(float_min) {
  (void)dtype;
  LLVMValueRef v = emit_smaller(e, x[0], x[1]);
  return emit_select(e, emit_fcmp(e, LLVMRealUNO, x[0], x[0]), x[0], v);
}

FORM(float_max) {
  (void)dtype;
  LLVMValueRef v = emit_larger(e, x[0], x[1]);
  return emit_select(e, emit_fcmp(e, LLVMRealUNO, x[0], x[0]), x[0], v);
}

FORM(float_relu) {
  LLVMValueRef pair[] = {x[0], like(x[0], 0)};
  return float_max(e, dtype, pair);
}

/* Remainder with the sign of the divisor. */
FORM(float_mod) {
  (void)dtype;
  LLVMValueRef r = emit_binary(e, LLVMFRem, x[0], x[1]), zero = like(r, 0);
  LLVMValueRef wrong = emit_fcmp(e, LLVMRealOLT, emit_mul(e, r, x[1]), zero);
  return emit_select(e, wrong, emit_add(e, r, x[1]), r);
}

/* ---- integers ------------------------------------------------------------------------ */

SHORT_FORM(any_add, emit_add(e, x[0], x[1]))
SHORT_FORM(any_sub, emit_sub(e, x[0], x[1]))
SHORT_FORM(any_mul, emit_mul(e, x[0], x[1]))
SHORT_FORM(any_and, emit_binary(e, LLVMAnd, x[0], x[1]))
SHORT_FORM(any_or, emit_binary(e, LLVMOr, x[0], x[1]))
SHORT_FORM(any_xor, emit_binary(e, LLVMXor, x[0], x[1]))
SHORT_FORM(any_select, emit_select(e, x[0], x[1], x[2]))
SHORT_FORM(any_not, LLVMBuildNot(e->builder, x[0], ""))
SHORT_FORM(int_neg, LLVMBuildNeg(e->builder, x[0], ""))
SHORT_FORM(int_eq, emit_icmp(e, LLVMIntEQ, x[0], x[1]))
SHORT_FORM(int_ne, emit_icmp(e, LLVMIntNE, x[0], x[1]))
SHORT_FORM(int_lt, emit_icmp(e, ir_dtype_is_signed(dtype) ? LLVMIntSLT : LLVMIntULT, x[0], x[1]))
SHORT_FORM(int_le, emit_icmp(e, ir_dtype_is_signed(dtype) ? LLVMIntSLE : LLVMIntULE, x[0], x[1]))
SHORT_FORM(int_gt, emit_icmp(e, ir_dtype_is_signed(dtype) ? LLVMIntSGT : LLVMIntUGT, x[0], x[1]))
SHORT_FORM(int_ge, emit_icmp(e, ir_dtype_is_signed(dtype) ? LLVMIntSGE : LLVMIntUGE, x[0], x[1]))
SHORT_FORM(int_min, emit_select(e, int_lt(e, dtype, x), x[0], x[1]))
SHORT_FORM(int_max, emit_select(e, int_gt(e, dtype, x), x[0], x[1]))

FORM(int_abs) {
  LLVMValueRef zero = like(x[0], 0);
  if (!ir_dtype_is_signed(dtype)) return x[0];
  return emit_select(e, emit_icmp(e, LLVMIntSLT, x[0], zero), emit_sub(e, zero, x[0]), x[0]);
}

FORM(int_sign) {
  LLVMValueRef zero = like(x[0], 0), one = like(x[0], 1);
  LLVMValueRef v = emit_select(e, emit_icmp(e, LLVMIntNE, x[0], zero), one, zero);
  if (!ir_dtype_is_signed(dtype)) return v;
  return emit_select(e, emit_icmp(e, LLVMIntSLT, x[0], zero), like(x[0], -1), v);
}

FORM(int_relu) {
  LLVMValueRef pair[] = {x[0], like(x[0], 0)};
  return int_max(e, dtype, pair);
}

/* Whether dividing traps or overflows: by 0, or (signed) the smallest number by -1. */
static LLVMValueRef unsafe_divisor(emitter *e, ir_dtype dtype, LLVMValueRef y) {
  LLVMValueRef unsafe = emit_icmp(e, LLVMIntEQ, y, like(y, 0));
  if (!ir_dtype_is_signed(dtype)) return unsafe;
  return emit_binary(e, LLVMOr, unsafe, emit_icmp(e, LLVMIntEQ, y, like(y, -1)));
}

/* By zero gives 0; by -1 negates with wrap-around. */
FORM(int_div) {
  LLVMValueRef unsafe = unsafe_divisor(e, dtype, x[1]);
  LLVMValueRef divisor = emit_select(e, unsafe, like(x[1], 1), x[1]);
  LLVMValueRef v = emit_binary(e, ir_dtype_is_signed(dtype) ? LLVMSDiv : LLVMUDiv, x[0], divisor);
  /* x * 0 = 0 and x * -1 = -x are right as they stand */
  return emit_select(e, unsafe, emit_mul(e, x[0], x[1]), v);
}

/* With the sign of x; by zero gives 0. */
FORM(int_fmod) {
  LLVMValueRef divisor = emit_select(e, unsafe_divisor(e, dtype, x[1]), like(x[1], 1), x[1]);
  return emit_binary(e, ir_dtype_is_signed(dtype) ? LLVMSRem : LLVMURem, x[0], divisor);
}

/* With the sign of y. */
FORM(int_mod) {
  LLVMValueRef r = int_fmod(e, dtype, x), zero = like(r, 0);
  if (!ir_dtype_is_signed(dtype)) return r;
  LLVMValueRef other_sign = emit_icmp(e, LLVMIntSLT, emit_binary(e, LLVMXor, r, x[1]), zero);
  LLVMValueRef wrong = emit_binary(e, LLVMAnd, other_sign, emit_icmp(e, LLVMIntNE, r, zero));
  return emit_select(e, wrong, emit_add(e, r, x[1]), r);
}

/* Whether all bits are moved out: y is negative or beyond the width. */
static LLVMValueRef beyond_width(emitter *e, LLVMValueRef x, LLVMValueRef y) {
  unsigned width = LLVMGetIntTypeWidth(emit_element_type(LLVMTypeOf(x)));
  return emit_icmp(e, LLVMIntUGE, y, like(y, width));
}

FORM(int_shift_left) {
  (void)dtype;
  LLVMValueRef zero = like(x[0], 0), beyond = beyond_width(e, x[0], x[1]);
  LLVMValueRef moved = emit_binary(e, LLVMShl, x[0], emit_select(e, beyond, zero, x[1]));
  return emit_select(e, beyond, zero, moved);
}

FORM(int_shift_right) {
  LLVMValueRef zero = like(x[0], 0), beyond = beyond_width(e, x[0], x[1]);
  unsigned width = LLVMGetIntTypeWidth(emit_element_type(LLVMTypeOf(x[0])));
  if (ir_dtype_is_signed(dtype)) {
    return emit_binary(e, LLVMAShr, x[0], emit_select(e, beyond, like(x[0], width - 1), x[1]));
  }
  LLVMValueRef moved = emit_binary(e, LLVMLShr, x[0], emit_select(e, beyond, zero, x[1]));
  return emit_select(e, beyond, zero, moved);
}

/* Into 8 or 16 bits by way of 32, all lanes at once: LLVM would take them apart. */
static LLVMValueRef to_narrow_integer(emitter *e, LLVMValueRef x, LLVMTypeRef type, bool is_signed) {
  LLVMTypeRef floats = LLVMTypeOf(x);
  int width = (int)LLVMGetIntTypeWidth(emit_element_type(type)) - is_signed, largest = (1 << width) - 1;
  x = emit_select(e, emit_fcmp(e, LLVMRealORD, x, x), x, emit_zero(floats)); /* NaN becomes 0 */
  x = emit_larger(e, x, emit_number(floats, is_signed ? -largest - 1 : 0));
  x = emit_smaller(e, x, emit_number(floats, largest));
  x = LLVMBuildFPToSI(e->builder, x, emit_lanes_type(e->i32, emit_lanes(x)), "");
  return LLVMBuildTrunc(e->builder, x, type, "");
}

static LLVMValueRef to_integer(emitter *e, LLVMValueRef x, LLVMTypeRef type, bool is_signed) {
  if (LLVMGetIntTypeWidth(emit_element_type(type)) < 32) return to_narrow_integer(e, x, type, is_signed);
  const char *name = is_signed ? "llvm.fptosi.sat" : "llvm.fptoui.sat";
  LLVMTypeRef types[] = {type, LLVMTypeOf(x)};
  unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
  LLVMValueRef function = LLVMGetIntrinsicDeclaration(e->module, id, types, 2);
  return LLVMBuildCall2(e->builder, LLVMIntrinsicGetType(e->context, id, types, 2), function, &x, 1, "");
}

static LLVMValueRef to_float(emitter *e, LLVMValueRef x, LLVMTypeRef type, bool is_signed) {
  return is_signed ? LLVMBuildSIToFP(e->builder, x, type, "") : LLVMBuildUIToFP(e->builder, x, type, "");
}

/* Through f64, rounded: exact while the result has at most 52 bits. */
FORM(int_pow) {
  LLVMTypeRef wide = emit_type(e, SMELT_F64, emit_lanes(x[0]));
  bool is_signed = ir_dtype_is_signed(dtype);
  LLVMValueRef v = emit_pow(e, to_float(e, x[0], wide, is_signed), to_float(e, x[1], wide, is_signed));
  LLVMValueRef whole = emit_round_even(e, v);
  LLVMValueRef near = emit_intrinsic(e, "llvm.fabs", emit_sub(e, v, whole), NULL, NULL);
  LLVMValueRef is_near = emit_fcmp(e, LLVMRealOLT, near, emit_number(wide, 0.25));
  return to_integer(e, emit_select(e, is_near, whole, v), LLVMTypeOf(x[0]), is_signed);
}

/* ---- the table --------------------------------------------------------------------------- */

typedef struct {
  elementwise_form *on_float, *on_integer, *on_bool;
  int cost; /* vector instructions, roughly; 0 means 1 */
} elementwise_row;

static const elementwise_row ROWS[IR_OP_COUNT] = {
    [IR_IDENTITY] = {same, same, same, 0},
    [IR_NEG] = {float_neg, int_neg, NULL, 0},
    [IR_ABS] = {float_abs, int_abs, same, 0},
    [IR_SIGN] = {float_sign, int_sign, same, 4},
    [IR_FLOOR] = {float_floor, same, NULL, 0},
    [IR_CEIL] = {float_ceil, same, NULL, 0},
    [IR_ROUND] = {float_round, same, NULL, 0},
    [IR_EXP] = {float_exp, NULL, NULL, 20},
    [IR_LOG] = {float_log, NULL, NULL, 30},
    [IR_SQRT] = {float_sqrt, NULL, NULL, 4},
    [IR_RSQRT] = {float_rsqrt, NULL, NULL, 8},
    [IR_RECIPROCAL] = {float_reciprocal, NULL, NULL, 4},
    [IR_SIN] = {float_sin, NULL, NULL, 30},
    [IR_COS] = {float_cos, NULL, NULL, 30},
    [IR_TANH] = {float_tanh, NULL, NULL, 30},
    [IR_ERF] = {float_erf, NULL, NULL, 50},
    [IR_SIGMOID] = {float_sigmoid, NULL, NULL, 25},
    [IR_RELU] = {float_relu, int_relu, same, 0},
    [IR_GELU] = {float_gelu, NULL, NULL, 55},
    [IR_GELU_TANH] = {float_gelu_tanh, NULL, NULL, 30},
    [IR_SILU] = {float_silu, NULL, NULL, 25},
    [IR_NOT] = {NULL, NULL, any_not, 0},
    [IR_IS_NAN] = {float_is_nan, NULL, NULL, 0},
    [IR_ADD] = {any_add, any_add, any_or, 0},
    [IR_SUB] = {any_sub, any_sub, any_xor, 0},
    [IR_MUL] = {any_mul, any_mul, any_and, 0},
    [IR_DIV] = {float_div, int_div, NULL, 4},
    [IR_MOD] = {float_mod, int_mod, NULL, 40},
    [IR_FMOD] = {float_fmod, int_fmod, NULL, 40},
    [IR_POW] = {float_pow, int_pow, NULL, 80},
    [IR_MIN] = {float_min, int_min, any_and, 0},
    [IR_MAX] = {float_max, int_max, any_or, 0},
    [IR_EQ] = {float_eq, int_eq, int_eq, 0},
    [IR_NE] = {float_ne, int_ne, int_ne, 0},
    [IR_LT] = {float_lt, int_lt, int_lt, 0},
    [IR_LE] = {float_le, int_le, int_le, 0},
    [IR_GT] = {float_gt, int_gt, int_gt, 0},
    [IR_GE] = {float_ge, int_ge, int_ge, 0},
    [IR_AND] = {NULL, any_and, any_and, 0},
    [IR_OR] = {NULL, any_or, any_or, 0},
    [IR_XOR] = {NULL, any_xor, any_xor, 0},
    [IR_SELECT] = {any_select, any_select, any_select, 0},
    [IR_ATAN] = {float_atan, NULL, NULL, 40},
    [IR_BIT_AND] = {NULL, any_and, NULL, 0},
    [IR_BIT_OR] = {NULL, any_or, NULL, 0},
    [IR_BIT_XOR] = {NULL, any_xor, NULL, 0},
    [IR_SHIFT_LEFT] = {NULL, int_shift_left, NULL, 3},
    [IR_QUICK_GELU] = {float_quick_gelu, NULL, NULL, 26},
    [IR_SHIFT_RIGHT] = {NULL, int_shift_right, NULL, 3},
};

static elementwise_form *form_of(ir_op op, ir_dtype dtype) {
  const elementwise_row *row = &ROWS[op];
  return ir_dtype_is_float(dtype) ? row->on_float : dtype == SMELT_BOOL ? row->on_bool : row->on_integer;
}

bool elementwise_has(ir_op op, ir_dtype dtype) {
  return op == IR_CAST || op == IR_BITCAST || form_of(op, dtype) != NULL;
}
int elementwise_cost(ir_op op) {
  return ROWS[op].cost ? ROWS[op].cost : 1;
}

/* Rounds to the precision of a narrow float; others are as precise in registers as in memory. */
static LLVMValueRef round_to(emitter *e, ir_dtype dtype, LLVMValueRef v) {
  if (dtype != SMELT_F16 && dtype != SMELT_BF16) return v;
  return emit_widen(e, dtype, emit_narrow(e, dtype, v));
}

static LLVMValueRef emit_cast(emitter *e, ir_dtype from, ir_dtype to, LLVMValueRef x) {
  LLVMTypeRef type = emit_type(e, to, emit_lanes(x));
  if (from == to) return x;
  if (ir_dtype_is_float(from)) {
    if (to == SMELT_BOOL) return emit_fcmp(e, LLVMRealUNE, x, like(x, 0));
    if (!ir_dtype_is_float(to)) return to_integer(e, x, type, ir_dtype_is_signed(to));
    if (to == SMELT_F64) return LLVMBuildFPExt(e->builder, x, type, "");
    return round_to(e, to, from == SMELT_F64 ? LLVMBuildFPTrunc(e->builder, x, type, "") : x);
  }
  if (to == SMELT_BOOL) return emit_icmp(e, LLVMIntNE, x, like(x, 0));
  bool is_signed = ir_dtype_is_signed(from);
  if (ir_dtype_is_float(to)) return round_to(e, to, to_float(e, x, type, is_signed));
  return LLVMBuildIntCast2(e->builder, x, type, is_signed, "");
}

/* In memory form both have the same width. */
static LLVMValueRef emit_bits_as(emitter *e, ir_dtype from, ir_dtype to, LLVMValueRef x) {
  LLVMTypeRef type = emit_memory_type(e, to, emit_lanes(x));
  return emit_widen(e, to, LLVMBuildBitCast(e->builder, emit_narrow(e, from, x), type, ""));
}

LLVMValueRef elementwise_emit(emitter *e, const ir_node *node, LLVMValueRef *x) {
  ir_dtype dtype = node->operands[node->op == IR_SELECT ? 1 : 0]->type.dtype;
  int lanes = 1;
  for (int i = 0; i < node->operand_count; i++)
    if (emit_lanes(x[i]) > lanes) lanes = emit_lanes(x[i]);
  for (int i = 0; i < node->operand_count; i++)
    if (node->op != IR_SELECT || i > 0 || emit_lanes(x[0]) > 1) x[i] = emit_splat(e, x[i], lanes);
  if (node->op == IR_CAST) return emit_cast(e, dtype, node->result->type.dtype, x[0]);
  if (node->op == IR_BITCAST) return emit_bits_as(e, dtype, node->result->type.dtype, x[0]);
  return form_of(node->op, dtype)(e, dtype, x);
}

LLVMValueRef elementwise_unary(emitter *e, ir_op op, ir_dtype dtype, LLVMValueRef x) {
  return form_of(op, dtype)(e, dtype, &x);
}

LLVMValueRef elementwise_binary(emitter *e, ir_op op, ir_dtype dtype, LLVMValueRef x, LLVMValueRef y) {
  LLVMValueRef pair[] = {x, y};
  emit_match(e, &pair[0], &pair[1]);
  return form_of(op, dtype)(e, dtype, pair);
}
