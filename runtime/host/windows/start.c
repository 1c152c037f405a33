/*
 * start.c: a program's start: arguments and console in UTF-8, standard streams as the bytes that they are.
 * Linked with mingw's crt2u.o, which calls wmain.
 */
#include <fcntl.h>
#include <io.h>
#include <stdlib.h>
#include <windows.h>

int main(int argc, char **argv);
int wmain(int argc, wchar_t **wide);

int _dowildcard = 0; /* "*" is what was typed, not the names of files */

static char *to_utf8(const wchar_t *wide) {
  int bytes = WideCharToMultiByte(CP_UTF8, 0, wide, -1, NULL, 0, NULL, NULL);
  char *text = malloc((size_t)bytes + 1);
  if (text) WideCharToMultiByte(CP_UTF8, 0, wide, -1, text, bytes, NULL, NULL);
  return text;
}

int wmain(int argc, wchar_t **wide) {
  enum { STREAMS = 3, OUT_OF_MEMORY = 1 };
  for (int stream = 0; stream < STREAMS; stream++) _setmode(stream, _O_BINARY);
  SetConsoleCP(CP_UTF8);
  SetConsoleOutputCP(CP_UTF8);
  char **argv = calloc((size_t)argc + 1, sizeof *argv);
  for (int i = 0; argv && i < argc; i++)
    if (!(argv[i] = to_utf8(wide[i]))) return OUT_OF_MEMORY;
  return argv ? main(argc, argv) : OUT_OF_MEMORY;
}
