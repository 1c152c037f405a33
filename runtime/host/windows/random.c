/* random.c: what the system has gathered. RtlGenRandom's name is a macro for this one. */
#include "host/host.h"

#include <windows.h>

#include <ntsecapi.h>

bool rt_host_random(void *bytes, size_t count) {
  return count <= UINT32_MAX && RtlGenRandom(bytes, (ULONG)count);
}
