/* files.c: weights outside of the library. Apple's off_t has 64 bits, a mode 16. */
#include "host/host.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* fcntl.h, unistd.h, sys/mman.h */
enum { READ_ONLY = 0, WRITE_ONLY = 1, CREATE = 0x200, TRUNCATE = 0x400, CLOSE_ON_EXEC = 0x1000000 };
enum { FROM_BEGINNING = 0, FROM_END = 2, MAY_WRITE_AND_ENTER = 2 | 1, READ = 1, PRIVATE = 2 };

int open(const char *path, int flags, ...);
long long lseek(int file, long long offset, int whence);
void *mmap(void *address, size_t bytes, int protection, int flags, int file, long long offset);
int fsync(int file);
int rename(const char *from, const char *to);
int unlink(const char *path);
int mkdir(const char *path, unsigned short mode);
int access(const char *path, int mode);
int getentropy(void *bytes, size_t count);

/* dlfcn.h */
typedef struct {
  const char *file;
  void *base;
  const char *symbol;
  void *symbol_address;
} place_in_file;
int dladdr(const void *address, place_in_file *place);

int rt_host_open(const char *path) {
  return open(path, READ_ONLY | CLOSE_ON_EXEC);
}

int rt_host_create(const char *path) {
  return open(path, WRITE_ONLY | CREATE | TRUNCATE | CLOSE_ON_EXEC, 0666);
}

int64_t rt_host_file_bytes(int file) {
  int64_t bytes = lseek(file, 0, FROM_END);
  return bytes < 0 || lseek(file, 0, FROM_BEGINNING) < 0 ? -1 : bytes;
}

uint8_t *rt_host_map_file(int file, uint64_t bytes) {
  void *memory = mmap(NULL, bytes, READ, PRIVATE, file, 0);
  return memory == (void *)-1 ? NULL : memory;
}

bool rt_host_own_file(const void *address, char *path, size_t room) {
  place_in_file place;
  if (!dladdr(address, &place) || !place.file || strlen(place.file) >= room) return false;
  memcpy(path, place.file, strlen(place.file) + 1);
  return true;
}

bool rt_host_cache_folder(char *path, size_t room) {
  const char *home = getenv("HOME");
  if (!home || *home != '/') return false;
  int bytes = snprintf(path, room, "%s/Library/Caches/smelt", home);
  if (bytes < 0 || (size_t)bytes >= room) return false;
  mkdir(path, 0700);
  return access(path, MAY_WRITE_AND_ENTER) == 0;
}

int rt_host_begin_file(const char *draft) {
  return rt_host_create(draft);
}

bool rt_host_end_file(int file, const char *draft, const char *path, bool is_whole) {
  if (is_whole) is_whole = fsync(file) == 0;
  is_whole &= close(file) == 0;
  if (is_whole && rename(draft, path) == 0) return true;
  unlink(draft);
  return false;
}

bool rt_host_random(void *bytes, size_t count) {
  return getentropy(bytes, count) == 0;
}
