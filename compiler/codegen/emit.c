/* emit.c: the emitter's module and functions, types, constants and arithmetic. */
#include "codegen/emit.h"

#include <string.h>

emitter *emit_new(arena *a, ir_module *ir, const codegen_level *level, const char *module_name) {
  emitter *e = ARENA_NEW(a, emitter);
  e->arena = a;
  e->ir = ir;
  e->level = level;
  e->context = LLVMContextCreate();
  e->module = LLVMModuleCreateWithNameInContext(module_name, e->context);
  e->builder = LLVMCreateBuilderInContext(e->context);
  e->prologue = LLVMCreateBuilderInContext(e->context);
  e->pointer = LLVMPointerTypeInContext(e->context, 0);
  e->i1 = LLVMInt1TypeInContext(e->context);
  e->i32 = LLVMInt32TypeInContext(e->context);
  e->i64 = LLVMInt64TypeInContext(e->context);
  e->kernel_result = LLVMVoidTypeInContext(e->context);
  return e;
}

void emit_free(emitter *e) {
  LLVMDisposeBuilder(e->builder);
  LLVMDisposeBuilder(e->prologue);
  LLVMDisposeModule(e->module);
  LLVMContextDispose(e->context);
}

/* ---- functions ------------------------------------------------------------------- */

/* The current function's, or, by `index`, its argument's. */
static void add_attribute(emitter *e, unsigned index, const char *name, uint64_t value) {
  unsigned kind = LLVMGetEnumAttributeKindForName(name, strlen(name));
  LLVMAddAttributeAtIndex(e->function, index, LLVMCreateEnumAttribute(e->context, kind, value));
}

/* How long registers of SVE are: from so many units to so many. */
static void add_register_length(emitter *e) {
  enum { UNIT_BYTES = 16 };
  uint64_t units = (uint64_t)e->level->vector_bytes / UNIT_BYTES;
  add_attribute(e, (unsigned)LLVMAttributeFunctionIndex, "vscale_range", units << 32 | units);
}

enum { FIRST_ARGUMENT = 3 }; /* after frame, thread, thread_count */

void emit_function_begin(emitter *e, const char *name, int argument_count) {
  int count = FIRST_ARGUMENT + argument_count;
  LLVMTypeRef *types = ARENA_ARRAY(e->arena, LLVMTypeRef, (size_t)count);
  for (int i = 0; i < count; i++) types[i] = i == 1 || i == 2 ? e->i32 : e->pointer;
  LLVMTypeRef type = LLVMFunctionType(e->kernel_result, types, (unsigned)count, false);
  e->function = LLVMAddFunction(e->module, name, type);
  add_attribute(e, (unsigned)LLVMAttributeFunctionIndex, "nounwind", 0);
  if (e->level->engines & ENGINE_SVE) add_register_length(e);
  LLVMBasicBlockRef first = LLVMAppendBasicBlockInContext(e->context, e->function, "prologue");
  LLVMBasicBlockRef body = LLVMAppendBasicBlockInContext(e->context, e->function, "body");
  LLVMPositionBuilderAtEnd(e->prologue, first);
  LLVMPositionBuilderAtEnd(e->builder, body);
  e->frame = LLVMGetParam(e->function, 0);
  e->thread = LLVMBuildSExt(e->prologue, LLVMGetParam(e->function, 1), e->i64, "thread");
  e->thread_count = LLVMBuildSExt(e->prologue, LLVMGetParam(e->function, 2), e->i64, "thread_count");
  e->size_count = 0;
}

void emit_function_end(emitter *e) {
  LLVMBuildRetVoid(e->builder);
  LLVMBasicBlockRef first = LLVMGetEntryBasicBlock(e->function);
  LLVMBuildBr(e->prologue, LLVMGetNextBasicBlock(first));
}

LLVMValueRef emit_argument(emitter *e, int index) {
  return LLVMGetParam(e->function, (unsigned)(FIRST_ARGUMENT + index));
}

void emit_argument_noalias(emitter *e, int index) {
  add_attribute(e, (unsigned)(FIRST_ARGUMENT + index + 1), "noalias", 0);
}

/* ---- types and constants ------------------------------------------------------------ */

ir_dtype emit_compute_dtype(ir_dtype dtype) {
  return dtype == SMELT_F16 || dtype == SMELT_BF16 ? SMELT_F32 : dtype;
}

