/* loader.h: a shared library for macOS in a process of Linux. */
#ifndef TESTS_MACOS_LOADER_H
#define TESTS_MACOS_LOADER_H

typedef struct library library;

/* Ends the process with a line where the file is not as expected. */
library *library_load(const char *path);
/* What the library gives out under a name without its underscore; ends the process where there is none. */
void *library_symbol(const library *loaded, const char *name);

#endif
