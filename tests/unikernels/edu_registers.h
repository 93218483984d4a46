// SPDX-License-Identifier: ISC
/* Registers of QEMU's edu device (docs/specs/edu.rst in QEMU's source), all in BAR 0. */
#ifndef TESTS_UNIKERNELS_EDU_REGISTERS_H
#define TESTS_UNIKERNELS_EDU_REGISTERS_H

#define EDU_VENDOR 0x1234u
#define EDU_DEVICE 0x11e8u

/* 32 bits wide. */
enum {
    EDU_ID = 0x00,
    EDU_LIVENESS = 0x04,
    EDU_FACTORIAL = 0x08,
    EDU_STATUS = 0x20,
    EDU_IRQ_STATUS = 0x24,
    EDU_IRQ_RAISE = 0x60,
    EDU_IRQ_ACKNOWLEDGE = 0x64,
};

/* 64 bits wide. They can be written while no transfer runs. */
enum {
    EDU_DMA_SOURCE = 0x80,
    EDU_DMA_DESTINATION = 0x88,
    EDU_DMA_COUNT = 0x90,
    EDU_DMA_COMMAND = 0x98,
};

#define EDU_ID_MASK  0x0000ffffu /* the rest is a version */
#define EDU_ID_VALUE 0x000000edu

enum { EDU_STATUS_COMPUTING = 0x01 };
enum { EDU_DMA_RUN = 0x1, EDU_DMA_TO_MEMORY = 0x2, EDU_DMA_INTERRUPT = 0x4 };

/* What EDU_DMA_SOURCE and EDU_DMA_DESTINATION call the device's own buffer, and its size in bytes.
 */
#define EDU_BUFFER      0x40000u
#define EDU_BUFFER_SIZE 4096u

#endif
