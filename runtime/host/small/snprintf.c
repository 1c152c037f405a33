/* snprintf.c: snprintf, for systems that have a vsnprintf of the runtime's own. */
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

int snprintf(char *room, size_t bytes, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  int count = vsnprintf(room, bytes, format, arguments);
  va_end(arguments);
  return count;
}
