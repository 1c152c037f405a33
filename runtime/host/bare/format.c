/* format.c: vsnprintf as far as the runtime's messages go: %s, %.*s, %c, %d, %u with ll and z, %%. */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Where the text goes; what does not fit is counted only. */
typedef struct {
  char *text;
  size_t capacity, count;
} sink;

static void put(sink *s, char c) {
  if (s->count + 1 < s->capacity) s->text[s->count] = c;
  s->count++;
}

static void put_text(sink *s, const char *text, int most) {
  for (; most != 0 && *text; text++, most--) put(s, *text);
}

static void put_number(sink *s, uint64_t value, bool is_negative) {
  char digits[20];
  int count = 0;
  do digits[count++] = (char)('0' + value % 10);
  while (value /= 10);
  if (is_negative) put(s, '-');
  while (count) put(s, digits[--count]);
}

typedef enum { SIZE_INT, SIZE_LONG_LONG, SIZE_SIZE } argument_size;

static argument_size read_size(const char **format) {
  argument_size size = SIZE_INT;
  for (; **format == 'l' || **format == 'z'; ++*format) size = **format == 'z' ? SIZE_SIZE : SIZE_LONG_LONG;
  return size;
}

int vsnprintf(char *text, size_t capacity, const char *format, va_list arguments) {
  sink s = {text, capacity, 0};
  for (; *format; format++) {
    if (*format != '%') {
      put(&s, *format);
      continue;
    }
    int most = -1;
    format++;
    if (format[0] == '.' && format[1] == '*') {
      most = va_arg(arguments, int);
      format += 2;
    }
    argument_size size = read_size(&format);
    int64_t value;
    switch (*format) {
    case 's':
      put_text(&s, va_arg(arguments, const char *), most);
      break;
    case 'c':
      put(&s, (char)va_arg(arguments, int));
      break;
    case 'd':
      value = size == SIZE_LONG_LONG ? va_arg(arguments, long long)
              : size == SIZE_SIZE    ? va_arg(arguments, ptrdiff_t)
                                     : va_arg(arguments, int);
      put_number(&s, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0);
      break;
    case 'u':
      put_number(&s,
                 size == SIZE_LONG_LONG ? va_arg(arguments, unsigned long long)
                 : size == SIZE_SIZE    ? va_arg(arguments, size_t)
                                        : va_arg(arguments, unsigned),
                 false);
      break;
    default:
      put(&s, *format);
    }
  }
  if (capacity) s.text[s.count < capacity ? s.count : capacity - 1] = '\0';
  return (int)s.count;
}
