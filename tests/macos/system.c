/*
 * system.c: what a library for macOS asks of libSystem, done by musl: mostly the same functions, but for what
 * macOS numbers or lays out otherwise. [Apple, XNU's headers; "Writing ARM64 code for Apple platforms"]
 */
#define _GNU_SOURCE
#include "system.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

const char *system_library;

/* ---- numbers that differ ------------------------------------------------------- */

static void *map(void *address, size_t bytes, int protection, int flags, int file, long long offset) {
  enum { APPLE_PRIVATE = 2, APPLE_ANONYMOUS = 0x1000 };
  if ((flags & ~APPLE_ANONYMOUS) != APPLE_PRIVATE) return MAP_FAILED;
  return mmap(address, bytes, protection, MAP_PRIVATE | (flags & APPLE_ANONYMOUS ? MAP_ANONYMOUS : 0), file,
              offset);
}

/* The mode comes behind these, in its own way. */
static int open_file(const char *path, int flags) {
  enum { APPLE_CREATE = 0x200, APPLE_TRUNCATE = 0x400, APPLE_CLOSE_ON_EXEC = 0x1000000 };
  int same = flags & O_ACCMODE;
  if (flags & APPLE_CREATE) same |= O_CREAT;
  if (flags & APPLE_TRUNCATE) same |= O_TRUNC;
  if (flags & APPLE_CLOSE_ON_EXEC) same |= O_CLOEXEC;
  return open(path, same, 0666);
}

static int make_folder(const char *path, unsigned short mode) {
  return mkdir(path, mode);
}

static int advise(void *address, size_t bytes, int advice) {
  (void)address, (void)bytes, (void)advice;
  return 0;
}

static uint64_t nanoseconds(int clock) {
  struct timespec now;
  (void)clock;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* What Linux says that this processor has. */
static int read_number(const char *name, int *value, size_t *bytes, void *new_value, size_t new_bytes) {
  (void)new_value, (void)new_bytes;
  *value = 0;
  if (strcmp(name, "hw.logicalcpu") == 0) *value = 2;
#ifdef __aarch64__
  if (strcmp(name, "hw.optional.arm.FEAT_DotProd") == 0) *value = getauxval(AT_HWCAP) >> 20 & 1;
  if (strcmp(name, "hw.optional.arm.FEAT_I8MM") == 0) *value = getauxval(AT_HWCAP2) >> 13 & 1;
  if (strcmp(name, "hw.optional.arm.FEAT_BF16") == 0) *value = getauxval(AT_HWCAP2) >> 14 & 1;
#endif
  return *bytes == sizeof *value ? 0 : -1;
}

static int keep_signals(int how, const uint32_t *set, uint32_t *before) {
  (void)how, (void)set;
  if (before) *before = 0;
  return 0;
}

/* Whose function or image that is: there is one library. */
static int find_file(const void *address, const char **place) {
  (void)address;
  *place = system_library;
  return 1;
}

/* ---- what is laid out otherwise: one lock and one condition stand for all -------- */

static pthread_mutex_t the_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t the_change = PTHREAD_COND_INITIALIZER;

static int lock(void *mutex) {
  return *(long *)mutex == 0x32AAABA7 ? pthread_mutex_lock(&the_lock) : -1;
}

static int unlock(void *mutex) {
  (void)mutex;
  return pthread_mutex_unlock(&the_lock);
}

static int wait_for(void *condition, void *mutex) {
  (void)mutex;
  return *(long *)condition == 0x3CB0B1BB ? pthread_cond_wait(&the_change, &the_lock) : -1;
}

static int wake(void *condition) {
  (void)condition;
  return pthread_cond_broadcast(&the_change);
}

static void clear(void *memory, size_t bytes) {
  memset(memory, 0, bytes);
}

static void fill(char *memory, const char *pattern, size_t bytes) {
  for (size_t i = 0; i < bytes; i++) memory[i] = pattern[i % 16];
}

/* ---- arguments without number --------------------------------------------------- */

#ifdef __aarch64__
/* Apple passes all of them in memory, and a va_list is where the next one lies. */
int print_from(char *room, size_t bytes, const char *format, void *at);
int print_from(char *room, size_t bytes, const char *format, void *at) {
  va_list list = {.__stack = at};
  return vsnprintf(room, bytes, format, list);
}
int print_all(char *room, size_t bytes, const char *format, ...);
__asm__("print_all:\n"
        "  mov x3, sp\n"
        "  b print_from\n");
#else
#define print_from vsnprintf
#define print_all  snprintf
#endif

/* ---- names ------------------------------------------------------------------------ */

typedef void function(void);
#define SAME(name) {"_" #name, (function *)(name)}

static const struct {
  const char *name;
  function *does;
} functions[] = {
    SAME(access),
    SAME(aligned_alloc),
    SAME(calloc),
    SAME(close),
    SAME(free),
    SAME(fsync),
    SAME(getentropy),
    SAME(getenv),
    SAME(getpagesize),
    SAME(lseek),
    SAME(malloc),
    SAME(memchr),
    SAME(memcmp),
    SAME(memcpy),
    SAME(memmove),
    SAME(memset),
    SAME(munmap),
    SAME(pthread_attr_destroy),
    SAME(pthread_attr_init),
    SAME(pthread_attr_setstacksize),
    SAME(pthread_create),
    SAME(pthread_join),
    SAME(qsort),
    SAME(read),
    SAME(realloc),
    SAME(rename),
    SAME(strchr),
    SAME(strcmp),
    SAME(strcpy),
    SAME(strerror),
    SAME(strlen),
    SAME(strrchr),
    SAME(unlink),
    SAME(write),
    {"___error", (function *)__errno_location},
    {"___bzero", (function *)clear},
    {"_bzero", (function *)clear},
    {"__longjmp", (function *)longjmp},
    {"__setjmp", (function *)setjmp},
    {"_clock_gettime_nsec_np", (function *)nanoseconds},
    {"_dladdr", (function *)find_file},
    {"_madvise", (function *)advise},
    {"_memset_pattern16", (function *)fill},
    {"_mkdir", (function *)make_folder},
    {"_mmap", (function *)map},
    {"_open", (function *)open_file},
    {"_pthread_cond_broadcast", (function *)wake},
    {"_pthread_cond_wait", (function *)wait_for},
    {"_pthread_mutex_lock", (function *)lock},
    {"_pthread_mutex_unlock", (function *)unlock},
    {"_pthread_sigmask", (function *)keep_signals},
    {"_snprintf", (function *)print_all},
    {"_sysctlbyname", (function *)read_number},
    {"_vsnprintf", (function *)print_from},
};

void *system_function(const char *name) {
  for (size_t i = 0; i < sizeof functions / sizeof *functions; i++)
    if (strcmp(functions[i].name, name) == 0) return (void *)functions[i].does;
  return NULL;
}
