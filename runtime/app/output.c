/* output.c: buffered writing without stdio, which would outweigh the rest of a small program. */
#define _GNU_SOURCE
#include "app/app.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

app_output app_output_on(int file) {
  return (app_output){.file = file};
}

bool app_output_create(app_output *out, const char *path) {
  *out = app_output_on(rt_host_create(path));
  return out->file >= 0;
}

static bool write_all(int file, const char *bytes, size_t count) {
  while (count > 0) {
    ssize_t written = write(file, bytes, count);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    bytes += written;
    count -= (size_t)written;
  }
  return true;
}

bool app_flush(app_output *out) {
  if (!out->failed && !write_all(out->file, out->buffer, out->count)) out->failed = true;
  out->count = 0;
  return !out->failed;
}

void app_write(app_output *out, const void *bytes, size_t count) {
  if (count > sizeof out->buffer - out->count) app_flush(out);
  if (count > sizeof out->buffer) {
    if (!out->failed && !write_all(out->file, bytes, count)) out->failed = true;
    return;
  }
  memcpy(out->buffer + out->count, bytes, count);
  out->count += count;
}

void app_write_text(app_output *out, const char *text) {
  app_write(out, text, strlen(text));
}

void app_write_integer(app_output *out, int64_t value) {
  char digits[24];
  char *first = digits + sizeof digits;
  uint64_t left = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
  do *--first = (char)('0' + left % 10);
  while (left /= 10);
  if (value < 0) *--first = '-';
  app_write(out, first, (size_t)(digits + sizeof digits - first));
}

void app_write_decimal(app_output *out, double value, int digits) {
  int64_t scale = 1;
  for (int i = 0; i < digits; i++) scale *= 10;
  if (!(value >= 0 && value < 1e12)) value = 0;
  int64_t scaled = (int64_t)(value * (double)scale + 0.5);
  app_write_integer(out, scaled / scale);
  if (digits == 0) return;
  app_write_text(out, ".");
  for (int64_t place = scale / 10; place > 0; place /= 10) app_write_integer(out, scaled / place % 10);
}

void app_write_number(app_output *out, double value, int digits) {
  char text[40];
  if (value - value != 0) { /* no number, or no end */
    app_write_text(out, "null");
    return;
  }
  snprintf(text, sizeof text, "%.*g", digits, value);
  app_write_text(out, text);
}

void app_write_json_bytes(app_output *out, const void *text, size_t bytes) {
  static const char hex[] = "0123456789abcdef";
  const unsigned char *at = text;
  app_write_text(out, "\"");
  for (; bytes > 0; at++, bytes--) {
    const char escaped[] = {'\\', 'u', '0', '0', hex[*at >> 4], hex[*at & 15]};
    if (*at < 0x20 || *at == '"' || *at == '\\')
      app_write(out, escaped, sizeof escaped);
    else
      app_write(out, at, 1);
  }
  app_write_text(out, "\"");
}

void app_write_json_text(app_output *out, const char *text) {
  app_write_json_bytes(out, text, strlen(text));
}

bool app_output_close(app_output *out) {
  bool written = app_flush(out);
  return close(out->file) == 0 && written;
}

int app_fail(int exit_code, const char *format, ...) {
  char message[512];
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(message, sizeof message, format, arguments);
  va_end(arguments);
  app_output err = app_output_on(STDERR_FILENO);
  app_write_text(&err, message);
  app_write_text(&err, "\n");
  app_flush(&err);
  return exit_code;
}

bool app_ends_with(const char *text, const char *end) {
  size_t count = strlen(text), end_count = strlen(end);
  return count >= end_count && strcmp(text + count - end_count, end) == 0;
}
