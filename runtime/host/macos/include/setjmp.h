/* setjmp.h: the pair that leaves signals alone. Apple's jmp_buf has at most 48 words of 32 bits. */
#ifndef RT_MACOS_SETJMP_H
#define RT_MACOS_SETJMP_H

typedef long long jmp_buf[32];

int _setjmp(jmp_buf place) __attribute__((returns_twice));
_Noreturn void _longjmp(jmp_buf place, int value);
#define setjmp(place)         _setjmp(place)
#define longjmp(place, value) _longjmp(place, value)

#endif
