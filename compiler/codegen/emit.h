/*
 * emit.h: a thin layer over llvm-c, so that a kernel generator reads like the
 * loop it makes. A value is a scalar or a vector of `lanes` elements; every
 * function takes both, and a scalar meets a vector by being repeated.
 *
 * Elements have two forms: in memory (the dtype) and in registers, where f16
 * and bf16 are f32 and bool is i1. emit_load and emit_store convert.
 */
#ifndef SMELT_EMIT_H
#define SMELT_EMIT_H

#include <llvm-c/Core.h>

#include "codegen/codegen.h"

typedef struct {
  ir_dim dim;
  LLVMValueRef value;
} emit_known_size;

/* One module under construction, and the function that is being filled. */
typedef struct emitter {
  arena *arena;
  ir_module *ir;
  const codegen_level *level;
  bool steady; /* results have the same bits on every level of every target (docs/codegen.md) */
  LLVMContextRef context;
  LLVMModuleRef module;
  LLVMTypeRef pointer, i1, i32, i64;
  LLVMTypeRef kernel_result; /* void */
  /* the current function */
  LLVMBuilderRef builder;  /* where instructions go */
  LLVMBuilderRef prologue; /* the function's first block: variables and sizes, which dominate everything */
  LLVMValueRef function, frame, thread, thread_count; /* thread, thread_count: i64 */
  LLVMValueRef claims; /* in a kernel: its step's counter (smelt/image.h); may be NULL at run time */
  emit_known_size *sizes;
  size_t size_count, size_capacity;
} emitter;

emitter *emit_new(arena *a, ir_module *ir, const codegen_level *level, const char *module_name);
void emit_free(emitter *e); /* the LLVM module and context; not the arena */

/* ---- functions ------------------------------------------------------------------- */

/*
 * Starts `void name(frame *, i32 thread, i32 thread_count, pointer x argument_count)`; emit_argument gives
 * the pointers. emit_function_end adds the return.
 */
void emit_function_begin(emitter *e, const char *name, int argument_count);
void emit_function_end(emitter *e);
LLVMValueRef emit_argument(emitter *e, int index);
/* Promises that nothing else in the function reaches what argument `index` points at. */
void emit_argument_noalias(emitter *e, int index);

/* ---- types and constants ------------------------------------------------------------ */

LLVMTypeRef emit_type(emitter *e, ir_dtype dtype, int lanes);        /* in registers */
LLVMTypeRef emit_memory_type(emitter *e, ir_dtype dtype, int lanes); /* in memory */
ir_dtype emit_compute_dtype(ir_dtype dtype);                         /* f16, bf16 -> f32; else itself */
LLVMTypeRef emit_lanes_type(LLVMTypeRef element, int lanes);
LLVMTypeRef emit_element_type(LLVMTypeRef type); /* of a vector; a scalar type itself */
int emit_lanes(LLVMValueRef v);                  /* 1 for a scalar */
int emit_type_lanes(LLVMTypeRef type);
int emit_level_lanes(const emitter *e, ir_dtype dtype); /* elements in one vector register, in compute form */
/* Lanes in which a sum along a row is kept, on every level, so that its order is the same on all. */
int emit_sum_lanes(ir_dtype dtype);

LLVMValueRef emit_index(emitter *e, int64_t value);         /* i64 */
LLVMValueRef emit_number(LLVMTypeRef type, double value);   /* float types, every lane */
LLVMValueRef emit_integer(LLVMTypeRef type, int64_t value); /* integer types, every lane */
LLVMValueRef emit_zero(LLVMTypeRef type);
LLVMValueRef emit_lane_numbers(emitter *e, int lanes); /* <0, 1, 2, ...> i64 */
bool emit_is_constant(LLVMValueRef v, int64_t *value); /* an integer scalar known now */

/* ---- arithmetic ------------------------------------------------------------------------ */