LLVMTypeRef emit_lanes_type(LLVMTypeRef element, int lanes) {
  return lanes == 1 ? element : LLVMVectorType(element, (unsigned)lanes);
}

LLVMTypeRef emit_memory_type(emitter *e, ir_dtype dtype, int lanes) {
  LLVMTypeRef element;
  switch (dtype) {
  case SMELT_F32:
    element = LLVMFloatTypeInContext(e->context);
    break;
  case SMELT_F64:
    element = LLVMDoubleTypeInContext(e->context);
    break;
  case SMELT_F16:
    element = LLVMHalfTypeInContext(e->context);
    break;
  default:
    element = LLVMIntTypeInContext(e->context, (unsigned)(8 * ir_dtype_bytes(dtype)));
    break;
  }
  return emit_lanes_type(element, lanes);
}

LLVMTypeRef emit_type(emitter *e, ir_dtype dtype, int lanes) {
  if (dtype == SMELT_BOOL) return emit_lanes_type(e->i1, lanes);
  return emit_memory_type(e, emit_compute_dtype(dtype), lanes);
}

LLVMTypeRef emit_element_type(LLVMTypeRef type) {
  return LLVMGetTypeKind(type) == LLVMVectorTypeKind ? LLVMGetElementType(type) : type;
}

int emit_type_lanes(LLVMTypeRef type) {
  return LLVMGetTypeKind(type) == LLVMVectorTypeKind ? (int)LLVMGetVectorSize(type) : 1;
}

int emit_lanes(LLVMValueRef v) {
  return emit_type_lanes(LLVMTypeOf(v));
}

int emit_level_lanes(const emitter *e, ir_dtype dtype) {
  int lanes = e->level->vector_bytes / (int)ir_dtype_bytes(emit_compute_dtype(dtype));
  int most = e->level->vector_bytes / 4; /* narrow integers keep pace with f32 */
  return lanes < most ? lanes : most;
}

int emit_sum_lanes(ir_dtype dtype) {
  enum { BYTES = 64, MOST = 16 };
  int lanes = BYTES / (int)ir_dtype_bytes(emit_compute_dtype(dtype));
  return lanes < MOST ? lanes : MOST;
}

LLVMValueRef emit_index(emitter *e, int64_t value) {
  return LLVMConstInt(e->i64, (uint64_t)value, true);
}

static LLVMValueRef repeat_constant(LLVMValueRef v, int lanes) {
  LLVMValueRef parts[64];
  if (lanes == 1) return v;
  for (int i = 0; i < lanes; i++) parts[i] = v;
  return LLVMConstVector(parts, (unsigned)lanes);
}

LLVMValueRef emit_number(LLVMTypeRef type, double value) {
  return repeat_constant(LLVMConstReal(emit_element_type(type), value), emit_type_lanes(type));
}

LLVMValueRef emit_integer(LLVMTypeRef type, int64_t value) {
  return repeat_constant(LLVMConstInt(emit_element_type(type), (uint64_t)value, true), emit_type_lanes(type));
}

LLVMValueRef emit_zero(LLVMTypeRef type) {
  return LLVMConstNull(type);
}

LLVMValueRef emit_lane_numbers(emitter *e, int lanes) {
  LLVMValueRef numbers[64];
  for (int i = 0; i < lanes; i++) numbers[i] = emit_index(e, i);
  return lanes == 1 ? numbers[0] : LLVMConstVector(numbers, (unsigned)lanes);
}

bool emit_is_constant(LLVMValueRef v, int64_t *value) {
  if (!LLVMIsAConstantInt(v)) return false;
  if (value) *value = LLVMConstIntGetSExtValue(v);
  return true;
}

/* ---- arithmetic ------------------------------------------------------------------------ */

static LLVMValueRef shuffle(emitter *e, LLVMValueRef x, LLVMValueRef y, const int *lanes, int count) {
  LLVMValueRef mask[64];
  for (int i = 0; i < count; i++) mask[i] = LLVMConstInt(e->i32, (uint64_t)lanes[i], false);
  return LLVMBuildShuffleVector(e->builder, x, y, LLVMConstVector(mask, (unsigned)count), "");
}

