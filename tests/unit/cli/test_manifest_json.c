// SPDX-License-Identifier: ISC
/* What manifest.json becomes, and what is refused (docs/abi.md). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "abi/layout.h"
#include "host/cli/manifest_json.h"

#define HEAD "{\"type\": \"solo5.manifest\", \"version\": 1, "
#define BARS(b0, b2)                                                                         \
    "\"map_bar0\": " b0 ", \"map_bar1\": false, \"map_bar2\": " b2 ", \"map_bar3\": false, " \
    "\"map_bar4\": false, \"map_bar5\": false"
#define PCI(name, ids, rest)                                                                      \
    "{\"name\": \"" name "\", \"type\": \"PCI_BASIC\", " ids ", \"bus_master_enable\": true" rest \
    "}"
#define IDS       "\"class\": 2, \"subclass\": 0, \"progif\": 0, \"vendor\": 32902, \"device_id\": 4347"
#define NET(name) "{\"name\": \"" name "\", \"type\": \"NET_BASIC\"}"

static int load(const char *text, struct mft **mft, struct tender_error *error)
{
    int fd = memfd_create("manifest.json", 0);
    char path[64];
    int r;

    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    r = manifest_load(path, mft, error);
    close(fd);
    return r;
}

static struct mft *load_good(const char *text)
{
    struct tender_error error = {.text = ""};
    struct mft *mft = NULL;

    if (load(text, &mft, &error) != 0)
        fail_msg("%s", error.text);
    return mft;
}

/* The thesis's Figure 3.7, in fewer lines. */
static const char figure[] = HEAD
    "\"dma_size\": 16777216, \"devices\": [" PCI("pci0", IDS, ", " BARS("true", "true")) ", " NET(
        "service0") ", " PCI("pci1", IDS, ", " BARS("true", "false")) "]}";

static void figure_3_7(void **state)
{
    struct mft *mft = load_good(figure);
    const struct mft_pci_basic pci0 = {.vendor = 0x8086,
                                       .device = 0x10fb,
                                       .class_code = 2,
                                       .flags = MFT_PCI_BUS_MASTER | MFT_PCI_MAP_BAR(0) |
                                                MFT_PCI_MAP_BAR(2)};

    (void)state;
    assert_int_equal(mft->version, MFT_VERSION);
    assert_int_equal(mft->entries, 5);
    assert_int_equal(mft->e[0].type, MFT_RESERVED_FIRST);
    assert_string_equal(mft->e[1].name, "pci0");
    assert_int_equal(mft->e[1].type, MFT_PCI_BASIC);
    assert_memory_equal(&mft->e[1].u, &pci0, sizeof(pci0));
    assert_string_equal(mft->e[2].name, "service0");
    assert_int_equal(mft->e[2].type, MFT_NET_BASIC);
    assert_int_equal(mft->e[3].u.pci_basic.flags, MFT_PCI_BUS_MASTER | MFT_PCI_MAP_BAR(0));
    assert_string_equal(mft->e[4].name, MANIFEST_DMA_NAME);
    assert_int_equal(mft->e[4].type, MFT_DMA_BASIC);
    assert_int_equal(mft->e[4].u.dma_basic.size, 16 << 20);
    free(mft);
}

static void no_devices(void **state)
{
    struct mft *mft = load_good(HEAD "\"devices\": []}");

    (void)state;
    assert_int_equal(mft->entries, 1);
    free(mft);
    /* dma_size 0 is the same as none: the thesis's tool wrote it always. */
    mft = load_good(HEAD "\"dma_size\": 0, \"devices\": []}");
    assert_int_equal(mft->entries, 1);
    free(mft);
}

static void what_is_not_mentioned_is_false(void **state)
{
    struct mft *mft = load_good(HEAD "\"devices\": [{\"name\": \"a\", \"type\": \"PCI_BASIC\", " IDS
                                     "}, " PCI("b", IDS, ", \"map_bar5\": true") "]}");

    (void)state;
    assert_int_equal(mft->e[1].u.pci_basic.flags, 0);
    assert_int_equal(mft->e[2].u.pci_basic.flags, MFT_PCI_BUS_MASTER | MFT_PCI_MAP_BAR(5));
    free(mft);
}

static void hexadecimal_and_limits(void **state)
{
    struct mft *mft = load_good(HEAD "\"devices\": [" PCI(
        "n",
        "\"class\": \"0xff\", \"subclass\": 255, \"progif\": \"0XA\", "
        "\"vendor\": \"0xffff\", \"device_id\": \"65535\"",
        ", \"dma_size\": \"0x1000000000\", " BARS("false", "false")) "]}");
    const struct mft_pci_basic *pci = &mft->e[1].u.pci_basic;

    (void)state;
    assert_int_equal(pci->vendor, 0xffff);
    assert_int_equal(pci->device, 0xffff);
    assert_int_equal(pci->class_code, 0xff);
    assert_int_equal(pci->subclass, 0xff);
    assert_int_equal(pci->progif, 10);
    assert_int_equal(pci->flags, MFT_PCI_BUS_MASTER);
    assert_true(pci->dma_size == DMA_OWN_STRIDE);
    free(mft);
}