LLVMValueRef emit_splat(emitter *e, LLVMValueRef v, int lanes); /* v itself if it has the lanes */
/* x and y with equal lanes. */
void emit_match(emitter *e, LLVMValueRef *x, LLVMValueRef *y);
LLVMValueRef emit_binary(emitter *e, LLVMOpcode op, LLVMValueRef x, LLVMValueRef y);
/* Integer or float by the type of x. */
LLVMValueRef emit_add(emitter *e, LLVMValueRef x, LLVMValueRef y);
LLVMValueRef emit_sub(emitter *e, LLVMValueRef x, LLVMValueRef y);
LLVMValueRef emit_mul(emitter *e, LLVMValueRef x, LLVMValueRef y);
LLVMValueRef emit_fdiv(emitter *e, LLVMValueRef x, LLVMValueRef y);
/* x * y + z, fused where the level has the instruction, never a library call; where the program is `steady`,
 * the same bits on every level (fused.c). */
LLVMValueRef emit_fma(emitter *e, LLVMValueRef x, LLVMValueRef y, LLVMValueRef z);
/* The same where x * y is exact, so that it does not matter whether both are one. */
LLVMValueRef emit_fma_exact(emitter *e, LLVMValueRef x, LLVMValueRef y, LLVMValueRef z);
/* Whether emit_fma is a call: its code takes long and should not be there twice. */
bool emit_makes_fma(const emitter *e);
/* body of x, where emit_fma is a call as a function of that name, once for the module. */
typedef LLVMValueRef emit_unary(emitter *e, LLVMValueRef x);
LLVMValueRef emit_shared(emitter *e, const char *name, emit_unary *body, LLVMValueRef x);
LLVMValueRef emit_select(emitter *e, LLVMValueRef condition, LLVMValueRef x, LLVMValueRef y);
LLVMValueRef emit_icmp(emitter *e, LLVMIntPredicate p, LLVMValueRef x, LLVMValueRef y);
LLVMValueRef emit_fcmp(emitter *e, LLVMRealPredicate p, LLVMValueRef x, LLVMValueRef y);
/* y where x is NaN or y is: no; the one instruction a processor has: x > y ? x : y. */
LLVMValueRef emit_larger(emitter *e, LLVMValueRef x, LLVMValueRef y);
LLVMValueRef emit_smaller(emitter *e, LLVMValueRef x, LLVMValueRef y);
/* Signed integer minimum and maximum. */
LLVMValueRef emit_imin(emitter *e, LLVMValueRef x, LLVMValueRef y);
LLVMValueRef emit_imax(emitter *e, LLVMValueRef x, LLVMValueRef y);
/* An overloaded intrinsic: "llvm.sqrt" on the type of x; y and z may be NULL. */
LLVMValueRef emit_intrinsic(emitter *e, const char *name, LLVMValueRef x, LLVMValueRef y, LLVMValueRef z);
/* An intrinsic of one processor family, whose types LLVM's versions tell apart in name only: arguments are
 * seen as what it takes. */
LLVMValueRef emit_instruction(emitter *e, const char *name, LLVMValueRef *args, unsigned count);
/* One instruction's forms, each for vectors of so many lanes. */
typedef struct {
  int lanes;
  const char *name;
} emit_form;
/* The form for as many lanes as args[0] has; NULL, and nothing emitted, where the table has none. */
LLVMValueRef emit_instruction_form(emitter *e, const emit_form *forms, size_t form_count, LLVMValueRef *args,
                                   unsigned count);
/* Floor division and modulo of i64, as ir_dim's. */
LLVMValueRef emit_floor_div(emitter *e, LLVMValueRef x, LLVMValueRef y);
LLVMValueRef emit_floor_mod(emitter *e, LLVMValueRef x, LLVMValueRef y);
/* Division and remainder of i64 that are known not to be negative. */
LLVMValueRef emit_udiv(emitter *e, LLVMValueRef x, LLVMValueRef y);
LLVMValueRef emit_urem(emitter *e, LLVMValueRef x, LLVMValueRef y);

LLVMValueRef emit_lane(emitter *e, LLVMValueRef v, int lane);
LLVMValueRef emit_set_lane(emitter *e, LLVMValueRef v, int lane, LLVMValueRef x);

/* Combines two values of one type: what a reduction needs. */
typedef LLVMValueRef emit_combine(emitter *e, LLVMValueRef x, LLVMValueRef y);
/* All lanes of v combined, pairwise; a scalar is itself. */
LLVMValueRef emit_across(emitter *e, LLVMValueRef v, emit_combine *combine);
/* The same until `left` lanes are left: of those as far apart as `left` or a multiple. */
LLVMValueRef emit_across_to(emitter *e, LLVMValueRef v, int left, emit_combine *combine);
/* Lane i of the result is all lanes of vs[i] combined; count is the lanes of the vectors. */
LLVMValueRef emit_across_each(emitter *e, LLVMValueRef *vs, int count, emit_combine *combine);
/* Neighbouring lanes added: those of x, then those of y; y NULL: x's alone, half as many lanes. */
LLVMValueRef emit_pair_sums(emitter *e, LLVMValueRef x, LLVMValueRef y);
/* count vectors of count lanes as a matrix, transposed in place. */
void emit_transpose(emitter *e, LLVMValueRef *vs, int count);

