// SPDX-License-Identifier: ISC
/* What a device can be told to do. */
#include <inttypes.h>
#include <stdlib.h>

#include "edu_words.h"

/* ---- registers ---- */

void do_registers(struct job *job, struct unit *unit)
{
    static const uint32_t factorials[][2] = {{0, 1}, {1, 1}, {10, 3628800}, {12, 479001600}};
    uint32_t result;

    (void)job;
    EXPECT(edu_invert(&unit->edu, 0x12345678) == ~0x12345678u);
    EXPECT(edu_invert(&unit->edu, 0) == UINT32_MAX);
    for (unsigned i = 0; i < sizeof(factorials) / sizeof(factorials[0]); i++) {
        EXPECT(edu_factorial(&unit->edu, factorials[i][0], &result) == 0);
        EXPECT(result == factorials[i][1]);
    }
    EXPECT(pci_config_read32(&unit->edu.pci, 0) == (EDU_DEVICE << 16 | EDU_VENDOR));
    printf("%s registers: id %#" PRIx32 "\n", unit->edu.pci.name, edu_id(&unit->edu));
}

/* ---- DMA ---- */

static void there_and_back(const struct unit *unit, uint32_t offset, uint32_t size)
{
    memset(unit->target, 0, PAGE);
    fetch(unit, iova(unit, unit->source) + offset, offset, size);
    store(unit, iova(unit, unit->target) + offset, offset, size);
    EXPECT(memcmp(unit->source + offset, unit->target + offset, size) == 0);
    EXPECT(all(unit->target, offset, 0));
    EXPECT(all(unit->target + offset + size, PAGE - offset - size, 0));
}

void do_dma(struct job *job, struct unit *unit)
{
    (void)job;
    EXPECT(edu_fetch(&unit->edu, 0, 1, EDU_BUFFER_SIZE) < 0);
    EXPECT(edu_store(&unit->edu, 0, UINT32_MAX, 2) < 0);
    fill(unit->source, 1);
    there_and_back(unit, 0, PAGE);
    fill(unit->source, 2);
    there_and_back(unit, 1001, 98);
    printf("%s dma: both ways at %#" PRIx64 "\n", unit->edu.pci.name, iova(unit, unit->target));
}

/* ---- interrupts ---- */

/* The reasons for which the device wakes us. An interrupt of the kind that stays until it is
 * acknowledged (INTx) may wake us once more, for nothing. */
static uint32_t next_reasons(const struct unit *unit, unsigned *idle)
{
    uint32_t reasons = 0;

    while (reasons == 0) {
        EXPECT(sleep_for(30 * SECOND) == 1ull << unit->edu.pci.info.handle);
        reasons = edu_reasons(&unit->edu);
        *idle += reasons == 0;
    }
    return reasons;
}

static void nothing_more(const struct unit *unit, unsigned *idle)
{
    while (sleep_for(QUIET) != 0) {
        EXPECT(edu_reasons(&unit->edu) == 0);
        ++*idle;
    }
}

void do_irq(struct job *job, struct unit *unit)
{
    unsigned long count = strtoul(job->argument, NULL, 0);
    unsigned idle = 0;

    EXPECT(unit->edu.pci.info.irq_vectors > 0 && count > 0);
    settle(unit);
    for (uint32_t i = 1; i <= count; i++) {
        edu_raise(&unit->edu, i);
        EXPECT(next_reasons(unit, &idle) == i);
    }
    nothing_more(unit, &idle);
    printf("%s irq: %lu raised, %lu came, %u for nothing\n", unit->edu.pci.name, count, count,
           idle);
    /* Those that come while nobody waits are not lost either. */
    for (uint32_t i = 0; i < 8; i++)
        edu_raise(&unit->edu, 1u << i);
    EXPECT(next_reasons(unit, &idle) == 0xff);
    nothing_more(unit, &idle);
    /* One that comes to a sleeper, from the end of a transfer. */
    EXPECT(edu_fetch(&unit->edu, iova(unit, unit->source), 0, PAGE) == 0);
    EXPECT(next_reasons(unit, &idle) == EDU_TRANSFER_DONE);
    nothing_more(unit, &idle);
}

/* ---- two ---- */

/* Both move at once, and each wakes us with a bit of its own. */
static void at_once(struct job *job)
{
    solo5_handle_set_t both = 0, seen = 0;

    for (unsigned i = 0; i < 2; i++)
        settle(&job->unit[i]);
    for (unsigned i = 0; i < 2; i++) {
        struct unit *unit = &job->unit[i];

        both |= 1ull << unit->edu.pci.info.handle;
        EXPECT(edu_store(&unit->edu, iova(unit, unit->target), 0, PAGE) == 0);
    }
    while (seen != both) {
        solo5_handle_set_t ready = sleep_for(30 * SECOND);

        EXPECT(ready != 0 && (ready & ~both) == 0);
        seen |= ready;
    }
    for (unsigned i = 0; i < 2; i++) {
        EXPECT(edu_reasons(&job->unit[i].edu) == EDU_TRANSFER_DONE);
        EXPECT(memcmp(job->unit[i].source, job->unit[i].target, PAGE) == 0);
    }
}

void do_pair(struct job *job, struct unit *unit)
{
    const uint64_t shared = (uintptr_t)job->shared;

    if (unit != &job->unit[0])
        return;
    EXPECT(job->units == 2 && job->shared != NULL);
    for (unsigned i = 0; i < 2; i++) {
        fill(job->unit[i].source, 10 + i);
        memset(job->unit[i].target, 0, PAGE);
        fetch(&job->unit[i], iova(&job->unit[i], job->unit[i].source), 0, PAGE);
    }
    at_once(job);
    store(&job->unit[0], shared, 0, PAGE);
    fetch(&job->unit[1], shared, 0, PAGE);
    store(&job->unit[1], iova(&job->unit[1], job->unit[1].target), 0, PAGE);
    EXPECT(memcmp(job->unit[0].source, job->unit[1].target, PAGE) == 0);
    printf("pair: both at once, and from one to the other at %#" PRIx64 "\n", shared);
}