static void many(char *text, size_t size, unsigned count, const char *rest)
{
    size_t used = (size_t)snprintf(text, size, HEAD "\"devices\": [");

    for (unsigned i = 0; i < count; i++)
        used += (size_t)snprintf(text + used, size - used, "%s{\"name\": \"n%u\", %s}",
                                 i ? ", " : "", i, rest);
    snprintf(text + used, size - used, "]}");
}

static void as_many_as_fit(void **state)
{
    static char text[65536];
    struct tender_error error;
    struct mft *mft;

    (void)state;
    many(text, sizeof(text), 63, "\"type\": \"BLOCK_BASIC\"");
    mft = load_good(text);
    assert_int_equal(mft->entries, MFT_MAX_ENTRIES);
    assert_string_equal(mft->e[63].name, "n62");
    free(mft);
    many(text, sizeof(text), 64, "\"type\": \"BLOCK_BASIC\"");
    assert_int_equal(load(text, &mft, &error), -EINVAL);
    assert_non_null(strstr(error.text, "too many entries, maximum 63"));

    many(text, sizeof(text), 32,
         "\"type\": \"PCI_BASIC\", " IDS ", \"bus_master_enable\": false, " BARS("true", "true"));
    free(load_good(text));
    many(text, sizeof(text), 33,
         "\"type\": \"PCI_BASIC\", " IDS ", \"bus_master_enable\": false, " BARS("true", "true"));
    assert_int_equal(load(text, &mft, &error), -EINVAL);
    assert_non_null(strstr(error.text, "too many PCI devices, maximum 32"));
}

/* Each is refused, and the message says what is wrong. */
static void refusals(void **state)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"", "there is nothing in it"},
        {"[]", "Expecting MAPPING"},
        {"{", "libyaml"},
        {HEAD "\"devices\": []} x", "libyaml"},
        {HEAD "\"devices\": []}\n---\n{}", "more than one document"},
        {HEAD "\n\"more\": 1, \"devices\": []}", "line 1: Unexpected key: more"},
        {HEAD "\"version\": 1, \"devices\": []}", "already seen: version"},
        {HEAD "\"dma_size\": 1}", "Missing required mapping field: devices"},
        {HEAD "\"devices\": {}}", "Expecting SEQUENCE"},
        {HEAD "\"devices\": [1]}", "Expecting MAPPING"},
        {"{\"type\": \"solo5.manifest\", \"devices\": []}", "field: version"},
        {"{\"type\": \"solo5.manifest\", \"version\": 2, \"devices\": []}", "version: must be 1"},
        {"{\"type\": \"solo5.abi\", \"version\": 1, \"devices\": []}",
         "must be \"solo5.manifest\""},
        {HEAD "\"dma_size\": -1, \"devices\": []}", "dma_size: \"-1\" is not an integer"},
        {HEAD "\"dma_size\": 68719476737, \"devices\": []}", "out of range (0 to 68719476736)"},
        {HEAD "\"dma_size\": 9, \"devices\": [" NET("dma") "]}", "no device can have that name"},
        {HEAD "\"devices\": [" NET("a") ", " NET("a") "]}", "two devices are called 'a'"},
        {HEAD "\"devices\": [" NET("") "]}", "letters and digits"},
        {HEAD "\"devices\": [" NET("eth-0") "]}", "letters and digits"},
        {HEAD "\"devices\": [{\"name\": \"a\"}]}", "field: type"},
        {HEAD "\"devices\": [{\"type\": \"NET_BASIC\"}]}", "field: name"},
        {HEAD "\"devices\": [{\"name\": \"a\", \"type\": \"net_basic\"}]}", "net_basic"},
        {HEAD "\"devices\": [{\"name\": \"a\", \"type\": 3}]}", "type"},
        {HEAD "\"devices\": [{\"name\": \"a\", \"type\": \"NET_BASIC\", \"vendor\": 1}]}",
         "device a: vendor: NET_BASIC has no such key"},
        {HEAD "\"devices\": [{\"name\": \"a\", \"type\": \"DMA_BASIC\"}]}",
         "device a: dma_size: DMA_BASIC needs this key"},
        {HEAD "\"devices\": [{\"name\": \"a\", \"type\": \"PCI_BASIC\", \"class\": 2}]}",
         "device a: subclass: PCI_BASIC needs this key"},
        {HEAD "\"devices\": [" PCI("a", IDS, ", " BARS("1", "true")) "]}", "map_bar0"},
        {HEAD "\"devices\": [" PCI("a", IDS ", \"map_bar6\": true", "") "]}", "key: map_bar6"},
        {HEAD "\"devices\": [{\"name\": \"a\", \"type\": \"DMA_BASIC\", \"dma_size\": 1}], "
              "\"dma_size\": 68719476736}",
         "more than 64 GiB"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tender_error error = {.text = ""};
        struct mft *mft = NULL;

        if (load(cases[i].text, &mft, &error) != -EINVAL)
            fail_msg("case %zu was not refused: %s", i, cases[i].text);
        if (!strstr(error.text, cases[i].message))
            fail_msg("case %zu: \"%s\" does not say \"%s\"", i, error.text, cases[i].message);
    }
}

