/* file_map.c: files as memory that is read only. */
#define _GNU_SOURCE
#include "host/host.h"
#include "host/posix/kernel.h"

#include <errno.h>
#include <unistd.h>

enum { HUGE_PAGE_BYTES = 2 << 20 };

int64_t rt_host_file_bytes(int file) {
  int64_t bytes = kernel_seek(file, SEEK_END);
  return bytes < 0 || kernel_seek(file, SEEK_SET) < 0 ? -1 : bytes;
}

/* At an address that is the byte's place in the file modulo a huge page, so that the kernel can map it by
 * such. */
uint8_t *rt_host_map_file(int file, uint64_t bytes) {
  if (!bytes || bytes > SIZE_MAX - 2 * HUGE_PAGE_BYTES) return errno = ENOMEM, NULL;
  size_t page = (size_t)sysconf(_SC_PAGESIZE), whole = ((size_t)bytes + page - 1) / page * page;
  size_t room_bytes = whole + HUGE_PAGE_BYTES;
  uint8_t *room = kernel_map(NULL, room_bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1);
  if (room == MAP_FAILED) return NULL;
  size_t before = (HUGE_PAGE_BYTES - (uintptr_t)room % HUGE_PAGE_BYTES) % HUGE_PAGE_BYTES;
  uint8_t *mapped = kernel_map(room + before, (size_t)bytes, PROT_READ, MAP_PRIVATE | MAP_FIXED, file);
  if (mapped == MAP_FAILED) {
    munmap(room, room_bytes);
    return NULL;
  }
  if (before) munmap(room, before);
  munmap(mapped + whole, HUGE_PAGE_BYTES - before);
  return mapped;
}