LLVMValueRef emit_splat(emitter *e, LLVMValueRef v, int lanes) {
  if (lanes == 1 || emit_lanes(v) == lanes) return v;
  if (LLVMIsAConstantInt(v) || LLVMIsAConstantFP(v)) return repeat_constant(v, lanes);
  static const int zeros[64] = {0};
  LLVMTypeRef type = emit_lanes_type(LLVMTypeOf(v), lanes);
  LLVMValueRef first = LLVMBuildInsertElement(e->builder, LLVMGetPoison(type), v, emit_index(e, 0), "");
  return shuffle(e, first, LLVMGetPoison(type), zeros, lanes);
}

void emit_match(emitter *e, LLVMValueRef *x, LLVMValueRef *y) {
  int lanes = emit_lanes(*x) > emit_lanes(*y) ? emit_lanes(*x) : emit_lanes(*y);
  *x = emit_splat(e, *x, lanes);
  *y = emit_splat(e, *y, lanes);
}

LLVMValueRef emit_binary(emitter *e, LLVMOpcode op, LLVMValueRef x, LLVMValueRef y) {
  emit_match(e, &x, &y);
  return LLVMBuildBinOp(e->builder, op, x, y, "");
}

static bool is_integer(LLVMValueRef v) {
  return LLVMGetTypeKind(emit_element_type(LLVMTypeOf(v))) == LLVMIntegerTypeKind;
}

LLVMValueRef emit_add(emitter *e, LLVMValueRef x, LLVMValueRef y) {
  return emit_binary(e, is_integer(x) ? LLVMAdd : LLVMFAdd, x, y);
}

LLVMValueRef emit_sub(emitter *e, LLVMValueRef x, LLVMValueRef y) {
  return emit_binary(e, is_integer(x) ? LLVMSub : LLVMFSub, x, y);
}

LLVMValueRef emit_mul(emitter *e, LLVMValueRef x, LLVMValueRef y) {
  return emit_binary(e, is_integer(x) ? LLVMMul : LLVMFMul, x, y);
}

LLVMValueRef emit_fdiv(emitter *e, LLVMValueRef x, LLVMValueRef y) {
  return emit_binary(e, LLVMFDiv, x, y);
}

LLVMValueRef emit_select(emitter *e, LLVMValueRef condition, LLVMValueRef x, LLVMValueRef y) {
  emit_match(e, &x, &y);
  if (emit_lanes(condition) > 1) {
    x = emit_splat(e, x, emit_lanes(condition));
    y = emit_splat(e, y, emit_lanes(condition));
  }
  LLVMValueRef in_register = emit_register_select(e, condition, x, y);
  return in_register ? in_register : LLVMBuildSelect(e->builder, condition, x, y, "");
}

LLVMValueRef emit_icmp(emitter *e, LLVMIntPredicate p, LLVMValueRef x, LLVMValueRef y) {
  emit_match(e, &x, &y);
  return LLVMBuildICmp(e->builder, p, x, y, "");
}

LLVMValueRef emit_fcmp(emitter *e, LLVMRealPredicate p, LLVMValueRef x, LLVMValueRef y) {
  emit_match(e, &x, &y);
  return LLVMBuildFCmp(e->builder, p, x, y, "");
}

LLVMValueRef emit_larger(emitter *e, LLVMValueRef x, LLVMValueRef y) {
  return emit_select(e, emit_fcmp(e, LLVMRealOGT, x, y), x, y);
}

LLVMValueRef emit_smaller(emitter *e, LLVMValueRef x, LLVMValueRef y) {
  return emit_select(e, emit_fcmp(e, LLVMRealOLT, x, y), x, y);
}

LLVMValueRef emit_imin(emitter *e, LLVMValueRef x, LLVMValueRef y) {
  return emit_select(e, emit_icmp(e, LLVMIntSLT, x, y), x, y);
}

LLVMValueRef emit_imax(emitter *e, LLVMValueRef x, LLVMValueRef y) {
  return emit_select(e, emit_icmp(e, LLVMIntSGT, x, y), x, y);
}

LLVMValueRef emit_intrinsic(emitter *e, const char *name, LLVMValueRef x, LLVMValueRef y, LLVMValueRef z) {
  LLVMTypeRef type = LLVMTypeOf(x);
  unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
  LLVMValueRef function = LLVMGetIntrinsicDeclaration(e->module, id, &type, 1);
  LLVMValueRef args[] = {x, y, z};
  unsigned count = z ? 3 : y ? 2 : 1;
  return LLVMBuildCall2(e->builder, LLVMIntrinsicGetType(e->context, id, &type, 1), function, args, count,
                        "");
}

