/* kept_file.c: files that appear whole or not at all. One that a program has mapped cannot be replaced. */
#include "host/host.h"
#include "host/windows/system.h"

#include <io.h>
#include <stdlib.h>
#include <windows.h>

int rt_host_begin_file(const char *draft) {
  return rt_host_create(draft);
}

bool rt_host_end_file(int file, const char *draft, const char *path, bool is_whole) {
  wchar_t *from = rt_windows_path(draft), *to = rt_windows_path(path);
  if (is_whole) is_whole = _commit(file) == 0;
  is_whole &= _close(file) == 0;
  is_whole = is_whole && from && to && MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING);
  if (!is_whole && from) DeleteFileW(from);
  free(from);
  free(to);
  return is_whole;
}
