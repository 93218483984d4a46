// SPDX-License-Identifier: ISC
#include "host/tender/manifest.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

const char *manifest_type_name(uint32_t type)
{
    switch (type) {
    case MFT_BLOCK_BASIC:
        return "BLOCK_BASIC";
    case MFT_NET_BASIC:
        return "NET_BASIC";
    case MFT_PCI_BASIC:
        return "PCI_BASIC";
    case MFT_DMA_BASIC:
        return "DMA_BASIC";
    }
    return NULL;
}

/* Whatever the locale says: these names stand on command lines. */
static bool is_name(const char *name)
{
    size_t length = strspn(name, "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");

    return length > 0 && name[length] == '\0';
}

/* An untrusted bool may hold any byte. */
static bool is_attached(const struct mft_entry *entry)
{
    uint8_t byte;

    memcpy(&byte, &entry->attached, sizeof byte);
    return byte != 0;
}

static int check_entry(const struct mft *mft, uint32_t i, const char *what,
                       struct tender_error *error)
{
    const struct mft_entry *entry = &mft->e[i];
    uint8_t pci_flags = entry->u.pci_basic.flags;

    if (entry->name[MFT_NAME_MAX] != '\0')
        return tender_fail(error, -EINVAL, "%s: manifest: name of entry %u is not terminated", what,
                           i);
    if (is_attached(entry))
        return tender_fail(error, -EINVAL, "%s: manifest: entry %u claims to be attached", what, i);
    if (i == 0)
        return entry->type == MFT_RESERVED_FIRST && entry->name[0] == '\0'
                   ? 0
                   : tender_fail(error, -EINVAL, "%s: manifest: entry 0 is not the reserved one",
                                 what);
    if (!is_name(entry->name))
        return tender_fail(error, -EINVAL,
                           "%s: manifest: name of entry %u is not made of letters and digits", what,
                           i);
    if (manifest_type_name(entry->type) == NULL)
        return tender_fail(error, -EINVAL, "%s: manifest: device '%s' is of unknown type %u", what,
                           entry->name, entry->type);
    if (entry->type == MFT_PCI_BASIC && (pci_flags & ~MFT_PCI_FLAGS_KNOWN) != 0)
        return tender_fail(error, -EINVAL, "%s: manifest: device '%s' has unknown flags 0x%x", what,
                           entry->name, pci_flags);
    for (uint32_t k = 1; k < i; k++)
        if (strcmp(mft->e[k].name, entry->name) == 0)
            return tender_fail(error, -EINVAL, "%s: manifest: two devices are called '%s'", what,
                               entry->name);
    return 0;
}

int manifest_check(const void *data, size_t size, const char *what, struct tender_error *error)
{
    const struct mft *mft = data;

    if (size < sizeof *mft)
        return tender_fail(error, -EINVAL, "%s: manifest: too short", what);
    if (mft->version != MFT_VERSION)
        return tender_fail(error, -EINVAL, "%s: manifest: version %u, expected %u", what,
                           mft->version, MFT_VERSION);
    if (mft->entries < 1 || mft->entries > MFT_MAX_ENTRIES)
        return tender_fail(error, -EINVAL, "%s: manifest: %u entries, expected 1 to %u", what,
                           mft->entries, MFT_MAX_ENTRIES);
    if (size != MFT_SIZE(mft->entries))
        return tender_fail(error, -EINVAL, "%s: manifest: %zu bytes, but %u entries take %zu", what,
                           size, mft->entries, MFT_SIZE(mft->entries));
    for (uint32_t i = 0; i < mft->entries; i++) {
        int rc = check_entry(mft, i, what, error);

        if (rc < 0)
            return rc;
    }
    return 0;
}

void manifest_guest_copy(struct mft *to, const struct mft *mft)
{
    memcpy(to, mft, MFT_SIZE(mft->entries));
    for (uint32_t i = 0; i < to->entries; i++) {
        to->e[i].backend = 0;
        to->e[i].attached = i > 0;
        memset(to->e[i].pad, 0, sizeof(to->e[i].pad));
    }
}
