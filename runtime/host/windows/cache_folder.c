/* cache_folder.c: %LOCALAPPDATA%\smelt. */
#include "host/host.h"
#include "host/windows/system.h"

#include <windows.h>

bool rt_host_cache_folder(char *path, size_t room) {
  enum { UNITS = RT_HOST_PATH_BYTES, NAME_UNITS = 8 };
  wchar_t wide[UNITS];
  DWORD units = GetEnvironmentVariableW(L"LOCALAPPDATA", wide, UNITS - NAME_UNITS);
  if (!units || units >= UNITS - NAME_UNITS) return false;
  wcscat(wide, L"\\smelt");
  CreateDirectoryW(wide, NULL);
  DWORD kind = GetFileAttributesW(wide);
  return kind != INVALID_FILE_ATTRIBUTES && (kind & FILE_ATTRIBUTE_DIRECTORY) &&
         rt_windows_text(wide, path, room);
}
