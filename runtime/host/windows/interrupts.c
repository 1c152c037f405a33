/* interrupts.c: Ctrl-C, which Windows tells on a thread of its own. */
#include "host/host.h"

#include <stdatomic.h>
#include <windows.h>

static atomic_bool was_interrupted;

static BOOL WINAPI on_event(DWORD event) {
  if (event != CTRL_C_EVENT) return FALSE;
  atomic_store(&was_interrupted, true);
  return TRUE;
}

void rt_host_catch_interrupts(void) {
  SetConsoleCtrlHandler(on_event, TRUE);
}

bool rt_host_was_interrupted(void) {
  return atomic_load(&was_interrupted);
}

void rt_host_forget_interrupt(void) {
  atomic_store(&was_interrupted, false);
}
