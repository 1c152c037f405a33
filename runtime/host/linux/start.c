/*
 * start.c: where a program begins. It lies where the system put it, so addresses in its data have to be
 * moved there first; their places are packed (DT_RELR: a word with a place, then words with a bit for each of
 * the places behind it), eight bytes in all where a table has 24 each. Then the C library takes over.
 * Until then nothing may be read that is such an address: all names here are hidden.
 */
#include <link.h>
#include <stddef.h>
#include <stdint.h>

/* The C library's <elf.h> may be older. */
enum { RELR_TABLE = 36, RELR_BYTES = 35, WORD_BITS = 8 * sizeof(uintptr_t) };

#pragma GCC visibility push(hidden)
extern const char __ehdr_start[]; /* the file's first byte, whose address in the file is 0 */
extern const ElfW(Dyn) _DYNAMIC[];
int main(int argc, char **argv);
int __libc_start_main(int (*entry)(int, char **), int argc, char **argv, void (*unused_begin)(void),
                      void (*unused_end)(void), void (*unused_loader)(void));
void rt_host_start(intptr_t *stack);
#pragma GCC visibility pop

/* The word that the kernel left the stack pointer at is the first argument; the stack is aligned for a call.
 */
#if defined(__x86_64__)
__asm__(".text; .global _start; .type _start, %function; _start:"
        "xor %ebp, %ebp; mov %rsp, %rdi; and $-16, %rsp; call rt_host_start");
#elif defined(__aarch64__)
__asm__(".text; .global _start; .type _start, %function; _start:"
        "mov x29, 0; mov x30, 0; mov x0, sp; and sp, x0, -16; b rt_host_start");
#elif defined(__arm__)
__asm__(".text; .arm; .global _start; .type _start, %function; _start:"
        "mov fp, #0; mov lr, #0; mov r0, sp; bic r1, sp, #15; mov sp, r1; bl rt_host_start");
#else
__asm__(".text; .global _start; .type _start, %function; .weak __global_pointer$; _start:"
        ".option push; .option norelax; lla gp, __global_pointer$; .option pop;"
        "mv a0, sp; andi sp, sp, -16; tail rt_host_start");
#endif

static void move_addresses(uintptr_t base) {
  const uintptr_t *table = NULL;
  uintptr_t bytes = 0, *place = NULL;
  for (const ElfW(Dyn) *row = _DYNAMIC; row->d_tag != DT_NULL; row++) {
    if (row->d_tag == RELR_TABLE) table = (const uintptr_t *)(base + row->d_un.d_ptr);
    if (row->d_tag == RELR_BYTES) bytes = row->d_un.d_val;
  }
  for (const uintptr_t *word = table; bytes; word++, bytes -= sizeof *word) {
    if (*word & 1) {
      for (uintptr_t bits = *word >> 1, i = 0; bits; bits >>= 1, i++)
        if (bits & 1) place[i] += base;
      place += WORD_BITS - 1;
    } else {
      place = (uintptr_t *)(base + *word);
      *place++ += base;
    }
  }
}

void rt_host_start(intptr_t *stack) {
  move_addresses((uintptr_t)__ehdr_start);
  __libc_start_main(main, (int)*stack, (char **)(stack + 1), NULL, NULL, NULL);
}
