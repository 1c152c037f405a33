/* frame.c: reading and writing the frame of a call from an entry's function. */
#include "codegen/frame.h"

#include <string.h>

static LLVMValueRef byte_offset(emitter *e, LLVMValueRef base, uint64_t bytes) {
  LLVMValueRef offset = emit_index(e, (int64_t)bytes);
  return LLVMBuildInBoundsGEP2(e->builder, LLVMInt8TypeInContext(e->context), base, &offset, 1, "");
}

/* Nothing changes the frame itself during a call: what was loaded once stays in a register. */
static LLVMValueRef frame_field(emitter *e, size_t index) {
  static const char INVARIANT[] = "invariant.load";
  LLVMValueRef field = emit_pointer_at(e, e->frame, index);
  unsigned kind = LLVMGetMDKindIDInContext(e->context, INVARIANT, sizeof INVARIANT - 1);
  LLVMSetMetadata(field, kind, LLVMMetadataAsValue(e->context, LLVMMDNodeInContext2(e->context, NULL, 0)));
  return field;
}

static LLVMValueRef place_of(emitter *e, const plan_view *view) {
  static const size_t FIELDS[] = {
      [PLAN_ARENA] = SMELT_FRAME_FIELD(arena),
      [PLAN_WEIGHTS] = SMELT_FRAME_FIELD(weights),
      [PLAN_STATE] = SMELT_FRAME_FIELD(state),
      [PLAN_INPUT] = SMELT_FRAME_FIELD(inputs),
  };
  LLVMValueRef base = frame_field(e, FIELDS[view->space]);
  if (view->space != PLAN_INPUT) return byte_offset(e, base, view->base_bytes);
  return emit_pointer_at(e, base, view->base_bytes); /* which input */
}

LLVMValueRef frame_pointer(emitter *e, const plan_operand *operand) {
  if (!operand->value) return LLVMConstNull(e->pointer);
  LLVMValueRef place = place_of(e, &operand->view);
  ir_dim offset = operand->view.offset;
  if (operand->view.layout != PLAN_STRIDED || !offset || ir_dim_is(offset, 0)) return place;
  return emit_at(e, operand->value->type.dtype, place, emit_size_now(e, offset));
}

LLVMValueRef frame_claims(emitter *e, int claim) {
  return byte_offset(e, frame_field(e, SMELT_FRAME_FIELD(claims)), (uint64_t)claim * sizeof(uint32_t));
}

void frame_barrier(emitter *e) {
  LLVMTypeRef type = LLVMFunctionType(e->kernel_result, &e->pointer, 1, false);
  LLVMBuildCall2(e->builder, type, frame_field(e, SMELT_FRAME_FIELD(barrier)), &e->frame, 1, "");
}

/* void step_done(frame, i64 step): one test where nobody profiles. */
LLVMValueRef frame_make_teller(emitter *e) {
  LLVMTypeRef params[] = {e->pointer, e->i64};
  LLVMTypeRef type = LLVMFunctionType(e->kernel_result, params, 2, false);
  LLVMValueRef teller = LLVMAddFunction(e->module, "step_done", type);
  LLVMSetLinkage(teller, LLVMInternalLinkage);
  unsigned noinline = LLVMGetEnumAttributeKindForName("noinline", strlen("noinline"));
  LLVMAddAttributeAtIndex(teller, LLVMAttributeFunctionIndex,
                          LLVMCreateEnumAttribute(e->context, noinline, 0));
  LLVMBuilderRef b = LLVMCreateBuilderInContext(e->context);
  LLVMBasicBlockRef entry = LLVMAppendBasicBlockInContext(e->context, teller, "");
  LLVMBasicBlockRef tell = LLVMAppendBasicBlockInContext(e->context, teller, "");
  LLVMBasicBlockRef done = LLVMAppendBasicBlockInContext(e->context, teller, "");
  LLVMPositionBuilderAtEnd(b, entry);
  LLVMValueRef args[] = {LLVMGetParam(teller, 0), LLVMGetParam(teller, 1)};
  LLVMValueRef index = LLVMConstInt(e->i64, SMELT_FRAME_FIELD(step_done), false);
  LLVMValueRef field = LLVMBuildInBoundsGEP2(b, e->pointer, args[0], &index, 1, "");
  LLVMValueRef listener = LLVMBuildLoad2(b, e->pointer, field, "");
  LLVMBuildCondBr(b, LLVMBuildIsNull(b, listener, ""), done, tell);
  LLVMPositionBuilderAtEnd(b, tell);
  LLVMBuildCall2(b, type, listener, args, 2, "");
  LLVMBuildBr(b, done);
  LLVMPositionBuilderAtEnd(b, done);
  LLVMBuildRetVoid(b);
  LLVMDisposeBuilder(b);
  return teller;
}

void frame_step_done(emitter *e, LLVMValueRef teller, size_t step) {
  LLVMValueRef args[] = {e->frame, emit_index(e, (int64_t)step)};
  LLVMBuildCall2(e->builder, LLVMGlobalGetValueType(teller), teller, args, 2, "");
}

/* Threads store the same word at the same time, or read it while another stores what it holds already. */
static void store_word(emitter *e, LLVMValueRef base, uint64_t index, LLVMValueRef value) {
  LLVMValueRef store = LLVMBuildStore(e->builder, value, byte_offset(e, base, index * sizeof(int64_t)));
  LLVMSetAlignment(store, sizeof(int64_t));
  LLVMSetOrdering(store, LLVMAtomicOrderingMonotonic);
}

void frame_set_symbol(emitter *e, size_t symbol, LLVMValueRef value) {
  store_word(e, frame_field(e, SMELT_FRAME_FIELD(dims)), symbol, value);
}

void frame_fault(emitter *e, size_t symbol, LLVMValueRef value) {
  LLVMValueRef fault = frame_field(e, SMELT_FRAME_FIELD(fault));
  store_word(e, fault, 0, emit_index(e, (int64_t)symbol + 1));
  store_word(e, fault, 1, value);
}
