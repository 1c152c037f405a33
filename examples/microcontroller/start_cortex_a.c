/*
 * start_cortex_a.c: from reset to main on a 32-bit Cortex-A: stack, FPU, and an MMU that maps each address to
 * itself. [Arm Architecture Reference Manual for Armv7-A, B3.5]
 */
#include "board.h"

extern uint32_t bss_begin[], bss_end[]; /* virt.ld */

void start(void);

__asm__(".syntax unified\n"
        ".arm\n"
        ".section .start, \"ax\"\n"
        ".globl reset\n"
        ".type reset, %function\n"
        "reset:\n"
        "  ldr sp, =stack_top\n"
        "  mrc p15, 0, r0, c1, c0, 2\n"
        "  orr r0, r0, #(0xf << 20)\n" /* CPACR: coprocessors 10 and 11 */
        "  mcr p15, 0, r0, c1, c0, 2\n"
        "  isb\n"
        "  mov r0, #(1 << 30)\n" /* FPEXC.EN */
        "  vmsr fpexc, r0\n"
        "  bl start\n"
        ".text\n");

enum { WRITE_CHARACTER = 0x03, EXIT_EXTENDED = 0x20, APPLICATION_EXIT = 0x20026 };

/* [Semihosting for AArch32 and AArch64, "The semihosting operations"] */
__attribute__((target("arm"), noinline)) static void ask_host(uint32_t operation, const void *argument) {
  register uint32_t r0 __asm__("r0") = operation;
  register const void *r1 __asm__("r1") = argument;
  __asm__ volatile("svc 0x123456" : "+r"(r0) : "r"(r1) : "memory", "lr");
}

void board_write(const char *text, size_t bytes) {
  for (; bytes; bytes--, text++) ask_host(WRITE_CHARACTER, text);
}

_Noreturn void board_exit(int code) {
  uint32_t reason[] = {APPLICATION_EXIT, (uint32_t)code};
  ask_host(EXIT_EXTENDED, reason);
  for (;;) continue;
}

/* Sections of 1 MiB: devices below 1 GiB, memory above. */
static void start_mmu(void) {
  enum { SECTION = 2, ANY_ACCESS = 3 << 10, MEMORY = 1 << 12 | 3 << 2, DEVICE = 1 << 2 };
  static _Alignas(16384) uint32_t table[4096];
  for (uint32_t mib = 0; mib < 4096; mib++)
    table[mib] = mib << 20 | SECTION | ANY_ACCESS | (mib < 1024 ? DEVICE : MEMORY);
  uint32_t control;
  __asm__ volatile("mcr p15, 0, %0, c2, c0, 0\n" /* TTBR0 */
                   "mcr p15, 0, %1, c2, c0, 2\n" /* TTBCR */
                   "mcr p15, 0, %2, c3, c0, 0\n" /* DACR: no domain is checked */
                   "mcr p15, 0, %1, c8, c7, 0\n" /* TLBs are empty */
                   "dsb\n isb\n"
                   :
                   : "r"(table), "r"(0), "r"(0xffffffff)
                   : "memory");
  __asm__ volatile("mrc p15, 0, %0, c1, c0, 0" : "=r"(control));
  control |= 1 << 0 | 1 << 2 | 1 << 12; /* MMU, caches */
  __asm__ volatile("mcr p15, 0, %0, c1, c0, 0\n dsb\n isb" : : "r"(control) : "memory");
}

void start(void) {
  for (uint32_t *to = bss_begin; to < bss_end; to++) *to = 0;
  start_mmu();
  board_exit(main());
}
