/* stdio.h: formatting. */
#ifndef RT_MACOS_STDIO_H
#define RT_MACOS_STDIO_H

#include <stdarg.h>
#include <stddef.h>

int vsnprintf(char *text, size_t capacity, const char *format, va_list arguments);
int snprintf(char *text, size_t capacity, const char *format, ...);

#endif
