/*
 * setjmp.h: wasi-libc comes without. LLVM turns a function that calls setjmp into one that catches an
 * exception
 * (-wasm-enable-sjlj), and calls what jumps.c has.
 */
#ifndef RT_WASI_SETJMP_H
#define RT_WASI_SETJMP_H

typedef struct {
  void *call; /* of the function that may be come back to */
  unsigned place;
  struct {
    void *to;
    int value;
  } thrown;
} jmp_buf[1];

__attribute__((returns_twice)) int setjmp(jmp_buf to);
_Noreturn void longjmp(jmp_buf to, int value);

#endif
