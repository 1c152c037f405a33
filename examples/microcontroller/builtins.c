/* builtins.c: what Linux's libgcc calls where something is divided by 0; a toolchain's for bare metal does
 * not. */
#include "board.h"

int raise(int signal);

int raise(int signal) {
  board_exit(signal);
}
