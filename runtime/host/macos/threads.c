/* threads.c: POSIX threads as macOS lays them out. */
#include "host/host.h"

enum { SET_MASK = 3 }; /* signal.h */

/* pthread_attr_t */
typedef struct {
  long kind;
  char rest[56];
} thread_attributes;

int pthread_attr_init(thread_attributes *attributes);
int pthread_attr_setstacksize(thread_attributes *attributes, size_t bytes);
int pthread_attr_destroy(thread_attributes *attributes);
int pthread_create(void **thread, const thread_attributes *attributes, void *(*body)(void *), void *argument);
int pthread_join(void *thread, void **result);
int pthread_sigmask(int how, const uint32_t *set, uint32_t *before);

bool rt_host_thread_start(rt_host_thread *thread, void *(*body)(void *argument), void *argument,
                          size_t stack_bytes) {
  uint32_t all = UINT32_MAX, before; /* so that the program's own threads handle signals */
  thread_attributes attributes;
  void *handle;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_setstacksize(&attributes, stack_bytes);
  pthread_sigmask(SET_MASK, &all, &before);
  bool started = pthread_create(&handle, &attributes, body, argument) == 0;
  pthread_sigmask(SET_MASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  if (started) *thread = (rt_host_thread)handle;
  return started;
}

void rt_host_thread_join(rt_host_thread thread) {
  pthread_join((void *)thread, NULL);
}
