/* file_map.c: files as memory that is read only. */
#define _GNU_SOURCE
#include "host/host.h"

#include <sys/mman.h>

enum { HUGE_PAGE_BYTES = 2 << 20 };

/* At an address that is the byte's place in the file modulo a huge page, so that the kernel can map it by
 * such. */
uint8_t *rt_host_map_file(int file, uint64_t bytes) {
  if (!bytes || bytes > SIZE_MAX / 2) return NULL;
  uint8_t *room =
      mmap(NULL, bytes + HUGE_PAGE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) return NULL;
  uint64_t before = (HUGE_PAGE_BYTES - (uintptr_t)room % HUGE_PAGE_BYTES) % HUGE_PAGE_BYTES;
  uint8_t *mapped = mmap(room + before, bytes, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0);
  if (mapped == MAP_FAILED) {
    munmap(room, bytes + HUGE_PAGE_BYTES);
    return NULL;
  }
  if (before) munmap(room, before); /* what is left behind the file is address space, less than a huge page */
  return mapped;
}
