// SPDX-License-Identifier: ISC
#include "host/hvt/hvt_options.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "host/tender/log.h"
#include "host/tender/option_sets.h"

#define MEM_DEFAULT (512ull << 20)

int hvt_parse_mem(const char *value, uint64_t *bytes, struct tender_error *error)
{
    uint64_t mb;
    int rc = tender_parse_mem(value, HVT_MEM_MAX >> 20, &mb, error);

    if (rc < 0)
        return rc;
    *bytes = (mb << 20) / HVT_MEM_UNIT * HVT_MEM_UNIT;
    if (*bytes == 0)
        return tender_fail(error, -EINVAL, "--mem=%s is less than the %llu MB that a guest needs",
                           value, (unsigned long long)HVT_MEM_UNIT >> 20);
    if (*bytes != mb << 20)
        tender_warn("adjusting memory to %" PRIu64 " bytes", *bytes);
    return 0;
}

static int apply_mem(void *context, const char *value, struct tender_error *error)
{
    struct hvt *hvt = context;

    return hvt_parse_mem(value, &hvt->mem_size, error);
}

static int apply_stats(void *context, const char *value, struct tender_error *error)
{
    struct hvt *hvt = context;

    (void)value;
    (void)error;
    hvt->stats_at_end = true;
    return 0;
}

static int apply_dumpcore(void *context, const char *value, struct tender_error *error)
{
    struct hvt *hvt = context;

    if (value[0] == '\0')
        return tender_fail(error, -EINVAL, "Malformed argument to --dumpcore: '' (a directory)");
    hvt->core.folder = value;
    return 0;
}

static int apply_gdb(void *context, const char *value, struct tender_error *error)
{
    struct hvt *hvt = context;

    (void)value;
    (void)error;
    hvt->gdb.wanted = true;
    if (hvt->gdb.port == 0)
        hvt->gdb.port = GDB_PORT;
    return 0;
}

static int apply_gdb_port(void *context, const char *value, struct tender_error *error)
{
    struct hvt *hvt = context;
    unsigned long port;
    char *end;

    port = strtoul(value, &end, 10);
    if (!isdigit((unsigned char)value[0]) || *end != '\0' || port == 0 || port > UINT16_MAX)
        return tender_fail(error, -EINVAL, "Malformed argument to --gdb-port: '%s'", value);
    hvt->gdb.port = (uint16_t)port;
    return 0;
}

#define OPTIONS (5 + TENDER_DEVICE_OPTIONS + TENDER_PRIVILEGE_OPTIONS + TENDER_ANSWER_OPTIONS)

/* hvt: NULL if the table is for the help text. */
static void fill_table(struct tender_option table[OPTIONS], struct hvt *hvt)
{
    struct tender_option *row = table;

    *row++ = (struct tender_option){"--mem=", "N", "guest memory in MB (512)", apply_mem, hvt};
    row = tender_device_options(row, hvt ? &hvt->pci : NULL, hvt ? &hvt->net : NULL,
                                hvt ? &hvt->block : NULL);
    *row++ = (struct tender_option){
        "--dumpcore=", "DIR", "write DIR/core.penstock-hvt.PID if the unikernel aborts or traps",
        apply_dumpcore, hvt};
    *row++ = (struct tender_option){
        "--gdb", NULL, "wait for a debugger before the unikernel starts", apply_gdb, hvt};
    *row++ = (struct tender_option){"--gdb-port=", "N", "where it waits, on 127.0.0.1 (1234)",
                                    apply_gdb_port, hvt};
    row = tender_privilege_options(row, hvt ? &hvt->privileges : NULL);
    *row++ = (struct tender_option){
        "--stats", NULL, "print VM exits at the end (at any time: SIGUSR1)", apply_stats, hvt};
    tender_answer_options(row);
}

int hvt_options_scan(struct hvt *hvt, int argc, char **argv, int *first)
{
    struct tender_option table[OPTIONS];
    int rc;

    fill_table(table, hvt);
    rc = tender_kernel_scan(argc, argv, table, OPTIONS, first, &hvt->error);
    hvt->misused = rc < 0;
    return rc;
}

int hvt_options_apply(struct hvt *hvt, int argc, char **argv, int first)
{
    struct tender_option table[OPTIONS];

    hvt->mem_size = MEM_DEFAULT;
    fill_table(table, hvt);
    return tender_kernel_apply(argc, argv, first, table, OPTIONS, hvt->cmdline, sizeof hvt->cmdline,
                               &hvt->error);
}

static void print_usage(FILE *out)
{
    struct tender_option table[OPTIONS];

    fill_table(table, NULL);
    tender_kernel_help(out, "a virtual machine", table, OPTIONS);
}

void hvt_usage(void)
{
    print_usage(stderr);
}

bool hvt_options_answered(int argc, char **argv)
{
    struct tender_option table[OPTIONS];

    fill_table(table, NULL);
    return tender_options_answer(argc, argv, table, OPTIONS, print_usage,
                                 TENDER_VERSION_TEXT(HVT_ABI_VERSION));
}
