/* own_file.c: where the program or the library lies. */
#include "host/host.h"
#include "host/windows/system.h"

#include <windows.h>

bool rt_windows_text(const wchar_t *wide, char *path, size_t room) {
  if (!WideCharToMultiByte(CP_UTF8, 0, wide, -1, path, (int)room, NULL, NULL)) return false;
  for (; *path; path++)
    if (*path == '\\') *path = '/';
  return true;
}

bool rt_host_own_file(const void *address, char *path, size_t room) {
  enum { UNITS = RT_HOST_PATH_BYTES };
  enum { BY_ADDRESS = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT };
  HMODULE module;
  wchar_t wide[UNITS];
  if (!GetModuleHandleExW(BY_ADDRESS, address, &module)) return false;
  DWORD units = GetModuleFileNameW(module, wide, UNITS);
  return units && units < UNITS && rt_windows_text(wide, path, room);
}