/* ---- memory -------------------------------------------------------------------------------- */

/* Pointer `index` of a table of them, which are as wide as the target has them. */
LLVMValueRef emit_pointer_at(emitter *e, LLVMValueRef table, uint64_t index);
/* base + offset elements. */
LLVMValueRef emit_at(emitter *e, ir_dtype dtype, LLVMValueRef base, LLVMValueRef offset);
LLVMValueRef emit_load(emitter *e, ir_dtype dtype, LLVMValueRef pointer, int lanes);
void emit_store(emitter *e, ir_dtype dtype, LLVMValueRef pointer, LLVMValueRef v);
/*
 * The same for the first `count` lanes only (i64, may be beyond lanes); other lanes load as zero. NULL: all.
 * Memory of the other lanes is not touched.
 */
LLVMValueRef emit_load_part(emitter *e, ir_dtype dtype, LLVMValueRef pointer, int lanes, LLVMValueRef count);
void emit_store_part(emitter *e, ir_dtype dtype, LLVMValueRef pointer, LLVMValueRef v, LLVMValueRef count);
/* Elements at base + each lane of `offsets`, i64; NULL, and nothing emitted, where no instruction loads them.
 */
LLVMValueRef emit_gather(emitter *e, ir_dtype dtype, LLVMValueRef base, LLVMValueRef offsets);
/* Into the cache of `level`: 1 or 2. */
void emit_prefetch(emitter *e, LLVMValueRef pointer, int level);
/* Memory form to register form, and back. */
LLVMValueRef emit_widen(emitter *e, ir_dtype dtype, LLVMValueRef v);
LLVMValueRef emit_narrow(emitter *e, ir_dtype dtype, LLVMValueRef v);

/* A place on the stack that holds one value; LLVM makes it a register. */
LLVMValueRef emit_variable(emitter *e, LLVMTypeRef type, LLVMValueRef first);
LLVMValueRef emit_get(emitter *e, LLVMValueRef variable);
void emit_set(emitter *e, LLVMValueRef variable, LLVMValueRef v);
/*
 * `count` elements on the stack, aligned to 64 bytes. Threads of the runtime have 1 MiB; kernels keep to a
 * quarter of that.
 */
LLVMValueRef emit_stack(emitter *e, LLVMTypeRef element, int64_t count);

/* ---- control ---------------------------------------------------------------------------------- */

typedef struct {
  LLVMValueRef index; /* i64 */
  LLVMValueRef step;
  LLVMBasicBlockRef head, exit;
} emit_loop;

/* for (index = low; index < high; index += step) */
emit_loop emit_loop_begin(emitter *e, LLVMValueRef low, LLVMValueRef high, int64_t step);
void emit_loop_end(emitter *e, const emit_loop *loop);

typedef struct {
  LLVMBasicBlockRef head, exit;
} emit_repeat;

/* while (condition): what is emitted between begin and test computes the condition each time. */
emit_repeat emit_while_begin(emitter *e);
void emit_while_test(emitter *e, const emit_repeat *loop, LLVMValueRef condition);
void emit_while_end(emitter *e, const emit_repeat *loop);

typedef struct {
  LLVMBasicBlockRef otherwise, exit;
  bool has_else;
} emit_branch;

emit_branch emit_if(emitter *e, LLVMValueRef condition);
void emit_else(emitter *e, emit_branch *branch);
void emit_end_if(emitter *e, emit_branch *branch);

/*
 * Covers [low, high) with strips: body(index, lanes, part) is emitted for `unroll` vectors at once (part
 * counts from 0), then for one, then for single elements; parts that high makes unnecessary are left out.
 */
typedef void emit_body(emitter *e, LLVMValueRef index, int lanes, int part, void *user);
void emit_strips(emitter *e, LLVMValueRef low, LLVMValueRef high, int lanes, int unroll, emit_body *body,
                 void *user);

