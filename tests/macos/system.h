/* system.h: libSystem's functions by their names in macOS' files, done by this machine's libc (system.c). */
#ifndef TESTS_MACOS_SYSTEM_H
#define TESTS_MACOS_SYSTEM_H

/* NULL: there is none of that name. */
void *system_function(const char *name);

#endif
