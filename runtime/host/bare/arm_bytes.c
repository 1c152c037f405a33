/*
 * arm_bytes.c: the names under which compilers for 32-bit Arm call what string.h has. [Run-time ABI for the
 * Arm architecture, "Memory copying, clearing, and setting"]
 */
#if defined(__arm__)
#include <stddef.h>
#include <string.h>

#undef memcpy
#undef memmove
#undef memset

#define ALIASES(define) define() define(4) define(8)

#define COPY(n)                                                                                              \
  void __aeabi_memcpy##n(void *to, const void *from, size_t bytes);                                          \
  __attribute__((weak)) void __aeabi_memcpy##n(void *to, const void *from, size_t bytes) {                   \
    memcpy(to, from, bytes);                                                                                 \
  }
#define MOVE(n)                                                                                              \
  void __aeabi_memmove##n(void *to, const void *from, size_t bytes);                                         \
  __attribute__((weak)) void __aeabi_memmove##n(void *to, const void *from, size_t bytes) {                  \
    memmove(to, from, bytes);                                                                                \
  }
#define SET(n)                                                                                               \
  void __aeabi_memset##n(void *to, size_t bytes, int value);                                                 \
  __attribute__((weak)) void __aeabi_memset##n(void *to, size_t bytes, int value) {                          \
    memset(to, value, bytes);                                                                                \
  }
#define CLEAR(n)                                                                                             \
  void __aeabi_memclr##n(void *to, size_t bytes);                                                            \
  __attribute__((weak)) void __aeabi_memclr##n(void *to, size_t bytes) {                                     \
    memset(to, 0, bytes);                                                                                    \
  }

ALIASES(COPY)
ALIASES(MOVE)
ALIASES(SET)
ALIASES(CLEAR)
#endif
