/* SPDX-License-Identifier: ISC */
/* The frame that is pushed here is described in fiber_x86_64.c. */
        .text

/* void fiber_swap(void **save, void *sp) */
        .globl  fiber_swap
        .type   fiber_swap, @function
fiber_swap:
        .cfi_startproc
        pushq   %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        subq    $8, %rsp
        .cfi_adjust_cfa_offset 56
        stmxcsr (%rsp)
        fnstcw  4(%rsp)
        movq    %rsp, (%rdi)
        movq    %rsi, %rsp
        ldmxcsr (%rsp)
        fldcw   4(%rsp)
        addq    $8, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        .cfi_adjust_cfa_offset -56
        ret
        .cfi_endproc
        .size   fiber_swap, . - fiber_swap

/* A new fiber's first instructions: r13(r12), which does not return. */
        .globl  fiber_entry
        .type   fiber_entry, @function
fiber_entry:
        .cfi_startproc
        .cfi_undefined rip
        movq    %r12, %rdi
        callq   *%r13
        ud2
        .cfi_endproc
        .size   fiber_entry, . - fiber_entry

        .section .note.GNU-stack, "", @progbits
