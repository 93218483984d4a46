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
 *   lost          wait to be told that edu0 is lost, and end
 *   run           edu0 writes until somebody outside says how to end (edu_board.h)
 */
#include <errno.h>
#include <stdlib.h>

#include "edu_board.h"
#include "edu_words.h"

/* ---- what the words share ---- */

uint64_t iova(const struct unit *unit, const void *p)
{
    return pci_dma_iova(&unit->edu.pci, p);
}

void fill(uint8_t *page, unsigned seed)
{
    for (unsigned i = 0; i < PAGE; i++)
        page[i] = (uint8_t)(seed + i * 7 + i / 256);
}

bool all(const uint8_t *bytes, size_t size, uint8_t value)
{
    while (size > 0 && *bytes == value)
        bytes++, size--;
    return size == 0;
}

void fetch(const struct unit *unit, uint64_t from, uint32_t offset, uint32_t size)
{
    EXPECT(edu_fetch(&unit->edu, from, offset, size) == 0);
    EXPECT(edu_wait(&unit->edu) == 0);
}

void store(const struct unit *unit, uint64_t to, uint32_t offset, uint32_t size)
{
    EXPECT(edu_store(&unit->edu, to, offset, size) == 0);
    EXPECT(edu_wait(&unit->edu) == 0);
}

solo5_handle_set_t sleep_for(solo5_time_t time)
{
    solo5_handle_set_t ready;

    solo5_yield(solo5_clock_monotonic() + time, &ready);
    return ready;
}

void settle(const struct unit *unit)
{
    while (sleep_for(QUIET) != 0)
        ;
    edu_reasons(&unit->edu);
}

/* ---- the command line ---- */

static const struct {
    const char *name;
    void (*run)(struct job *job, struct unit *unit);
} words[] = {
    {"registers", do_registers}, {"dma", do_dma},     {"irq", do_irq},   {"pair", do_pair},
    {"blocked", do_blocked},     {"still", do_still}, {"lost", do_lost}, {"run", do_run},
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
