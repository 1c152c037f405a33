/*
 * start_aarch64.c: from reset to main on a 64-bit Cortex-A: stack, FPU, and an MMU that maps each address to
 * itself, since without one memory may be read at aligned addresses only. [Arm Architecture Reference Manual,
 * D8]
 */
#include "board.h"

extern uint64_t bss_begin[], bss_end[]; /* virt.ld */

void start(void);

__asm__(".section .start, \"ax\"\n"
        ".globl reset\n"
        "reset:\n"
        "  ldr x0, =stack_top\n"
        "  mov sp, x0\n"
        "  mov x0, #(3 << 20)\n" /* CPACR_EL1.FPEN */
        "  msr cpacr_el1, x0\n"
        "  isb\n"
        "  bl start\n"
        ".text\n");

enum { WRITE_CHARACTER = 0x03, EXIT = 0x18, APPLICATION_EXIT = 0x20026 };

/* [Semihosting for AArch32 and AArch64, "The semihosting operations"] */
static void ask_host(uint64_t operation, const void *argument) {
  register uint64_t x0 __asm__("x0") = operation;
  register const void *x1 __asm__("x1") = argument;
  __asm__ volatile("hlt 0xf000" : "+r"(x0) : "r"(x1) : "memory");
}

void board_write(const char *text, size_t bytes) {
  for (; bytes; bytes--, text++) ask_host(WRITE_CHARACTER, text);
}

_Noreturn void board_exit(int code) {
  uint64_t reason[] = {APPLICATION_EXIT, (uint64_t)code};
  ask_host(EXIT, reason);
  for (;;) continue;
}

/* Four blocks of 1 GiB: devices in the first, memory in the others. */
static void start_mmu(void) {
  enum { BLOCK = 1, ACCESSED = 1 << 10, SHARED = 3 << 8, MEMORY = 0 << 2, DEVICE = 1 << 2 };
  static _Alignas(4096) uint64_t table[512];
  table[0] = BLOCK | ACCESSED | DEVICE;
  for (uint64_t gib = 1; gib < 4; gib++) table[gib] = gib << 30 | BLOCK | ACCESSED | SHARED | MEMORY;
  uint64_t control;
  __asm__ volatile("msr mair_el1, %0\n msr tcr_el1, %1\n msr ttbr0_el1, %2\n isb\n"
                   :
                   : "r"(0x00ffull), "r"(0x803519ull | 1ull << 32), "r"(table)
                   : "memory");
  __asm__ volatile("mrs %0, sctlr_el1" : "=r"(control));
  control |= 1 << 0 | 1 << 2 | 1 << 12; /* MMU, caches */
  __asm__ volatile("dsb sy\n msr sctlr_el1, %0\n isb" : : "r"(control) : "memory");
}

void start(void) {
  for (uint64_t *to = bss_begin; to < bss_end; to++) *to = 0;
  start_mmu();
  board_exit(main());
}
