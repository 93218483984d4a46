/* SPDX-License-Identifier: ISC */
/*
 * What the CPU runs at ring 0 when the guest at ring 3 causes an exception: completes the frame that the CPU pushed to
 * {vector, error code, rip, cs, rflags, rsp, ss} and leaves to the tender, all registers untouched. Copied into a page of
 * the guest that only ring 0 reaches; the tender never comes back.
 */
#include "host/hvt/trap_port_x86_64.h"

    .section .rodata
    .globl trap_stubs
    .globl trap_stubs_end
    .balign TRAP_STUB_SIZE
trap_stubs:
    .set vector, 0
    .rept TRAP_VECTORS
    .balign TRAP_STUB_SIZE
    /* #DF, #TS, #NP, #SS, #GP, #PF, #AC, #CP, #VC, #SX push an error code (SDM volume 3, table 6-1; APM volume 2, 8.2). */
    .if vector != 8 && vector != 10 && vector != 11 && vector != 12 && vector != 13 && vector != 14 && vector != 17 && vector != 21 && vector != 29 && vector != 30
    push $0
    .endif
    push $vector
    out %eax, $TRAP_PORT
    ud2
    .set vector, vector + 1
    .endr
    .balign TRAP_STUB_SIZE
trap_stubs_end:

    .section .note.GNU-stack, "", @progbits