/* ---- sizes and threads --------------------------------------------------------------------------- */

LLVMValueRef emit_size(emitter *e, ir_dim dim);     /* i64, computed once in the prologue */
LLVMValueRef emit_size_now(emitter *e, ir_dim dim); /* where symbols change within the function */
/*
 * The part [*low, *high) of `units` equal pieces of work that is this thread's. Where units x unit_work
 * (about one elementary operation each) is small, thread 0 has it all. Pieces never depend on the number of
 * threads.
 */
void emit_share(emitter *e, LLVMValueRef units, LLVMValueRef unit_work, LLVMValueRef *low,
                LLVMValueRef *high);
/*
 * The same for long steps, whose threads shall end together though one is slower or was interrupted: what is
 * emitted between begin and end is run for several ranges of pieces. First comes the thread's share of three
 * quarters of all; then whoever is free claims a little of the rest (guided self-scheduling, without its
 * first rounds: Polychronopoulos and Kuck, 1987). Without claims (entry.c) it is emit_share.
 */
typedef struct {
  LLVMValueRef low, high;      /* this range, may be empty */
  LLVMValueRef units, settled; /* pieces in all, pieces that are nobody's to claim */
  LLVMValueRef claims_at_once; /* pieces; 0: none are claimed */
  LLVMValueRef next, next_end; /* variables */
  emit_repeat loop;
} emit_claim;
emit_claim emit_claim_begin(emitter *e, LLVMValueRef units, LLVMValueRef unit_work);
void emit_claim_end(emitter *e, const emit_claim *claim);

/* ---- registers of SVE (emit_sve.c) ------------------------------------------------------------------ */

/* Whether vectors of the type fill one: on other levels none does. */
bool emit_fills_register(const emitter *e, LLVMTypeRef type);
/* LLVM's type for such a register, the vector as one, and one as a vector of the type. Others stay what they
 * are. */
LLVMTypeRef emit_register_type(const emitter *e, LLVMTypeRef type);
LLVMValueRef emit_as_register(emitter *e, LLVMValueRef v);
LLVMValueRef emit_of_register(emitter *e, LLVMValueRef v, LLVMTypeRef type);
/* emit_select of vectors that fill one, by a comparison of such; else NULL, and nothing emitted. */
LLVMValueRef emit_register_select(emitter *e, LLVMValueRef condition, LLVMValueRef x, LLVMValueRef y);
/* The first `count` lanes, as masked loads and stores of registers take them; less than 0: none. */
LLVMValueRef emit_first_lanes(emitter *e, LLVMTypeRef type, LLVMValueRef count);
/* *x: its first half, the other's second; *y: what is left, x's second half first. */
void emit_exchange_halves(emitter *e, LLVMValueRef *x, LLVMValueRef *y);
/*
 * Arm's args[0] + products of args[1] and args[2], which are of bytes where the sums are i32, of bf16 where
 * they are f32: dots of four bytes or two bf16, or in each 16 bytes two rows times two columns. Of registers
 * of NEON or of SVE.
 */
typedef enum { EMIT_ARM_DOT, EMIT_ARM_MMLA } emit_arm_product;
LLVMValueRef emit_arm_products(emitter *e, emit_arm_product product, LLVMValueRef *args);

/* ---- mathematics (math.c): floats of any lanes; accuracy in the comments there ------------------------ */

/* The nearest whole number, of two the even one. */
LLVMValueRef emit_round_even(emitter *e, LLVMValueRef x);
LLVMValueRef emit_exp(emitter *e, LLVMValueRef x);
LLVMValueRef emit_exp2(emitter *e, LLVMValueRef x); /* x below 127 (f64: 1023) */
LLVMValueRef emit_log(emitter *e, LLVMValueRef x);
LLVMValueRef emit_tanh(emitter *e, LLVMValueRef x);
LLVMValueRef emit_atan(emitter *e, LLVMValueRef x);
LLVMValueRef emit_erf(emitter *e, LLVMValueRef x);
LLVMValueRef emit_sin(emitter *e, LLVMValueRef x);
LLVMValueRef emit_cos(emitter *e, LLVMValueRef x);
LLVMValueRef emit_pow(emitter *e, LLVMValueRef x, LLVMValueRef y);

#endif
