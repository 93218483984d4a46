// SPDX-License-Identifier: ISC
/* What a device cannot reach, and how it ends. */
#include <inttypes.h>
#include <stdlib.h>

#include "edu_board.h"
#include "edu_words.h"

#define PROBE   4u /* bytes aimed elsewhere: one fault */
#define LOW     0x80000u
#define FAR     (1ull << 30) /* from our windows: they lie side by side */
#define OUTSIDE 0xc3         /* what memory holds that a device must not reach */

static uint8_t ram[PAGE] __attribute__((aligned(PAGE)));

/* ---- out of bounds ---- */

/* Where to aim, and in *memory what lies there, if it is ours. */
static uint64_t aim(struct job *job, uint8_t **memory)
{
    const struct unit *unit = &job->unit[0];

    *memory = NULL;
    if (strcmp(job->argument, "unmapped") == 0)
        return unit->edu.pci.info.dma_iova + FAR;
    if (strcmp(job->argument, "low") == 0)
        return LOW;
    if (strcmp(job->argument, "other") == 0 && job->units == 2) {
        *memory = job->unit[1].target;
        return iova(&job->unit[1], *memory);
    }
    if (strcmp(job->argument, "ram") == 0) {
        *memory = ram;
        return (uintptr_t)ram;
    }
    return strtoull(job->argument, NULL, 0);
}

/* edu0 neither writes there nor learns what is there; what is its own stays as it was as well. */
void do_blocked(struct job *job, struct unit *unit)
{
    uint8_t *memory;
    uint64_t address = aim(job, &memory);

    if (unit != &job->unit[0])
        return;
    EXPECT(address != 0);
    if (memory != NULL)
        memset(memory, OUTSIDE, PAGE);
    memset(unit->source, EDU_BOARD_FILL, PAGE);
    memset(unit->target, 0, PAGE);
    fetch(unit, iova(unit, unit->source), 0, PAGE);
    store(unit, address, 0, PROBE);
    EXPECT(memory == NULL || all(memory, PAGE, OUTSIDE));
    EXPECT(all(unit->target, PAGE, 0) && all(unit->source, PAGE, EDU_BOARD_FILL));
    fetch(unit, address, 0, PROBE);
    store(unit, iova(unit, unit->target), 0, PROBE);
    EXPECT(memory == NULL || memchr(unit->target, OUTSIDE, PROBE) == NULL);
    printf("edu0 blocked: %s at %#" PRIx64 "\n", job->argument, address);
}

void do_still(struct job *job, struct unit *unit)
{
    (void)job;
    EXPECT(!unit->edu.pci.info.bus_master_enable);
    EXPECT((pci_config_read32(&unit->edu.pci, 4) & 4) == 0);
    fill(unit->source, 77);
    fill(unit->target, 177);
    fetch(unit, iova(unit, unit->source), 0, PAGE);
    store(unit, iova(unit, unit->target), 0, PAGE);
    fill(unit->source, 177);
    EXPECT(memcmp(unit->source, unit->target, PAGE) == 0);
    printf("%s still: nothing moved\n", unit->edu.pci.name);
}

/* ---- until the end ---- */

/* Of which the compiler knows nothing. */
static uint8_t *volatile nowhere = (uint8_t *)8;

static void obey(uint32_t order)
{
    printf("order %" PRIu32 "\n", order);
    if (order == EDU_EXIT)
        solo5_exit(EDU_EXIT_STATUS);
    if (order == EDU_ABORT)
        solo5_abort();
    if (order == EDU_TRAP)
        *nowhere = 0;
}

/* Orders are obeyed while the device is about to write. */
void do_run(struct job *job, struct unit *unit)
{
    struct edu_board *board = (void *)unit->board;
    solo5_time_t start = solo5_clock_monotonic();

    (void)job;
    memset(unit->source, EDU_BOARD_FILL, PAGE);
    fetch(unit, iova(unit, unit->source), 0, PAGE);
    board->iova = iova(unit, unit->target);
    __atomic_store_n(&board->magic, EDU_BOARD_MAGIC, __ATOMIC_RELEASE);
    printf("edu0 works\n");
    while (solo5_clock_monotonic() - start < 120 * SECOND) {
        uint32_t order = __atomic_load_n(&board->order, __ATOMIC_ACQUIRE);

        EXPECT(edu_store(&unit->edu, board->iova, 0, EDU_TARGET_SIZE) == 0);
        if (order != EDU_GO_ON)
            obey(order);
        EXPECT(edu_wait(&unit->edu) == 0);
    }
    EXPECT(!"somebody gave an order");
}

void do_lost(struct job *job, struct unit *unit)
{
    uint32_t value;

    (void)job;
    settle(unit);
    EXPECT(!pci_is_lost(&unit->edu.pci));
    printf("%s works\n", unit->edu.pci.name);
    EXPECT(sleep_for(60 * SECOND) == 1ull << unit->edu.pci.info.handle);
    EXPECT(pci_is_lost(&unit->edu.pci));
    EXPECT(solo5_pci_config_read(unit->edu.pci.info.handle, 0, 4, &value) == SOLO5_R_EUNSPEC);
    EXPECT(sleep_for(QUIET) == 0);
    printf("%s is lost\n", unit->edu.pci.name);
}
