// SPDX-License-Identifier: ISC
/* penstock-hvt's command line. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/hvt/hvt_options.h"

#define MIB (1ull << 20)

/* Stands for the module, whose own test says what it takes. */
int tender_pci_option(struct tender_pci *pci, const char *value, struct tender_error *error)
{
    pci->count++;
    return strcmp(value, "bad") == 0 ? tender_fail(error, -ENODEV, "bad device") : 0;
}

int tender_pci_no_reset_option(struct tender_pci *pci, const char *value,
                               struct tender_error *error)
{
    (void)pci;
    return strcmp(value, "bad") == 0 ? tender_fail(error, -ENODEV, "bad device") : 0;
}

int tender_pci_iommu_option(struct tender_pci *pci, const char *value, struct tender_error *error)
{
    (void)pci;
    return strcmp(value, "bad") == 0 ? tender_fail(error, -EINVAL, "bad IOMMU") : 0;
}

int tender_net_option(struct tender_net *net, const char *value, struct tender_error *error)
{
    net->count++;
    return strcmp(value, "bad") == 0 ? tender_fail(error, -ENODEV, "bad device") : 0;
}

int tender_net_mac_option(struct tender_net *net, const char *value, struct tender_error *error)
{
    net->device[0].has_mac = true;
    return strcmp(value, "bad") == 0 ? tender_fail(error, -EINVAL, "bad address") : 0;
}

int tender_block_option(struct tender_block *block, const char *value, struct tender_error *error)
{
    block->count++;
    return strcmp(value, "bad") == 0 ? tender_fail(error, -ENODEV, "bad device") : 0;
}

int tender_block_sector_size_option(struct tender_block *block, const char *value,
                                    struct tender_error *error)
{
    block->device[0].block_size = 4096;
    return strcmp(value, "bad") == 0 ? tender_fail(error, -EINVAL, "bad size") : 0;
}

static void reads_memory_sizes(void **state)
{
    const struct {
        const char *value;
        uint64_t bytes; /* 0: refused */
    } cases[] = {
        {"512", 512 * MIB},
        {"2", 2 * MIB},
        {"3", 2 * MIB}, /* whole 2 MiB */
        {"4096", 4096 * MIB},
        {"1", 0},
        {"0", 0},
        {"", 0},
        {"-1", 0},
        {"+2", 0},
        {" 2", 0},
        {"2M", 0},
        {"0x10", 0},
        {"4097", 0},
        {"17592186044416", 0}, /* 2^64 bytes */
        {"18446744073709551616", 0},
        {"99999999999999999999999", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tender_error error;
        uint64_t bytes = 0;
        int rc = hvt_parse_mem(cases[i].value, &bytes, &error);

        assert_int_equal(rc, cases[i].bytes == 0 ? -EINVAL : 0);
        if (rc == 0)
            assert_int_equal(bytes, cases[i].bytes);
    }
}

static struct hvt *parse(char **argv, int *rc)
{
    struct hvt *hvt = calloc(1, sizeof *hvt);
    int argc = 0, first = 0;

    while (argv[argc] != NULL)
        argc++;
    *rc = hvt_options_scan(hvt, argc, argv, &first);
    if (*rc == 0)
        *rc = hvt_options_apply(hvt, argc, argv, first);
    return hvt;
}

static void applies_options(void **state)
{
    char *plain[] = {"hvt", "u", NULL};
    char *full[] = {"hvt",
                    "--mem=64",
                    "--stats",
                    "--pci:a=b",
                    "--pci:c=d",
                    "--net:e=f",
                    "--net-mac:e=02:00:00:00:00:01",
                    "--block:g=h:ro",
                    "--block-sector-size:g=4096",
                    "--",
                    "u",
                    "x",
                    "y z",
                    NULL};
    struct hvt *hvt;
    int rc;

    (void)state;
    hvt = parse(plain, &rc);
    assert_int_equal(rc, 0);
    assert_int_equal(hvt->mem_size, 512 * MIB);
    assert_false(hvt->stats_at_end);
    assert_string_equal(hvt->cmdline, "");
    free(hvt);
    hvt = parse(full, &rc);
    assert_int_equal(rc, 0);
    assert_int_equal(hvt->mem_size, 64 * MIB);
    assert_true(hvt->stats_at_end);
    assert_int_equal(hvt->pci.count, 2);
    assert_int_equal(hvt->net.count, 1);
    assert_true(hvt->net.device[0].has_mac);
    assert_int_equal(hvt->block.count, 1);
    assert_int_equal(hvt->block.device[0].block_size, 4096);
    assert_string_equal(hvt->cmdline, "x y z");
    free(hvt);
}

static void refuses(char **argv, const char *message, bool misused)
{
    int rc;
    struct hvt *hvt = parse(argv, &rc);

    assert_true(rc < 0);
    assert_non_null(strstr(hvt->error.text, message));
    assert_int_equal(hvt->misused, misused);
    free(hvt);
}

static void refuses_what_is_wrong(void **state)
{
    char *unknown[] = {"hvt", "--disk=x", "u", NULL};
    char *nothing[] = {"hvt", "--mem=1", NULL};
    char *memory[] = {"hvt", "--mem=much", "u", NULL};
    char *device[] = {"hvt", "--pci:bad", "u", NULL};
    char *net[] = {"hvt", "--net:bad", "u", NULL};
    char *mac[] = {"hvt", "--net-mac:bad", "u", NULL};
    char *block[] = {"hvt", "--block:bad", "u", NULL};
    char *sector_size[] = {"hvt", "--block-sector-size:bad", "u", NULL};
    char *longer[] = {"hvt", "u", NULL, NULL};
    char *argument = malloc(HVT_CMDLINE_SIZE + 1);

    (void)state;
    longer[2] = memset(argument, 'x', HVT_CMDLINE_SIZE);
    argument[HVT_CMDLINE_SIZE] = '\0';
    refuses(unknown, "Invalid option: `--disk=x'", true);
    refuses(nothing, "Missing KERNEL operand", true);
    refuses(memory, "Malformed argument to --mem", false);
    refuses(device, "bad device", false);
    refuses(net, "bad device", false);
    refuses(mac, "bad address", false);
    refuses(block, "bad device", false);
    refuses(sector_size, "bad size", false);
    refuses(longer, "Guest command line too long (max=8191 characters)", false);
    argument[HVT_CMDLINE_SIZE - 1] = '\0';
    {
        int rc;

        free(parse(longer, &rc));
        assert_int_equal(rc, 0);
    }
    free(argument);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_memory_sizes),
        cmocka_unit_test(applies_options),
        cmocka_unit_test(refuses_what_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
