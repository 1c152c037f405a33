/* load_library.c: a DLL that a program for Windows finds while it runs, as other languages do: opens the
 * model in it. */
#include <stdio.h>
#include <windows.h>

int main(int argc, char **argv) {
  HMODULE dll = argc == 2 ? LoadLibraryA(argv[1]) : NULL;
  union {
    FARPROC found;
    int (*call)(const void *image, const void *options, void **model);
  } open = {dll ? GetProcAddress(dll, "smelt_open") : NULL};
  union {
    FARPROC found;
    void (*call)(void *model);
  } close = {dll ? GetProcAddress(dll, "smelt_close") : NULL};
  union {
    FARPROC found;
    const void *image;
  } verse = {dll ? GetProcAddress(dll, "smelt_model_verse") : NULL};
  void *model = NULL;
  if (!open.found || !close.found || !verse.found) return 1;
  int result = open.call(verse.image, NULL, &model);
  printf("%d %s\n", result, model ? "open" : "none");
  close.call(model);
  return FreeLibrary(dll) ? 0 : 1;
}
