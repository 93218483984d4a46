/* SPDX-License-Identifier: ISC */
/* Shared by C and assembler: how an exception's stub tells the tender, and how the stubs lie. */
#ifndef PENSTOCK_HVT_TRAP_PORT_X86_64_H
#define PENSTOCK_HVT_TRAP_PORT_X86_64_H

#define TRAP_PORT      0xe0
#define TRAP_VECTORS   32
#define TRAP_STUB_SIZE 16

#endif
