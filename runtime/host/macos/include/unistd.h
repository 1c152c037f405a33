/* unistd.h: reading, writing and closing what host/macos/files.c opens. */
#ifndef RT_MACOS_UNISTD_H
#define RT_MACOS_UNISTD_H

#include <stddef.h>

typedef ptrdiff_t ssize_t;

ssize_t read(int file, void *to, size_t bytes);
ssize_t write(int file, const void *from, size_t bytes);
int close(int file);

#endif
