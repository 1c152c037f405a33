/*
 * jump.c: setjmp and longjmp. Kept are the registers that a function keeps for its caller, and the stack
 * pointer. [Procedure call standards for the Arm 32-bit and 64-bit architectures, "Core registers", "SIMD
 * registers"]
 */
#include <setjmp.h>

#if defined(__aarch64__)
__asm__(".globl rt_setjmp\n"
        ".type rt_setjmp, %function\n"
        "rt_setjmp:\n"
        "  mov x2, sp\n"
        "  stp x19, x20, [x0]\n"
        "  stp x21, x22, [x0, #16]\n"
        "  stp x23, x24, [x0, #32]\n"
        "  stp x25, x26, [x0, #48]\n"
        "  stp x27, x28, [x0, #64]\n"
        "  stp x29, x30, [x0, #80]\n"
        "  stp x2, xzr, [x0, #96]\n"
        "  stp d8, d9, [x0, #112]\n"
        "  stp d10, d11, [x0, #128]\n"
        "  stp d12, d13, [x0, #144]\n"
        "  stp d14, d15, [x0, #160]\n"
        "  mov w0, #0\n"
        "  ret\n"
        ".globl rt_longjmp\n"
        ".type rt_longjmp, %function\n"
        "rt_longjmp:\n"
        "  ldp x19, x20, [x0]\n"
        "  ldp x21, x22, [x0, #16]\n"
        "  ldp x23, x24, [x0, #32]\n"
        "  ldp x25, x26, [x0, #48]\n"
        "  ldp x27, x28, [x0, #64]\n"
        "  ldp x29, x30, [x0, #80]\n"
        "  ldr x2, [x0, #96]\n"
        "  ldp d8, d9, [x0, #112]\n"
        "  ldp d10, d11, [x0, #128]\n"
        "  ldp d12, d13, [x0, #144]\n"
        "  ldp d14, d15, [x0, #160]\n"
        "  mov sp, x2\n"
        "  cmp w1, #0\n"
        "  csinc w0, w1, wzr, ne\n"
        "  ret\n");
#else
__asm__(".syntax unified\n"
        ".globl rt_setjmp\n"
        ".type rt_setjmp, %function\n"
#ifdef __thumb__
        ".thumb_func\n"
#endif
        "rt_setjmp:\n"
        "  mov r12, sp\n"
        "  stmia r0!, {r4-r12, lr}\n"
        "  vstmia r0, {d8-d15}\n"
        "  mov r0, #0\n"
        "  bx lr\n"
        ".globl rt_longjmp\n"
        ".type rt_longjmp, %function\n"
#ifdef __thumb__
        ".thumb_func\n"
#endif
        "rt_longjmp:\n"
        "  ldmia r0!, {r4-r12, lr}\n"
        "  vldmia r0, {d8-d15}\n"
        "  mov sp, r12\n"
        "  movs r0, r1\n"
        "  it eq\n"
        "  moveq r0, #1\n"
        "  bx lr\n");
#endif
