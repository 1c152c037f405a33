/* terminal.c: WASI has lines and no keys, and nothing that interrupts. */
#include "host/host.h"

bool rt_host_terminal_has_keys(int input, int output) {
  (void)input, (void)output;
  return false;
}

int rt_host_terminal_columns(int output) {
  (void)output;
  return 0;
}

bool rt_host_terminal_take_keys(int input) {
  (void)input;
  return false;
}

void rt_host_terminal_give_back(void) {}

void rt_host_catch_interrupts(void) {}

bool rt_host_was_interrupted(void) {
  return false;
}

void rt_host_forget_interrupt(void) {}
