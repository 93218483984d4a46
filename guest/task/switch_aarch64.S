/* SPDX-License-Identifier: ISC */
/* The frame that is stored here is described in fiber_aarch64.c. */
        .text

/* void fiber_swap(void **save, void *sp) */
        .globl  fiber_swap
        .type   fiber_swap, %function
fiber_swap:
        .cfi_startproc
        stp     x29, x30, [sp, #-176]!
        .cfi_def_cfa_offset 176
        .cfi_offset x29, -176
        .cfi_offset x30, -168
        stp     x19, x20, [sp, #16]
        stp     x21, x22, [sp, #32]
        stp     x23, x24, [sp, #48]
        stp     x25, x26, [sp, #64]
        stp     x27, x28, [sp, #80]
        stp     d8, d9, [sp, #96]
        stp     d10, d11, [sp, #112]
        stp     d12, d13, [sp, #128]
        stp     d14, d15, [sp, #144]
        mrs     x2, fpcr
        str     x2, [sp, #160]
        mov     x3, sp
        str     x3, [x0]
        mov     sp, x1
        ldr     x2, [sp, #160]
        msr     fpcr, x2
        ldp     d14, d15, [sp, #144]
        ldp     d12, d13, [sp, #128]
        ldp     d10, d11, [sp, #112]
        ldp     d8, d9, [sp, #96]
        ldp     x27, x28, [sp, #80]
        ldp     x25, x26, [sp, #64]
        ldp     x23, x24, [sp, #48]
        ldp     x21, x22, [sp, #32]
        ldp     x19, x20, [sp, #16]
        ldp     x29, x30, [sp], #176
        .cfi_restore x29
        .cfi_restore x30
        .cfi_def_cfa_offset 0
        ret
        .cfi_endproc
        .size   fiber_swap, . - fiber_swap

/* A new fiber's first instructions: x19(x20), which does not return. */
        .globl  fiber_entry
        .type   fiber_entry, %function
fiber_entry:
        .cfi_startproc
        .cfi_undefined x30
        mov     x0, x20
        blr     x19
        udf     #0
        .cfi_endproc
        .size   fiber_entry, . - fiber_entry

        .section .note.GNU-stack, "", %progbits