/* The instruction in a function of its own (codegen_level.apart_features). */
static LLVMValueRef instruction_apart(emitter *e, LLVMValueRef instruction, unsigned count) {
  static const char FEATURES[] = "target-features";
  const char *features = e->level->apart_features;
  LLVMTypeRef type = LLVMGlobalGetValueType(instruction);
  size_t length;
  const char *name = arena_format(e->arena, "apart.%s", LLVMGetValueName2(instruction, &length));
  LLVMValueRef function = LLVMGetNamedFunction(e->module, name), args[8];
  if (function) return function;
  function = LLVMAddFunction(e->module, name, type);
  LLVMSetLinkage(function, LLVMInternalLinkage);
  LLVMAddAttributeAtIndex(function, LLVMAttributeFunctionIndex,
                          LLVMCreateStringAttribute(e->context, FEATURES, sizeof FEATURES - 1, features,
                                                    (unsigned)strlen(features)));
  LLVMGetParams(function, args);
  LLVMBuilderRef b = LLVMCreateBuilderInContext(e->context);
  LLVMPositionBuilderAtEnd(b, LLVMAppendBasicBlockInContext(e->context, function, ""));
  LLVMBuildRet(b, LLVMBuildCall2(b, type, instruction, args, count, ""));
  LLVMDisposeBuilder(b);
  return function;
}

LLVMValueRef emit_instruction(emitter *e, const char *name, LLVMValueRef *args, unsigned count) {
  unsigned id = LLVMLookupIntrinsicID(name, strlen(name));
  LLVMTypeRef type = LLVMIntrinsicGetType(e->context, id, NULL, 0), params[8];
  LLVMGetParamTypes(type, params);
  for (unsigned i = 0; i < count; i++)
    if (LLVMTypeOf(args[i]) != params[i]) args[i] = LLVMBuildBitCast(e->builder, args[i], params[i], "");
  LLVMValueRef function = LLVMGetIntrinsicDeclaration(e->module, id, NULL, 0);
  if (e->level->apart_features) function = instruction_apart(e, function, count);
  return LLVMBuildCall2(e->builder, type, function, args, count, "");
}

LLVMValueRef emit_instruction_form(emitter *e, const emit_form *forms, size_t form_count, LLVMValueRef *args,
                                   unsigned count) {
  for (size_t i = 0; i < form_count; i++)
    if (forms[i].lanes == emit_lanes(args[0])) return emit_instruction(e, forms[i].name, args, count);
  return NULL;
}

LLVMValueRef emit_floor_mod(emitter *e, LLVMValueRef x, LLVMValueRef y) {
  LLVMValueRef r = emit_binary(e, LLVMSRem, x, y);
  LLVMValueRef zero = emit_zero(LLVMTypeOf(r));
  LLVMValueRef other_sign = emit_icmp(e, LLVMIntSLT, emit_binary(e, LLVMXor, r, y), zero);
  LLVMValueRef wrong = emit_binary(e, LLVMAnd, other_sign, emit_icmp(e, LLVMIntNE, r, zero));
  return emit_select(e, wrong, emit_add(e, r, y), r);
}

LLVMValueRef emit_floor_div(emitter *e, LLVMValueRef x, LLVMValueRef y) {
  return emit_binary(e, LLVMSDiv, emit_sub(e, x, emit_floor_mod(e, x, y)), y);
}

LLVMValueRef emit_udiv(emitter *e, LLVMValueRef x, LLVMValueRef y) {
  return emit_binary(e, LLVMUDiv, x, y);
}
LLVMValueRef emit_urem(emitter *e, LLVMValueRef x, LLVMValueRef y) {
  return emit_binary(e, LLVMURem, x, y);
}

LLVMValueRef emit_lane(emitter *e, LLVMValueRef v, int lane) {
  return emit_lanes(v) == 1 ? v : LLVMBuildExtractElement(e->builder, v, emit_index(e, lane), "");
}

LLVMValueRef emit_set_lane(emitter *e, LLVMValueRef v, int lane, LLVMValueRef x) {
  return emit_lanes(v) == 1 ? x : LLVMBuildInsertElement(e->builder, v, x, emit_index(e, lane), "");
}

LLVMValueRef emit_across(emitter *e, LLVMValueRef v, emit_combine *combine) {
  return emit_across_to(e, v, 1, combine);
}

