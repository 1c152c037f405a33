/* board.h: what the example asks of a board. start_*.c implements it with semihosting: a debugger, or qemu,
 * writes what the program says. A product would write to a serial port instead. */
#ifndef BOARD_H
#define BOARD_H

#include <stddef.h>
#include <stdint.h>

/* What the model's memory has room for; `smelt inspect` says what it needs: arena, cache, and some for the
 * text. */
enum { MEMORY_BYTES = 1 << 20 };

int main(void); /* its result is the program's exit code */

void board_write(const char *text, size_t bytes);
_Noreturn void board_exit(int code);

#endif
