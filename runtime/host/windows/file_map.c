/* file_map.c: files as memory that is read only. */
#include "host/host.h"

#include <errno.h>
#include <io.h>
#include <stdio.h>
#include <windows.h>

int64_t rt_host_file_bytes(int file) {
  int64_t bytes = _lseeki64(file, 0, SEEK_END);
  return bytes < 0 || _lseeki64(file, 0, SEEK_SET) < 0 ? -1 : bytes;
}

uint8_t *rt_host_map_file(int file, uint64_t bytes) {
  HANDLE map = CreateFileMappingW((HANDLE)_get_osfhandle(file), NULL, PAGE_READONLY, 0, 0, NULL);
  uint8_t *memory = map ? MapViewOfFile(map, FILE_MAP_READ, 0, 0, bytes) : NULL;
  if (!memory) errno = ENOMEM;
  if (map) CloseHandle(map); /* the view holds it */
  return memory;
}
