/*
 * interrupts.c: the signals that would end this process, held back while a
 * half-written file has a name. Ones that are ignored (nohup) stay so.
 */
#define _POSIX_C_SOURCE 200809L
#include "link/stage.h"

static const int interrupting[] = {SIGINT, SIGTERM, SIGHUP};
enum { INTERRUPTING_COUNT = sizeof interrupting / sizeof *interrupting };

static sigset_t would_end_us(void) {
  sigset_t set;
  sigemptyset(&set);
  for (size_t i = 0; i < INTERRUPTING_COUNT; i++) {
    struct sigaction action;
    if (sigaction(interrupting[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
      sigaddset(&set, interrupting[i]);
  }
  return set;
}

void interrupts_hold(held_interrupts *held) {
  held->signals = would_end_us();
  held->active = pthread_sigmask(SIG_BLOCK, &held->signals, &held->before) == 0;
}

bool interrupts_came(const held_interrupts *held) {
  sigset_t pending;
  sigpending(&pending);
  for (size_t i = 0; i < INTERRUPTING_COUNT; i++)
    if (sigismember(&held->signals, interrupting[i]) && sigismember(&pending, interrupting[i])) return true;
  return false;
}

void interrupts_release(held_interrupts *held) {
  if (held->active) pthread_sigmask(SIG_SETMASK, &held->before, NULL);
  held->active = false;
}

void link_ignore_interrupts(void) {
  for (size_t i = 0; i < INTERRUPTING_COUNT; i++) signal(interrupting[i], SIG_IGN);
}
