/* memory.c: pages that the system fills with zeros when they are touched. */
#include "host/host.h"

#include <windows.h>

uint8_t *rt_host_map(uint64_t bytes) {
  if (bytes > SIZE_MAX / 2) return NULL;
  return VirtualAlloc(NULL, bytes ? bytes : 1, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}

void rt_host_unmap(uint8_t *memory, uint64_t bytes) {
  (void)bytes;
  if (memory && !VirtualFree(memory, 0, MEM_RELEASE)) UnmapViewOfFile(memory); /* of a file */
}

void rt_host_give_back(uint8_t *memory, uint64_t bytes) {
  SYSTEM_INFO system;
  GetSystemInfo(&system);
  uintptr_t page = system.dwPageSize, begin = ((uintptr_t)memory + page - 1) / page * page;
  uintptr_t end = ((uintptr_t)memory + bytes) / page * page;
  if (end > begin) VirtualAlloc((void *)begin, end - begin, MEM_RESET, PAGE_READWRITE);
}

/* Windows has huge pages for privileged processes only. */
void rt_host_prefer_huge_pages(const uint8_t *memory, uint64_t bytes) {
  (void)memory, (void)bytes;
}
