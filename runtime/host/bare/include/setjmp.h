/* setjmp.h: leaving a function from deep within (jump.c). */
#ifndef RT_BARE_SETJMP_H
#define RT_BARE_SETJMP_H

#include <stdint.h>

typedef uint64_t jmp_buf[22]; /* aarch64: x19 to x30, sp, d8 to d15 */

int setjmp(jmp_buf place) __asm__("rt_setjmp") __attribute__((returns_twice));
_Noreturn void longjmp(jmp_buf place, int value) __asm__("rt_longjmp");

#endif
