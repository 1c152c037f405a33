/*
 * jumps.c: setjmp and longjmp as LLVM's WebAssembly back end asks for them
 * (WebAssemblyLowerEmscriptenEHSjLj.cpp): a jump is an exception of the tag __c_longjmp whose value is the
 * address of {destination, value}.
 */
#include <setjmp.h>
#include <stdint.h>

enum { C_LONGJMP = 1 }; /* the tag's number among those that __builtin_wasm_throw knows */

void __wasm_setjmp(jmp_buf to, uint32_t place, void *call);
uint32_t __wasm_setjmp_test(jmp_buf to, void *call);
_Noreturn void __wasm_longjmp(jmp_buf to, int value);

__asm__(".globl __c_longjmp\n"
        ".tagtype __c_longjmp i32\n"
        "__c_longjmp:\n");

void __wasm_setjmp(jmp_buf to, uint32_t place, void *call) {
  to->call = call;
  to->place = place;
}

/* Which setjmp of this call it was; 0: of another call, which the exception goes on to. */
uint32_t __wasm_setjmp_test(jmp_buf to, void *call) {
  return to->call == call ? to->place : 0;
}

void __wasm_longjmp(jmp_buf to, int value) {
  to->thrown.to = to;
  to->thrown.value = value;
  __builtin_wasm_throw(C_LONGJMP, &to->thrown);
}
