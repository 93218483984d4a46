/* SPDX-License-Identifier: ISC */
/*
 * Entry: %rdi = boot info, %rsi = extension block or 0 (abi/hvt.h). The stack that the tender chose is at the top of
 * RAM; ours stands above a read-only segment instead (unikernel.ld), so that it cannot silently grow into the heap.
 */
    .section .text.start, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    cld
    leaq _stack_top(%rip), %rsp
    xorl %ebp, %ebp
    call hvt_start
    ud2
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
