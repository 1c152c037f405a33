/* x86_64.c: what Windows gives only to processes that have asked: the tiles' registers, from Windows 11 on.
 */
#include "core/core.h"

#include <windows.h>

bool rt_cpu_may_use(smelt_isa_level level) {
  enum { TILE_DATA = 18 };
  if (level != SMELT_ISA_X86_64_AMX) return true;
  union {
    FARPROC found;
    BOOL(WINAPI *call)(DWORD64 features);
  } enable = {GetProcAddress(GetModuleHandleW(L"kernel32.dll"), "EnableProcessOptionalXStateFeatures")};
  return enable.found && enable.call((DWORD64)1 << TILE_DATA);
}
