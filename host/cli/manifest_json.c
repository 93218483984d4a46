// SPDX-License-Identifier: ISC
#include "host/cli/manifest_json.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "abi/layout.h"
#include "host/cli/document.h"
#include "host/tender/manifest.h"

/* A device as it is written. Integers stay text until their range is known; what is NULL is not
 * there. */
struct device_json {
    char *name;
    int type;
    char *class_code, *subclass, *progif, *vendor, *device_id;
    int *bus_master_enable, *map_bar0, *map_bar1, *map_bar2, *map_bar3, *map_bar4, *map_bar5;
    char *dma_size;
};

struct root_json {
    char *type;
    char *version;
    char *dma_size;
    struct device_json *devices;
    unsigned devices_count;
};

/* Where the message says an error is. */
struct place {
    const char *path;
    const char *device; /* NULL: the root */
};

/* ---- what libcyaml checks ---- */

static const cyaml_strval_t type_names[] = {
    {"BLOCK_BASIC", MFT_BLOCK_BASIC},
    {"NET_BASIC", MFT_NET_BASIC},
    {"PCI_BASIC", MFT_PCI_BASIC},
    {"DMA_BASIC", MFT_DMA_BASIC},
};
static const cyaml_strval_t bool_names[] = {{"false", 0}, {"true", 1}};

#define OPTIONAL_TEXT(key, member) \
    CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_OPTIONAL, struct device_json, member, 0, CYAML_UNLIMITED)
#define OPTIONAL_BOOL(member)                                                                  \
    CYAML_FIELD_ENUM_PTR(#member, CYAML_FLAG_OPTIONAL | CYAML_FLAG_STRICT, struct device_json, \
                         member, bool_names, CYAML_ARRAY_LEN(bool_names))

static const cyaml_schema_field_t device_fields[] = {
    CYAML_FIELD_STRING_PTR("name", CYAML_FLAG_DEFAULT, struct device_json, name, 0,
                           CYAML_UNLIMITED),
    CYAML_FIELD_ENUM("type", CYAML_FLAG_STRICT, struct device_json, type, type_names,
                     CYAML_ARRAY_LEN(type_names)),
    OPTIONAL_TEXT("class", class_code),
    OPTIONAL_TEXT("subclass", subclass),
    OPTIONAL_TEXT("progif", progif),
    OPTIONAL_TEXT("vendor", vendor),
    OPTIONAL_TEXT("device_id", device_id),
    OPTIONAL_BOOL(bus_master_enable),
    OPTIONAL_BOOL(map_bar0),
    OPTIONAL_BOOL(map_bar1),
    OPTIONAL_BOOL(map_bar2),
    OPTIONAL_BOOL(map_bar3),
    OPTIONAL_BOOL(map_bar4),
    OPTIONAL_BOOL(map_bar5),
    OPTIONAL_TEXT("dma_size", dma_size),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t device_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct device_json, device_fields),
};

static const cyaml_schema_field_t root_fields[] = {
    CYAML_FIELD_STRING_PTR("type", CYAML_FLAG_DEFAULT, struct root_json, type, 0, CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("version", CYAML_FLAG_DEFAULT, struct root_json, version, 0,
                           CYAML_UNLIMITED),
    CYAML_FIELD_STRING_PTR("dma_size", CYAML_FLAG_OPTIONAL, struct root_json, dma_size, 0,
                           CYAML_UNLIMITED),
    CYAML_FIELD_SEQUENCE("devices", CYAML_FLAG_POINTER, struct root_json, devices, &device_schema,
                         0, CYAML_UNLIMITED),
    CYAML_FIELD_END,
};
static const cyaml_schema_value_t root_schema = {
    CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct root_json, root_fields),
};

/* ---- what it cannot ---- */

static int refuse(const struct place *place, struct tender_error *error, const char *key,
                  const char *what)
{
    return tender_fail(error, -EINVAL, "%s: %s%s%s%s: %s", place->path,
                       place->device ? "device " : "", place->device ? place->device : "",
                       place->device ? ": " : "", key, what);
}

/* Decimal or 0x...: no sign, no blank, no octal, nothing behind it. */
static bool parse_uint(const char *text, uint64_t *value)
{
    int base = text[0] == '0' && (text[1] == 'x' || text[1] == 'X') ? 16 : 10;
    const char *digits = base == 16 ? text + 2 : text;
    char *end;

    if (!isxdigit((unsigned char)digits[0]) || (base == 10 && digits[0] == '0' && digits[1]))
        return false;
    errno = 0;
    *value = strtoull(digits, &end, base);
    return errno == 0 && end != digits && *end == '\0';
}

