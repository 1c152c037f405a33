/* terminal.c: lines are edited by the console itself, which has its own history; keys are not read one by
 * one. */
#include "host/host.h"

#include <io.h>
#include <windows.h>

bool rt_host_terminal_has_keys(int input, int output) {
  (void)input, (void)output;
  return false;
}

int rt_host_terminal_columns(int output) {
  CONSOLE_SCREEN_BUFFER_INFO info;
  if (!GetConsoleScreenBufferInfo((HANDLE)_get_osfhandle(output), &info)) return 0;
  return info.srWindow.Right - info.srWindow.Left + 1;
}

bool rt_host_terminal_take_keys(int input) {
  (void)input;
  return false;
}

void rt_host_terminal_give_back(void) {}
