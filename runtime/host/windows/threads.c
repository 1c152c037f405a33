/* threads.c: Windows' threads. */
#include "host/host.h"

#include <stdlib.h>
#include <windows.h>

typedef struct {
  void *(*body)(void *argument);
  void *argument;
} work;

static DWORD WINAPI do_work(void *given) {
  work w = *(work *)given;
  free(given);
  w.body(w.argument);
  return 0;
}

bool rt_host_thread_start(rt_host_thread *thread, void *(*body)(void *argument), void *argument,
                          size_t stack_bytes) {
  work *w = malloc(sizeof *w);
  if (!w) return false;
  *w = (work){body, argument};
  HANDLE handle = CreateThread(NULL, stack_bytes, do_work, w, STACK_SIZE_PARAM_IS_A_RESERVATION, NULL);
  if (!handle) free(w);
  *thread = (rt_host_thread)handle;
  return handle != NULL;
}

void rt_host_thread_join(rt_host_thread thread) {
  WaitForSingleObject((HANDLE)thread, INFINITE);
  CloseHandle((HANDLE)thread);
}
