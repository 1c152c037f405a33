/* system.h: libSystem's functions by their names in macOS' files, done by this machine's libc (system.c). */
#ifndef TESTS_MACOS_SYSTEM_H
#define TESTS_MACOS_SYSTEM_H

/* NULL: there is none of that name. */
void *system_function(const char *name);

/* The path of the library that is loaded, which it may ask for. */
extern const char *system_library;

#endif
