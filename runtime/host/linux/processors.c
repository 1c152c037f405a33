/*
 * processors.c: how many threads are worth having. In a container the affinity
 * mask names all processors of the machine while the cgroup's quota gives a few
 * of them, so both are asked.
 */
#define _GNU_SOURCE
#include "host/host.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

static int32_t affinity_count(void) {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
  long online = sysconf(_SC_NPROCESSORS_ONLN);
  return online > 0 && online < INT32_MAX ? (int32_t)online : 1;
}

/* cpu.max of cgroup v2 is "QUOTA PERIOD" in microseconds, or "max PERIOD". Returns INT32_MAX for no quota. */
static int32_t quota_count(void) {
  char text[64];
  int file = rt_host_open("/sys/fs/cgroup/cpu.max");
  if (file < 0) return INT32_MAX;
  ssize_t bytes = read(file, text, sizeof text - 1);
  close(file);
  if (bytes <= 0) return INT32_MAX;
  text[bytes] = 0;
  char *end;
  long quota_us = strtol(text, &end, 10);
  if (end == text) return INT32_MAX;
  long period_us = strtol(end, NULL, 10);
  if (quota_us <= 0 || period_us <= 0) return INT32_MAX;
  long whole = quota_us / period_us + (quota_us % period_us != 0);
  return whole < INT32_MAX ? (int32_t)whole : INT32_MAX;
}

void rt_processor_pin(int32_t index) {
  cpu_set_t all, one;
  if (sched_getaffinity(0, sizeof all, &all) != 0 || CPU_COUNT(&all) == 0) return;
  int32_t left = index % CPU_COUNT(&all);
  size_t processor = 0;
  while (!CPU_ISSET(processor, &all) || left-- > 0) processor++;
  CPU_ZERO(&one);
  CPU_SET(processor, &one);
  sched_setaffinity(0, sizeof one, &one);
}

int32_t rt_processor_here(void) {
  return sched_getcpu();
}

void rt_processor_leave(const int32_t *taken, int32_t count) {
  cpu_set_t all, left;
  if (sched_getaffinity(0, sizeof all, &all) != 0) return;
  left = all;
  for (int32_t i = 0; i < count; i++) {
    int32_t processor = __atomic_load_n(&taken[i], __ATOMIC_RELAXED);
    if (processor >= 0 && processor < CPU_SETSIZE) CPU_CLR(processor, &left);
  }
  if (CPU_COUNT(&left) == 0) return;
  sched_setaffinity(0, sizeof left, &left); /* moves it now */
  sched_setaffinity(0, sizeof all, &all);
}

int32_t rt_processor_count(void) {
  int32_t affinity = affinity_count(), quota = quota_count();
  int32_t count = affinity < quota ? affinity : quota;
  return count > 1 ? count : 1;
}