LLVMValueRef emit_across_to(emitter *e, LLVMValueRef v, int left, emit_combine *combine) {
  for (int lanes = emit_lanes(v); lanes > left; lanes /= 2) {
    int low[32], high[32];
    for (int i = 0; i < lanes / 2; i++) low[i] = i, high[i] = lanes / 2 + i;
    LLVMValueRef nothing = LLVMGetPoison(LLVMTypeOf(v));
    LLVMValueRef x = shuffle(e, v, nothing, low, lanes / 2), y = shuffle(e, v, nothing, high, lanes / 2);
    if (lanes == 2) x = emit_lane(e, v, 0), y = emit_lane(e, v, 1);
    v = combine(e, x, y);
  }
  return v;
}

/* After each turn a vector has the halves of more of vs one behind the other, half as long. */
LLVMValueRef emit_across_each(emitter *e, LLVMValueRef *vs, int count, emit_combine *combine) {
  int low[64], high[64];
  for (int left = count; left > 1; left /= 2) {
    for (int i = 0; i < count; i++) {
      int piece = i / (left / 2);
      low[i] = piece * left + i % (left / 2); /* pieces of `left` lanes, of x and behind it of y */
      high[i] = low[i] + left / 2;
    }
    for (int i = 0; i < left / 2; i++) {
      LLVMValueRef x = vs[2 * i], y = vs[2 * i + 1];
      bool is_register = left == count && emit_fills_register(e, LLVMTypeOf(x));
      if (is_register) emit_exchange_halves(e, &x, &y);
      vs[i] = is_register ? combine(e, x, y)
                          : combine(e, shuffle(e, x, y, low, count), shuffle(e, x, y, high, count));
    }
  }
  return vs[0];
}

LLVMValueRef emit_pair_sums(emitter *e, LLVMValueRef x, LLVMValueRef y) {
  int even[128], odd[128], count = emit_lanes(x) / (y ? 1 : 2);
  for (int i = 0; i < count; i++) even[i] = 2 * i, odd[i] = 2 * i + 1;
  if (!y) y = x;
  return emit_add(e, shuffle(e, x, y, even, count), shuffle(e, x, y, odd, count));
}

/* Rows x and y of blocks of `block` lanes: the second of each two blocks of x for the first of y. */
static void exchange_blocks(emitter *e, LLVMValueRef *x, LLVMValueRef *y, int count, int block) {
  int low[64], high[64];
  for (int i = 0; i < count; i++) {
    bool is_y = i & block;
    low[i] = is_y ? count + i - block : i;
    high[i] = is_y ? count + i : i + block;
  }
  LLVMValueRef first = shuffle(e, *x, *y, low, count);
  *y = shuffle(e, *x, *y, high, count);
  *x = first;
}

/* log2(side) times the rows of both halves are merged, element by element, within each `side` lanes. */
static void transpose_blocks(emitter *e, LLVMValueRef *vs, int count, int side) {
  int low[64], high[64];
  LLVMValueRef merged[64];
  for (int i = 0; i < count; i++) {
    int lane = i % side;
    low[i] = i - lane + lane / 2 + (lane % 2) * count;
    high[i] = low[i] + side / 2;
  }
  for (int merges = 1; merges < side; merges *= 2) {
    for (int i = 0; i < side / 2; i++) {
      merged[2 * i] = shuffle(e, vs[i], vs[i + side / 2], low, count);
      merged[2 * i + 1] = shuffle(e, vs[i], vs[i + side / 2], high, count);
    }
    for (int i = 0; i < side; i++) vs[i] = merged[i];
  }
}

/*
 * Blocks of 128 bits change places across the diagonal, then each is transposed for itself: x86 moves whole
 * blocks, or elements within one, in one instruction. SVE merges whole registers.
 */
void emit_transpose(emitter *e, LLVMValueRef *vs, int count) {
  bool is_wide = LLVMGetTypeKind(emit_element_type(LLVMTypeOf(vs[0]))) == LLVMDoubleTypeKind;
  int side = is_wide ? 2 : 4;
  if (side > count || emit_fills_register(e, LLVMTypeOf(vs[0]))) side = count;
  for (int block = count / 2; block >= side; block /= 2)
    for (int i = 0; i < count; i++)
      if (!(i & block)) exchange_blocks(e, &vs[i], &vs[i + block], count, block);
  for (int i = 0; i < count; i += side) transpose_blocks(e, vs + i, count, side);
}
