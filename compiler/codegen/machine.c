/* machine.c: a level as LLVM's target machine, and modules through LLVM's passes to files. */
#include "codegen/stage.h"

#include <llvm-c/Analysis.h>
#include <llvm-c/Error.h>
#include <llvm-c/Target.h>
#include <llvm-c/Transforms/PassBuilder.h>

#include <string.h>

#define ARCHITECTURES(X) X(X86) X(AArch64) X(ARM) X(RISCV) X(WebAssembly)

static void start_llvm(void) {
#define X(NAME)                                                                                              \
  LLVMInitialize##NAME##TargetInfo();                                                                        \
  LLVMInitialize##NAME##Target();                                                                            \
  LLVMInitialize##NAME##TargetMC();                                                                          \
  LLVMInitialize##NAME##AsmPrinter();                                                                        \
  LLVMInitialize##NAME##AsmParser();
  ARCHITECTURES(X)
#undef X
}

/* A failure with LLVM's own words, which are freed. */
static status llvm_failure(arena *a, const char *what, char *message) {
  status s = fail(a, STATUS_DEFECT, "LLVM %s: %s", what, message ? message : "no reason given");
  if (message) LLVMDisposeMessage(message);
  return s;
}

status machine_make(arena *a, const codegen_target *target, const codegen_level *level,
                    LLVMTargetMachineRef *machine) {
  char *message = NULL;
  LLVMTargetRef llvm_target;
  start_llvm();
  if (LLVMGetTargetFromTriple(target->triple, &llvm_target, &message))
    return llvm_failure(a, "does not know the target", message);
  /* Without an operating system nothing moves a program, and constant tables of addresses stay in flash. */
  LLVMRelocMode mode = target->os == CODEGEN_NO_OS ? LLVMRelocStatic : LLVMRelocPIC;
  *machine = LLVMCreateTargetMachine(llvm_target, target->triple, level->cpu, level->features,
                                     LLVMCodeGenLevelDefault, mode, LLVMCodeModelSmall);
  return *machine ? OK : llvm_failure(a, "has no machine for the target", NULL);
}

/* The kernels are vectors and unrolled already: LLVM's own loop passes would only take time. */
static status optimise(emitter *e, LLVMTargetMachineRef machine) {
  LLVMPassBuilderOptionsRef options = LLVMCreatePassBuilderOptions();
  LLVMPassBuilderOptionsSetLoopVectorization(options, false);
  LLVMPassBuilderOptionsSetLoopInterleaving(options, false);
  LLVMPassBuilderOptionsSetSLPVectorization(options, false);
  LLVMPassBuilderOptionsSetLoopUnrolling(options, false);
  LLVMErrorRef error = LLVMRunPasses(e->module, "default<O2>", machine, options);
  LLVMDisposePassBuilderOptions(options);
  if (!error) return OK;
  char *message = LLVMGetErrorMessage(error);
  status s = fail(e->arena, STATUS_DEFECT, "LLVM's passes failed: %s", message);
  LLVMDisposeErrorMessage(message);
  return s;
}

/* Mach-O's sections have names of another form, and there functions are apart without. */
static void drop_sections(LLVMModuleRef module) {
  for (LLVMValueRef f = LLVMGetFirstFunction(module); f; f = LLVMGetNextFunction(f)) LLVMSetSection(f, "");
}

status machine_write(emitter *e, LLVMTargetMachineRef machine, const codegen_target *target,
                     codegen_form form, text *bytes) {
  char *message = NULL;
  LLVMTargetDataRef layout = LLVMCreateTargetDataLayout(machine);
  LLVMSetModuleDataLayout(e->module, layout);
  LLVMDisposeTargetData(layout);
  LLVMSetTarget(e->module, target->triple);
  if (target->format == CODEGEN_MACHO) drop_sections(e->module);
  if (LLVMVerifyModule(e->module, LLVMReturnStatusAction, &message))
    return llvm_failure(e->arena, "rejects the generated code", message);
  LLVMDisposeMessage(message);
  message = NULL;
  TRY(optimise(e, machine));
  if (form == CODEGEN_LLVM) {
    char *written = LLVMPrintModuleToString(e->module);
    text_append(bytes, written, strlen(written));
    LLVMDisposeMessage(written);
    return OK;
  }
  LLVMMemoryBufferRef buffer = NULL;
  LLVMCodeGenFileType type = form == CODEGEN_OBJECT ? LLVMObjectFile : LLVMAssemblyFile;
  if (LLVMTargetMachineEmitToMemoryBuffer(machine, e->module, type, &message, &buffer))
    return llvm_failure(e->arena, "cannot write the code", message);
  text_append(bytes, LLVMGetBufferStart(buffer), LLVMGetBufferSize(buffer));
  LLVMDisposeMemoryBuffer(buffer);
  return OK;
}

const char *codegen_llvm_version(arena *a) {
  unsigned major, minor, patch;
  LLVMGetVersion(&major, &minor, &patch);
  return arena_format(a, "%u.%u.%u", major, minor, patch);
}
