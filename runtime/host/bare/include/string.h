/*
 * string.h: what the runtime uses of it where there is no operating system (bytes.c). memcpy, memmove,
 * memset and memcmp keep their names, since compilers call them too; a libc's own come before ours, which
 * are weak. All else has names of its own, so that a program may bring any libc, or none.
 */
#ifndef RT_BARE_STRING_H
#define RT_BARE_STRING_H

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t bytes);
void *memmove(void *to, const void *from, size_t bytes);
void *memset(void *to, int value, size_t bytes);
int memcmp(const void *a, const void *b, size_t bytes);
#define memcpy  __builtin_memcpy /* few bytes are copied in place */
#define memmove __builtin_memmove
#define memset  __builtin_memset

void *memchr(const void *text, int byte, size_t bytes) __asm__("rt_memchr");
size_t strlen(const char *text) __asm__("rt_strlen");
int strcmp(const char *a, const char *b) __asm__("rt_strcmp");
char *strchr(const char *text, int byte) __asm__("rt_strchr");
char *strcpy(char *restrict to, const char *restrict from) __asm__("rt_strcpy");

#endif
