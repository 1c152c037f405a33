/*
 * stack.c: what compilers call before they use more than a page of stack: it touches each page in turn, since
 * Windows adds a page when the one above it is touched. rax is the number of bytes; no register changes.
 */
__asm__(".globl ___chkstk_ms\n"
        "___chkstk_ms:\n"
        "  push %rcx\n"
        "  push %rax\n"
        "  lea 24(%rsp), %rcx\n"
        "1:\n"
        "  cmp $0x1000, %rax\n"
        "  jb 2f\n"
        "  sub $0x1000, %rcx\n"
        "  orq $0, (%rcx)\n"
        "  sub $0x1000, %rax\n"
        "  jmp 1b\n"
        "2:\n"
        "  sub %rax, %rcx\n"
        "  orq $0, (%rcx)\n"
        "  pop %rax\n"
        "  pop %rcx\n"
        "  ret\n");
