// SPDX-License-Identifier: ISC
/*
 * Drives one or two `edu` devices (edu.json, edu_two.json, edu_still.json). The command line names
 * what to do, in this order, with each device that there is:
 *
 *   registers     identity, inversion, factorials
 *   dma           transfers both ways, compared
 *   irq=N         N interrupts, each of which wakes the sleeper once
 *   pair          both devices at once, and data from one to the other through shared memory
 *   blocked=WHAT  edu0 is aimed at memory that is not its own and reaches nothing: WHAT is
 *                 unmapped, low (below 2^20), ram (of the unikernel), other (of edu1), an address
 *   still         bus mastering is off: nothing is moved
 *   run           edu0 writes until somebody outside says how to end (edu_board.h)
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "edu_board.h"
#include "edu_device.h"
#include "edu_registers.h"
#include "expect.h"

#define SECOND  1000000000ull
#define PAGE    4096u
#define QUIET   (SECOND / 20)
#define PROBE   4u /* bytes aimed elsewhere: one fault. The kernel says ten in five seconds */
#define LOW     0x80000u
#define FAR     (1ull << 30) /* from our windows: they lie side by side */
#define OUTSIDE 0xc3         /* what memory holds that a device must not reach */

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

static uint8_t ram[PAGE] __attribute__((aligned(PAGE)));

static uint64_t iova(const struct unit *unit, const void *p)
{
    return pci_dma_iova(&unit->edu.pci, p);
}

static void fill(uint8_t *page, unsigned seed)
{
    for (unsigned i = 0; i < PAGE; i++)
        page[i] = (uint8_t)(seed + i * 7 + i / 256);
}

static bool all(const uint8_t *bytes, size_t size, uint8_t value)
{
    while (size > 0 && *bytes == value)
        bytes++, size--;
    return size == 0;
}

static void fetch(const struct unit *unit, uint64_t from, uint32_t offset, uint32_t size)
{
    EXPECT(edu_fetch(&unit->edu, from, offset, size) == 0);
    EXPECT(edu_wait(&unit->edu) == 0);
}

static void store(const struct unit *unit, uint64_t to, uint32_t offset, uint32_t size)
{
    EXPECT(edu_store(&unit->edu, to, offset, size) == 0);
    EXPECT(edu_wait(&unit->edu) == 0);
}

/* ---- registers ---- */

static void registers(struct job *job, struct unit *unit)
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

static void dma(struct job *job, struct unit *unit)
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

static solo5_handle_set_t sleep_for(solo5_time_t time)
{
    solo5_handle_set_t ready;

    solo5_yield(solo5_clock_monotonic() + time, &ready);
    return ready;
}

/* Whatever may still be on its way has come. */
static void settle(const struct unit *unit)
{
    while (sleep_for(QUIET) != 0)
        ;
    edu_reasons(&unit->edu);
}

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

static void irq(struct job *job, struct unit *unit)
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

static void pair(struct job *job, struct unit *unit)
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
static void blocked(struct job *job, struct unit *unit)
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

static void still(struct job *job, struct unit *unit)
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
static void run(struct job *job, struct unit *unit)
{
    struct edu_board *board = (void *)unit->board;
    solo5_time_t start = solo5_clock_monotonic();

    (void)job;
    memset(unit->source, EDU_BOARD_FILL, PAGE);
    fetch(unit, iova(unit, unit->source), 0, PAGE);
    board->iova = iova(unit, unit->target);
    __atomic_store_n(&board->magic, EDU_BOARD_MAGIC, __ATOMIC_RELEASE);
    while (solo5_clock_monotonic() - start < 120 * SECOND) {
        uint32_t order = __atomic_load_n(&board->order, __ATOMIC_ACQUIRE);

        EXPECT(edu_store(&unit->edu, board->iova, 0, EDU_TARGET_SIZE) == 0);
        if (order != EDU_GO_ON)
            obey(order);
        EXPECT(edu_wait(&unit->edu) == 0);
    }
    EXPECT(!"somebody gave an order");
}

/* ---- the command line ---- */

static const struct {
    const char *name;
    void (*run)(struct job *job, struct unit *unit);
} words[] = {
    {"registers", registers}, {"dma", dma},     {"irq", irq}, {"pair", pair},
    {"blocked", blocked},     {"still", still}, {"run", run},
};

#define WORDS (sizeof(words) / sizeof(words[0]))

static void do_word(struct job *job, char *word)
{
    char *equals = strchr(word, '=');
    size_t i = 0;

    job->argument = equals != NULL ? equals + 1 : "";
    if (equals != NULL)
        *equals = '\0';
    while (i < WORDS && strcmp(words[i].name, word) != 0)
        i++;
    if (i == WORDS) {
        printf("edu: \"%s\" is none of its words\n", word);
        solo5_exit(SOLO5_EXIT_FAILURE);
    }
    for (unsigned u = 0; u < job->units; u++)
        words[i].run(job, &job->unit[u]);
}

static void open_unit(struct job *job, const char *name)
{
    struct unit *unit = &job->unit[job->units];
    int rc = edu_open(&unit->edu, name);

    if (rc == -ENODEV)
        return;
    EXPECT(rc == 0);
    unit->board = pci_dma_alloc(&unit->edu.pci, PAGE, PAGE);
    unit->target = pci_dma_alloc(&unit->edu.pci, PAGE, PAGE);
    unit->source = pci_dma_alloc(&unit->edu.pci, PAGE, PAGE);
    EXPECT(unit->board != NULL && unit->target != NULL && unit->source != NULL);
    EXPECT(unit->target == unit->board + EDU_TARGET_OFFSET);
    job->units++;
}

int solo5_app_main(const struct solo5_start_info *info)
{
    static struct job job;
    char *cmdline = strdup(info->cmdline);
    size_t size;

    open_unit(&job, "edu0");
    EXPECT(job.units == 1);
    open_unit(&job, "edu1");
    if (solo5_dma_acquire(&job.shared, &size) != SOLO5_R_OK)
        job.shared = NULL;
    for (char *word = strtok(cmdline, " "); word != NULL; word = strtok(NULL, " "))
        do_word(&job, word);
    free(cmdline);
    return success();
}
