// SPDX-License-Identifier: ISC
#include "host/spt/spt_options.h"

#include <errno.h>

#include "host/tender/option_sets.h"

#define MEM_DEFAULT (512ull << 20)

int spt_parse_mem(const char *value, uint64_t *bytes, struct tender_error *error)
{
    uint64_t mb;
    int rc = tender_parse_mem(value, SPT_MEM_MAX >> 20, &mb, error);

    if (rc < 0)
        return rc;
    if (mb < 2)
        return tender_fail(error, -EINVAL, "--mem=%s is less than the 2 MB that a guest needs",
                           value);
    *bytes = mb << 20;
    return 0;
}

static int apply_mem(void *context, const char *value, struct tender_error *error)
{
    struct spt *spt = context;

    return spt_parse_mem(value, &spt->mem_size, error);
}

static int apply_exec_heap(void *context, const char *value, struct tender_error *error)
{
    struct spt *spt = context;

    (void)value;
    (void)error;
    spt->exec_heap = true;
    return 0;
}

#define OPTIONS (2 + TENDER_DEVICE_OPTIONS + TENDER_PRIVILEGE_OPTIONS + TENDER_ANSWER_OPTIONS)

/* spt: NULL if the table is for the help text. */
static void fill_table(struct tender_option table[OPTIONS], struct spt *spt)
{
    struct tender_option *row = table;

    *row++ = (struct tender_option){"--mem=", "N", "guest memory in MB (512)", apply_mem, spt};
    row = tender_device_options(row, spt ? &spt->pci : NULL, spt ? &spt->net : NULL,
                                spt ? &spt->block : NULL);
    row = tender_privilege_options(row, spt ? &spt->privileges : NULL);
    *row++ = (struct tender_option){"--x-exec-heap", NULL, "make heap and stack executable",
                                    apply_exec_heap, spt};
    tender_answer_options(row);
}

int spt_options_scan(struct spt *spt, int argc, char **argv, int *first)
{
    struct tender_option table[OPTIONS];
    int rc;

    fill_table(table, spt);
    rc = tender_kernel_scan(argc, argv, table, OPTIONS, first, &spt->error);
    spt->misused = rc < 0;
    return rc;
}

int spt_options_apply(struct spt *spt, int argc, char **argv, int first)
{
    struct tender_option table[OPTIONS];

    spt->mem_size = MEM_DEFAULT;
    fill_table(table, spt);
    return tender_kernel_apply(argc, argv, first, table, OPTIONS, spt->cmdline, sizeof spt->cmdline,
                               &spt->error);
}

static void print_usage(FILE *out)
{
    struct tender_option table[OPTIONS];

    fill_table(table, NULL);
    tender_kernel_help(out, "a process behind seccomp", table, OPTIONS);
}

void spt_usage(void)
{
    print_usage(stderr);
}

bool spt_options_answered(int argc, char **argv)
{
    struct tender_option table[OPTIONS];

    fill_table(table, NULL);
    return tender_options_answer(argc, argv, table, OPTIONS, print_usage,
                                 TENDER_VERSION_TEXT(SPT_ABI_VERSION));
}
