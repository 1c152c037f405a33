/* memory.c: private maps, by pages. */
#include "host/host.h"

enum { READ_WRITE = 1 | 2, PRIVATE_ANONYMOUS = 0x2 | 0x1000, ADVICE_FREE = 5 }; /* sys/mman.h */

void *mmap(void *address, size_t bytes, int protection, int flags, int file, long long offset);
int munmap(void *address, size_t bytes);
int madvise(void *address, size_t bytes, int advice);
int getpagesize(void);

uint8_t *rt_host_map(uint64_t bytes) {
  if (bytes > SIZE_MAX / 2) return NULL;
  void *memory = mmap(NULL, bytes ? bytes : 1, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0);
  return memory == (void *)-1 ? NULL : memory;
}

void rt_host_unmap(uint8_t *memory, uint64_t bytes) {
  if (memory) munmap(memory, bytes ? bytes : 1);
}

void rt_host_give_back(uint8_t *memory, uint64_t bytes) {
  uintptr_t page = (uintptr_t)getpagesize(), begin = ((uintptr_t)memory + page - 1) / page * page;
  uintptr_t end = ((uintptr_t)memory + bytes) / page * page;
  if (end > begin) madvise((void *)begin, end - begin, ADVICE_FREE);
}

/* macOS has none for files. */
void rt_host_prefer_huge_pages(const uint8_t *memory, uint64_t bytes) {
  (void)memory, (void)bytes;
}