static int take_uint(const struct place *place, const char *key, const char *text, uint64_t max,
                     uint64_t *value, struct tender_error *error)
{
    char what[160];

    if (!parse_uint(text, value)) {
        snprintf(what, sizeof(what), "\"%.64s\" is not an integer such as 32902 or \"0x8086\"",
                 text);
        return refuse(place, error, key, what);
    }
    if (*value > max) {
        snprintf(what, sizeof(what), "%.64s is out of range (0 to %llu)", text,
                 (unsigned long long)max);
        return refuse(place, error, key, what);
    }
    return 0;
}

/* The keys beside name and type: all of them pointers, NULL where the key is not there. */
static const struct key {
    const char *name;
    size_t offset;
    bool pci, dma, optional;
} keys[] = {
    {"class", offsetof(struct device_json, class_code), .pci = true},
    {"subclass", offsetof(struct device_json, subclass), .pci = true},
    {"progif", offsetof(struct device_json, progif), .pci = true},
    {"vendor", offsetof(struct device_json, vendor), .pci = true},
    {"device_id", offsetof(struct device_json, device_id), .pci = true},
    {"bus_master_enable", offsetof(struct device_json, bus_master_enable), .pci = true,
     .optional = true},
    {"map_bar0", offsetof(struct device_json, map_bar0), .pci = true, .optional = true},
    {"map_bar1", offsetof(struct device_json, map_bar1), .pci = true, .optional = true},
    {"map_bar2", offsetof(struct device_json, map_bar2), .pci = true, .optional = true},
    {"map_bar3", offsetof(struct device_json, map_bar3), .pci = true, .optional = true},
    {"map_bar4", offsetof(struct device_json, map_bar4), .pci = true, .optional = true},
    {"map_bar5", offsetof(struct device_json, map_bar5), .pci = true, .optional = true},
    {"dma_size", offsetof(struct device_json, dma_size), .pci = true, .dma = true,
     .optional = true},
};

static bool is_given(const struct device_json *device, const struct key *key)
{
    void *value;

    memcpy(&value, (const char *)device + key->offset, sizeof(value));
    return value != NULL;
}

/* Which keys there must and may be depends on the device's type. */
static int check_keys(const struct place *place, const struct device_json *device,
                      struct tender_error *error)
{
    char what[64];

    for (size_t i = 0; i < CYAML_ARRAY_LEN(keys); i++) {
        const struct key *key = &keys[i];
        bool allowed = (device->type == MFT_PCI_BASIC && key->pci) ||
                       (device->type == MFT_DMA_BASIC && key->dma);
        bool required = allowed && !(key->optional && device->type == MFT_PCI_BASIC);

        if (is_given(device, key) ? allowed : !required)
            continue;
        snprintf(what, sizeof(what), "%s %s", manifest_type_name((uint32_t)device->type),
                 allowed ? "needs this key" : "has no such key");
        return refuse(place, error, key->name, what);
    }
    return 0;
}

/* What is not mentioned is not wanted. */
static bool is_true(const int *value)
{
    return value && *value;
}

static uint8_t pci_flags(const struct device_json *device)
{
    const int *const bars[] = {device->map_bar0, device->map_bar1, device->map_bar2,
                               device->map_bar3, device->map_bar4, device->map_bar5};
    unsigned flags = is_true(device->bus_master_enable) ? MFT_PCI_BUS_MASTER : 0;

    for (unsigned i = 0; i < CYAML_ARRAY_LEN(bars); i++)
        flags |= is_true(bars[i]) ? MFT_PCI_MAP_BAR(i) : 0;
    return (uint8_t)flags;
}

static int take_pci(const struct place *place, const struct device_json *device,
                    struct mft_pci_basic *pci, struct tender_error *error)
{
    uint64_t vendor, id, class_code, subclass, progif, dma_size = 0;

    if (take_uint(place, "vendor", device->vendor, UINT16_MAX, &vendor, error) ||
        take_uint(place, "device_id", device->device_id, UINT16_MAX, &id, error) ||
        take_uint(place, "class", device->class_code, UINT8_MAX, &class_code, error) ||
        take_uint(place, "subclass", device->subclass, UINT8_MAX, &subclass, error) ||
        take_uint(place, "progif", device->progif, UINT8_MAX, &progif, error))
        return -EINVAL;
    if (device->dma_size &&
        take_uint(place, "dma_size", device->dma_size, DMA_OWN_STRIDE, &dma_size, error))
        return -EINVAL;
    *pci = (struct mft_pci_basic){
        .vendor = (uint16_t)vendor,
        .device = (uint16_t)id,
        .class_code = (uint8_t)class_code,
        .subclass = (uint8_t)subclass,
        .progif = (uint8_t)progif,
        .flags = pci_flags(device),
        .dma_size = dma_size,
    };
    return 0;
}

