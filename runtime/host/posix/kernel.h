/*
 * kernel.h: calls with an off_t. musl's has 64 bits on every machine; glibc's has 32 on those of 32 bits,
 * under the same names. A library is linked with either, so that there the kernel itself is asked.
 */
#ifndef RT_POSIX_KERNEL_H
#define RT_POSIX_KERNEL_H

#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* mmap from the file's beginning on. */
static inline void *kernel_map(void *address, size_t bytes, int protection, int flags, int file) {
#ifdef SYS_mmap2
  return (void *)syscall(SYS_mmap2, address, bytes, protection, flags, file, 0L);
#else
  return mmap(address, bytes, protection, flags, file, 0);
#endif
}

/* lseek by 0. */
static inline int64_t kernel_seek(int file, int whence) {
#ifdef SYS__llseek
  int64_t place;
  return syscall(SYS__llseek, file, 0L, 0L, &place, whence) == 0 ? place : -1;
#else
  return lseek(file, 0, whence);
#endif
}

#endif
