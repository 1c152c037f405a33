/* terminal.c: a terminal in raw mode, and out of it again whatever ends the program. */
#define _GNU_SOURCE
#include "host/host.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

bool rt_host_terminal_has_keys(int input, int output) {
  const char *kind = getenv("TERM");
  return isatty(input) && isatty(output) && kind && *kind && strcmp(kind, "dumb") != 0;
}

int rt_host_terminal_columns(int output) {
  struct winsize size;
  return ioctl(output, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* ---- signals that end the program while the terminal is in raw mode ------------------------------------ */

static const int ending_signals[] = {SIGTERM, SIGHUP, SIGQUIT};
enum { ENDING_SIGNALS = sizeof ending_signals / sizeof ending_signals[0] };

static struct termios usual_terminal; /* of `raw_input`, as the signals' handler gives it back */
static int raw_input;

static void end_by(int signal) {
  tcsetattr(raw_input, TCSANOW, &usual_terminal);
  raise(signal); /* which now does what it always does */
}

/* Signals that are handled by `from`, and no others, are handled by `to` now. */
static void change_handlers(void (*from)(int), void (*to)(int), int flags) {
  for (int i = 0; i < ENDING_SIGNALS; i++) {
    struct sigaction action = {.sa_handler = to, .sa_flags = flags}, old;
    sigemptyset(&action.sa_mask);
    if (sigaction(ending_signals[i], NULL, &old) == 0 && old.sa_handler == from)
      sigaction(ending_signals[i], &action, NULL);
  }
}

/* ---- raw mode --------------------------------------------------------------------------------------------
 */

bool rt_host_terminal_take_keys(int input) {
  if (tcgetattr(input, &usual_terminal) != 0) return false;
  struct termios raw = usual_terminal;
  raw.c_iflag &= ~(tcflag_t)(ICRNL | IXON | BRKINT | INPCK | ISTRIP);
  raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  raw_input = input;
  change_handlers(SIG_DFL, end_by, (int)SA_RESETHAND);
  bool is_set = tcsetattr(input, TCSADRAIN, &raw) == 0;
  if (!is_set) change_handlers(end_by, SIG_DFL, 0);
  return is_set;
}

void rt_host_terminal_give_back(void) {
  tcsetattr(raw_input, TCSADRAIN, &usual_terminal);
  change_handlers(end_by, SIG_DFL, 0);
}
