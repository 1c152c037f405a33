/*
 * weights_file.c: a file's bytes are read into the module's memory. A module does not know where it lies:
 * hosts give its name as the first argument. It has no user, and so no folder to keep anything in, nor a
 * thread that would.
 */
#include "host/host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wasi/api.h>

int64_t rt_host_file_bytes(int file) {
  int64_t bytes = lseek(file, 0, SEEK_END);
  return bytes < 0 || lseek(file, 0, SEEK_SET) < 0 ? -1 : bytes;
}

uint8_t *rt_host_map_file(int file, uint64_t bytes) {
  enum { PART_BYTES = 16 << 20 };
  uint8_t *memory = rt_host_map(bytes);
  if (!memory) return errno = ENOMEM, NULL;
  bool is_whole = lseek(file, 0, SEEK_SET) == 0;
  for (uint64_t done = 0; is_whole && done < bytes;) {
    ssize_t count =
        read(file, memory + done, bytes - done < PART_BYTES ? (size_t)(bytes - done) : PART_BYTES);
    is_whole = count > 0;
    if (count == 0) errno = EIO; /* it has become shorter */
    if (count > 0) done += (uint64_t)count;
  }
  if (is_whole) return memory;
  rt_host_unmap(memory, bytes);
  return NULL;
}

bool rt_host_own_file(const void *address, char *path, size_t room) {
  (void)address;
  __wasi_size_t count, bytes;
  if (__wasi_args_sizes_get(&count, &bytes) || !count) return false;
  uint8_t **arguments = malloc(count * sizeof *arguments), *texts = malloc(bytes);
  bool found = arguments && texts && __wasi_args_get(arguments, texts) == 0;
  size_t length = found ? strlen((char *)arguments[0]) : 0;
  found = found && length < room;
  if (found) memcpy(path, arguments[0], length + 1);
  free(arguments);
  free(texts);
  return found;
}

bool rt_host_cache_folder(char *path, size_t room) {
  (void)path, (void)room;
  return false;
}

int rt_host_begin_file(const char *draft) {
  (void)draft;
  return -1;
}

bool rt_host_end_file(int file, const char *draft, const char *path, bool is_whole) {
  (void)file, (void)draft, (void)path, (void)is_whole;
  return false;
}

bool rt_host_thread_start(rt_host_thread *thread, void *(*body)(void *argument), void *argument,
                          size_t stack_bytes) {
  (void)thread, (void)body, (void)argument, (void)stack_bytes;
  return false;
}

void rt_host_thread_join(rt_host_thread thread) {
  (void)thread;
}
