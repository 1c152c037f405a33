/* environment.c: a module that others call has none. wasi-libc's would ask WASI for it. */
#include <stdlib.h>

char *getenv(const char *name) {
  (void)name;
  return NULL;
}