/* No integer that is out of its range is cut to fit. */
static void integers(void **state)
{
    static const struct {
        const char *ids, *message;
    } cases[] = {
        {"\"class\": 256, \"subclass\": 0, \"progif\": 0, \"vendor\": 1, \"device_id\": 1",
         "class"},
        {"\"class\": 2, \"subclass\": 256, \"progif\": 0, \"vendor\": 1, \"device_id\": 1",
         "subclass: 256 is out of range (0 to 255)"},
        {"\"class\": 2, \"subclass\": 0, \"progif\": 256, \"vendor\": 1, \"device_id\": 1",
         "progif"},
        {"\"class\": 2, \"subclass\": 0, \"progif\": 0, \"vendor\": 65536, \"device_id\": 1",
         "vendor: 65536 is out of range (0 to 65535)"},
        {"\"class\": 2, \"subclass\": 0, \"progif\": 0, \"vendor\": 1, \"device_id\": \"0x10000\"",
         "device_id: 0x10000 is out of range"},
        {"\"class\": 2, \"subclass\": 0, \"progif\": 0, \"vendor\": 010, \"device_id\": 1",
         "\"010\" is not an integer"},
        {"\"class\": 2, \"subclass\": 0, \"progif\": 0, \"vendor\": 1.5, \"device_id\": 1",
         "\"1.5\" is not an integer"},
        {"\"class\": 2, \"subclass\": 0, \"progif\": 0, \"vendor\": \" 1\", \"device_id\": 1",
         "\" 1\" is not an integer"},
        {"\"class\": 2, \"subclass\": 0, \"progif\": 0, \"vendor\": \"0x\", \"device_id\": 1",
         "\"0x\" is not an integer"},
        {"\"class\": 2, \"subclass\": 0, \"progif\": 0, \"vendor\": null, \"device_id\": 1",
         "\"null\" is not an integer"},
        {"\"class\": 2, \"subclass\": 0, \"progif\": 0, \"vendor\": 18446744073709551617, "
         "\"device_id\": 1",
         "is not an integer"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct tender_error error = {.text = ""};
        struct mft *mft = NULL;
        char text[1024];

        snprintf(text, sizeof(text), HEAD "\"devices\": [" PCI("n", "%s", ", %s") "]}",
                 cases[i].ids, BARS("true", "false"));
        assert_int_equal(load(text, &mft, &error), -EINVAL);
        if (!strstr(error.text, cases[i].message))
            fail_msg("case %zu: \"%s\" does not say \"%s\"", i, error.text, cases[i].message);
    }
}

static void names(void **state)
{
    char name[70] = "", text[256];
    struct tender_error error;
    struct mft *mft;

    (void)state;
    memset(name, 'x', 67);
    snprintf(text, sizeof(text), HEAD "\"devices\": [" NET("%s") "]}", name);
    mft = load_good(text);
    assert_string_equal(mft->e[1].name, name);
    free(mft);
    memset(name, 'x', 68);
    snprintf(text, sizeof(text), HEAD "\"devices\": [" NET("%s") "]}", name);
    assert_int_equal(load(text, &mft, &error), -EINVAL);
    assert_non_null(strstr(error.text, "longer than 67"));
}

static void files(void **state)
{
    struct tender_error error;
    struct mft *mft;

    (void)state;
    assert_int_equal(manifest_load("/nonexistent/manifest.json", &mft, &error), -ENOENT);
    assert_string_equal(error.text, "/nonexistent/manifest.json: No such file or directory");
    assert_int_equal(manifest_load("/", &mft, &error), -EIO);
    assert_int_equal(manifest_load("/dev/zero", &mft, &error), -EFBIG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(figure_3_7),
        cmocka_unit_test(no_devices),
        cmocka_unit_test(what_is_not_mentioned_is_false),
        cmocka_unit_test(hexadecimal_and_limits),
        cmocka_unit_test(as_many_as_fit),
        cmocka_unit_test(refusals),
        cmocka_unit_test(integers),
        cmocka_unit_test(names),
        cmocka_unit_test(files),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
