/* start_cortex_m.c: from reset to main on a Cortex-M with an FPU. [Armv7-M Architecture Reference Manual,
 * B1.5] */
#include "board.h"

extern uint32_t stack_top[], data_begin[], data_end[], data_source[], bss_begin[], bss_end[]; /* board.ld */

void reset(void);
void fault(void);

__attribute__((section(".vectors"), used)) static const struct {
  uint32_t *stack;
  void (*handlers[15])(void);
} vectors = {stack_top,
             {reset, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault, fault,
              fault, fault}};

enum { WRITE_CHARACTER = 0x03, EXIT_EXTENDED = 0x20, APPLICATION_EXIT = 0x20026 };

/* [Semihosting for AArch32 and AArch64, "The semihosting operations"] */
static void ask_host(uint32_t operation, const void *argument) {
  register uint32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("bkpt 0xab" : "+r"(r0) : "r"(r1) : "memory");
}

void board_write(const char *text, size_t bytes) {
  for (; bytes; bytes--, text++) ask_host(WRITE_CHARACTER, text);
}

_Noreturn void board_exit(int code) {
  uint32_t reason[] = {APPLICATION_EXIT, (uint32_t)code};
  ask_host(EXIT_EXTENDED, reason);
  for (;;) continue;
}

void fault(void) {
  board_exit(100);
}

void reset(void) {
  volatile uint32_t *access = (volatile uint32_t *)0xe000ed88;
  *access |= 0xf << 20; /* CPACR: coprocessors 10 and 11, the FPU */
  __asm__ volatile("dsb\n isb");
  const uint32_t *source = data_source;
  for (uint32_t *to = data_begin; to < data_end; to++) *to = *source++;
  for (uint32_t *to = bss_begin; to < bss_end; to++) *to = 0;
  board_exit(main());
}
