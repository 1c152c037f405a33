/* interrupts.c: the signal that Ctrl-C sends. */
#define _GNU_SOURCE
#include "host/host.h"

#include <signal.h>

static volatile sig_atomic_t was_interrupted;

static void on_interrupt(int signal) {
  (void)signal;
  was_interrupted = 1;
}

void rt_host_catch_interrupts(void) {
  struct sigaction action = {.sa_handler = on_interrupt};
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, NULL);
}

bool rt_host_was_interrupted(void) {
  return was_interrupted;
}

void rt_host_forget_interrupt(void) {
  was_interrupted = 0;
}
