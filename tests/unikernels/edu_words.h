// SPDX-License-Identifier: ISC
/* The parts of the unikernel `edu`: what they share (edu.c), and the words of its command line. */
#ifndef TESTS_UNIKERNELS_EDU_WORDS_H
#define TESTS_UNIKERNELS_EDU_WORDS_H

#include "edu_device.h"
#include "edu_registers.h"
#include "expect.h"

#define SECOND 1000000000ull
#define PAGE   4096u
#define QUIET  (SECOND / 20)

struct unit {
    struct edu edu;
    uint8_t *board;  /* one page each: the window's first, */
    uint8_t *target; /* second */
    uint8_t *source; /* and third */
};

struct job {
    struct unit unit[2];
    unsigned units;
    uint8_t *shared; /* NULL: there is none */
    const char *argument;
};

uint64_t iova(const struct unit *unit, const void *p);

/* A pattern of a page. */
void fill(uint8_t *page, unsigned seed);

/* Whether all bytes have this value. */
bool all(const uint8_t *bytes, size_t size, uint8_t value);

/* Whole transfers: memory to device, and back. */
void fetch(const struct unit *unit, uint64_t from, uint32_t offset, uint32_t size);
void store(const struct unit *unit, uint64_t to, uint32_t offset, uint32_t size);

/* Who woke us before that time had passed. */
solo5_handle_set_t sleep_for(solo5_time_t time);

/* Returns when no interrupt is on its way any more. */
void settle(const struct unit *unit);

/* ---- the words; each ends the unikernel if something is not as it should be ---- */

/* edu_works.c */
void do_registers(struct job *job, struct unit *unit);
void do_dma(struct job *job, struct unit *unit);
void do_irq(struct job *job, struct unit *unit);
void do_pair(struct job *job, struct unit *unit);

/* edu_limits.c */
void do_blocked(struct job *job, struct unit *unit);
void do_still(struct job *job, struct unit *unit);
void do_lost(struct job *job, struct unit *unit);
void do_run(struct job *job, struct unit *unit);

#endif