static int take_device(const char *path, const struct device_json *device, struct mft_entry *entry,
                       struct tender_error *error)
{
    struct place place = {.path = path, .device = device->name};

    if (strlen(device->name) > MFT_NAME_MAX)
        return tender_fail(error, -EINVAL, "%s: name: \"%.*s...\" is longer than %d characters",
                           path, MFT_NAME_MAX, device->name, MFT_NAME_MAX);
    if (check_keys(&place, device, error))
        return -EINVAL;
    memcpy(entry->name, device->name, strlen(device->name));
    entry->type = (uint32_t)device->type;
    if (entry->type == MFT_PCI_BASIC)
        return take_pci(&place, device, &entry->u.pci_basic, error);
    if (entry->type == MFT_DMA_BASIC)
        return take_uint(&place, "dma_size", device->dma_size, DMA_OWN_STRIDE,
                         &entry->u.dma_basic.size, error);
    return 0;
}

static int check_root(const char *path, const struct root_json *root, uint64_t *dma_size,
                      struct tender_error *error)
{
    struct place place = {.path = path};
    uint64_t version;

    *dma_size = 0;
    if (strcmp(root->type, "solo5.manifest") != 0)
        return refuse(&place, error, "type", "must be \"solo5.manifest\"");
    if (take_uint(&place, "version", root->version, UINT32_MAX, &version, error))
        return -EINVAL;
    if (version != MFT_VERSION)
        return refuse(&place, error, "version", "must be 1");
    if (root->dma_size &&
        take_uint(&place, "dma_size", root->dma_size, DMA_OWN_STRIDE, dma_size, error))
        return -EINVAL;
    if (root->devices_count + (*dma_size != 0) > MFT_MAX_ENTRIES - 1)
        return refuse(&place, error, "devices", "too many entries, maximum 63");
    return 0;
}

/* All devices together: their DMA memory and BARs have to fit where the layout puts them. */
static int check_layout(const char *path, const struct mft *mft, struct tender_error *error)
{
    struct place place = {.path = path};
    unsigned pci = 0;
    uint64_t shared = 0;

    for (uint32_t i = 1; i < mft->entries; i++) {
        pci += mft->e[i].type == MFT_PCI_BASIC;
        shared += mft->e[i].type == MFT_DMA_BASIC ? mft->e[i].u.dma_basic.size : 0;
    }
    if (pci > PCI_WINDOW_DEVICES_MAX)
        return refuse(&place, error, "devices", "too many PCI devices, maximum 32");
    if (shared > DMA_OWN_STRIDE)
        return refuse(&place, error, "dma_size", "more than 64 GiB of shared DMA memory");
    return 0;
}

/* The root's dma_size becomes an entry of its own, behind the devices. */
static int add_shared_dma(const char *path, struct mft *mft, uint64_t size,
                          struct tender_error *error)
{
    struct place place = {.path = path};
    struct mft_entry *dma = &mft->e[mft->entries];

    if (size == 0)
        return 0;
    for (uint32_t i = 1; i < mft->entries; i++) {
        if (strcmp(mft->e[i].name, MANIFEST_DMA_NAME) == 0)
            return refuse(&place, error, "dma_size",
                          "this memory is called \"" MANIFEST_DMA_NAME
                          "\"; no device can have that name");
    }
    memcpy(dma->name, MANIFEST_DMA_NAME, sizeof(MANIFEST_DMA_NAME));
    dma->type = MFT_DMA_BASIC;
    dma->u.dma_basic.size = size;
    mft->entries++;
    return 0;
}

static int convert(const char *path, const struct root_json *root, struct mft *mft,
                   struct tender_error *error)
{
    uint64_t dma_size;
    int r = check_root(path, root, &dma_size, error);

    mft->version = MFT_VERSION;
    mft->entries = 1;
    mft->e[0].type = MFT_RESERVED_FIRST;
    for (unsigned i = 0; r == 0 && i < root->devices_count; i++)
        r = take_device(path, &root->devices[i], &mft->e[mft->entries++], error);
    if (r == 0)
        r = add_shared_dma(path, mft, dma_size, error);
    if (r == 0)
        r = check_layout(path, mft, error);
    if (r == 0)
        r = manifest_check(mft, MFT_SIZE(mft->entries), path, error);
    return r;
}

int manifest_load(const char *path, struct mft **mft, struct tender_error *error)
{
    cyaml_data_t *root;
    struct mft *result;
    int r = document_load(path, &root_schema, &root, error);

    if (r)
        return r;
    result = calloc(1, MFT_SIZE(MFT_MAX_ENTRIES));
    r = result ? convert(path, root, result, error)
               : tender_fail(error, -ENOMEM, "%s: no memory for the manifest", path);
    document_free(&root_schema, root);
    if (r)
        free(result);
    else
        *mft = result;
    return r;
}
