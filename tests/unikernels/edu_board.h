// SPDX-License-Identifier: ISC
/*
 * Between the unikernel `edu` and whoever looks on from outside (tests/lab/pc_tools/edu_witness.c):
 * the first pages of edu0's own DMA window.
 */
#ifndef TESTS_UNIKERNELS_EDU_BOARD_H
#define TESTS_UNIKERNELS_EDU_BOARD_H

#include <stdint.h>

#define EDU_BOARD_MAGIC 0x0ed0b0a4u
#define EDU_BOARD_FILL  0x5a /* each byte that the device writes */

enum edu_order { EDU_GO_ON = 0, EDU_EXIT, EDU_ABORT, EDU_TRAP };

#define EDU_EXIT_STATUS 7 /* of EDU_EXIT */

struct edu_board {
    uint32_t magic; /* written last */
    uint32_t order; /* of the witness: enum edu_order */
    uint64_t iova;  /* where the device writes EDU_TARGET_SIZE bytes, again and again */
};

#define EDU_TARGET_OFFSET 4096u /* bytes from the window's start */
#define EDU_TARGET_SIZE   4096u

#endif
