/* files.c: paths are UTF-8 here and UTF-16 in Windows; bytes are never changed on the way. */
#include "host/host.h"
#include "host/windows/system.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <windows.h>

wchar_t *rt_windows_path(const char *path) {
  int units = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, path, -1, NULL, 0);
  wchar_t *wide = units > 0 ? malloc((size_t)units * sizeof *wide) : NULL;
  if (wide)
    MultiByteToWideChar(CP_UTF8, 0, path, -1, wide, units);
  else
    errno = units > 0 ? ENOMEM : EILSEQ;
  return wide;
}

static int open_as(const char *path, int flags) {
  wchar_t *wide = rt_windows_path(path);
  if (!wide) return -1;
  int file = _wopen(wide, flags | _O_BINARY | _O_NOINHERIT, _S_IREAD | _S_IWRITE), error = errno;
  free(wide);
  errno = error;
  return file;
}

int rt_host_open(const char *path) {
  return open_as(path, _O_RDONLY);
}

int rt_host_create(const char *path) {
  return open_as(path, _O_WRONLY | _O_CREAT | _O_TRUNC);
}

/* A pipe that nobody writes to any more cannot be looked into: reads end there at once. */
bool rt_host_can_read(int file) {
  HANDLE handle = (HANDLE)_get_osfhandle(file);
  DWORD kind = GetFileType(handle), count = 0;
  if (kind != FILE_TYPE_PIPE) return kind == FILE_TYPE_DISK;
  return !PeekNamedPipe(handle, NULL, 0, NULL, &count, NULL) || count > 0;
}
