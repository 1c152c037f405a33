/* stdio.h: text with numbers in it (format.c): %s %d %u %c %%, with precision for %s, ll and z. */
#ifndef RT_BARE_STDIO_H
#define RT_BARE_STDIO_H

#include <stdarg.h>
#include <stddef.h>

int vsnprintf(char *text, size_t capacity, const char *format, va_list arguments) __asm__("rt_vsnprintf");
int snprintf(char *text, size_t capacity, const char *format, ...) __asm__("rt_snprintf");

#endif
