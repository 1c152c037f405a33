/* memory.c: private maps, by pages. */
#define _GNU_SOURCE
#include "host/host.h"
#include "host/posix/kernel.h"

uint8_t *rt_host_map(uint64_t bytes) {
  if (bytes > SIZE_MAX) return NULL;
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  void *memory = kernel_map(NULL, bytes ? bytes : 1, PROT_READ | PROT_WRITE, flags, -1);
  return memory == MAP_FAILED ? NULL : memory;
}

void rt_host_unmap(uint8_t *memory, uint64_t bytes) {
  if (memory) munmap(memory, bytes ? bytes : 1);
}

/* madvise for the whole pages inside. */
static void advise(const uint8_t *memory, uint64_t bytes, int advice) {
  uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE), begin = ((uintptr_t)memory + page - 1) / page * page;
  uintptr_t end = ((uintptr_t)memory + (uintptr_t)bytes) / page * page;
  if (end > begin) madvise((void *)begin, end - begin, advice);
}

void rt_host_give_back(uint8_t *memory, uint64_t bytes) {
  advise(memory, bytes, MADV_DONTNEED);
}

void rt_host_prefer_huge_pages(const uint8_t *memory, uint64_t bytes) {
#ifdef MADV_HUGEPAGE
  advise(memory, bytes, MADV_HUGEPAGE);
#else
  (void)memory, (void)bytes;
#endif
}
