/* threads.c: POSIX threads. */
#define _GNU_SOURCE
#include "host/host.h"

#include <pthread.h>
#include <signal.h>

bool rt_host_thread_start(rt_host_thread *thread, void *(*body)(void *argument), void *argument,
                          size_t stack_bytes) {
  sigset_t all, before;
  union {
    pthread_attr_t attributes;
    char room[2 *
              sizeof(pthread_attr_t)]; /* compiled for musl, linked with glibc, whose attributes are larger */
  } of_thread;
  pthread_t handle;
  if (pthread_attr_init(&of_thread.attributes) != 0) return false;
  pthread_attr_setstacksize(&of_thread.attributes, stack_bytes);
  sigfillset(&all); /* so that the program's own threads handle them */
  pthread_sigmask(SIG_SETMASK, &all, &before);
  bool started = pthread_create(&handle, &of_thread.attributes, body, argument) == 0;
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&of_thread.attributes);
  if (started) *thread = (rt_host_thread)handle;
  return started;
}

void rt_host_thread_join(rt_host_thread thread) {
  pthread_join((pthread_t)thread, NULL);
}
