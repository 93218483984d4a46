// SPDX-License-Identifier: ISC
#include "guest/bindings/common/io_info.h"

#include <string.h>

solo5_result_t io_table_init(struct io_table *table, const struct mft *mft,
                             const struct hvt_ext *ext)
{
    *table = (struct io_table){0};
    if (!mft || mft->version != MFT_VERSION || mft->entries == 0 || mft->entries > MFT_MAX_ENTRIES)
        return SOLO5_R_EINVAL;
    table->mft = mft;
    if (ext) {
        table->extended = true;
        table->max_io = ext->block_max_io;
        table->read_only = ext->block_read_only;
    }
    return SOLO5_R_OK;
}

static bool is_acquired(const struct io_table *table, solo5_handle_t handle)
{
    return (table->acquired >> handle & 1) != 0;
}

/* The entry of this name and type that nobody has taken yet; 0: none. */
static solo5_handle_t find(const struct io_table *table, const char *name, uint32_t type)
{
    if (!table->mft || !name)
        return 0;
    for (uint32_t i = 1; i < table->mft->entries; i++) {
        const struct mft_entry *entry = &table->mft->e[i];

        if (entry->type == type && entry->attached && !is_acquired(table, i) &&
            strncmp(entry->name, name, MFT_NAME_SIZE) == 0)
            return i;
    }
    return 0;
}

/* The entry of a handle that was acquired, or NULL. */
static const struct mft_entry *acquired(const struct io_table *table, solo5_handle_t handle,
                                        uint32_t type)
{
    if (handle >= MFT_MAX_ENTRIES || !is_acquired(table, handle) ||
        table->mft->e[handle].type != type)
        return NULL;
    return &table->mft->e[handle];
}

solo5_result_t io_table_net_acquire(struct io_table *table, const char *name,
                                    solo5_handle_t *handle, struct solo5_net_info *info)
{
    solo5_handle_t i = find(table, name, MFT_NET_BASIC);

    if (i == 0 || !handle || !info)
        return SOLO5_R_EINVAL;
    *info = (struct solo5_net_info){.mtu = table->mft->e[i].u.net_basic.mtu};
    memcpy(info->mac_address, table->mft->e[i].u.net_basic.mac, SOLO5_NET_ALEN);
    table->acquired |= 1ull << i;
    *handle = i;
    return SOLO5_R_OK;
}

static uint64_t max_io(const struct io_table *table, const struct mft_entry *entry)
{
    uint64_t block_size = entry->u.block_basic.block_size;

    return table->max_io > block_size ? table->max_io - table->max_io % block_size : block_size;
}

solo5_result_t io_table_block_acquire(struct io_table *table, const char *name,
                                      solo5_handle_t *handle, struct solo5_block_info *info)
{
    solo5_handle_t i = find(table, name, MFT_BLOCK_BASIC);
    const struct mft_entry *entry;

    if (i == 0 || !handle || !info || table->mft->e[i].u.block_basic.block_size == 0)
        return SOLO5_R_EINVAL;
    entry = &table->mft->e[i];
    *info = (struct solo5_block_info){
        .capacity = entry->u.block_basic.capacity,
        .block_size = entry->u.block_basic.block_size,
        .max_io_size = max_io(table, entry),
        .read_only = (table->read_only >> i & 1) != 0,
    };
    table->acquired |= 1ull << i;
    *handle = i;
    return SOLO5_R_OK;
}

solo5_result_t io_table_net_write(const struct io_table *table, solo5_handle_t handle,
                                  const void *buf, size_t size)
{
    const struct mft_entry *entry = acquired(table, handle, MFT_NET_BASIC);

    if (!entry || !buf || size < SOLO5_NET_HLEN ||
        size > entry->u.net_basic.mtu + (size_t)SOLO5_NET_HLEN)
        return SOLO5_R_EINVAL;
    return SOLO5_R_OK;
}

solo5_result_t io_table_net_read(const struct io_table *table, solo5_handle_t handle,
                                 const void *buf, size_t size, const size_t *read_size)
{
    const struct mft_entry *entry = acquired(table, handle, MFT_NET_BASIC);

    if (!entry || !buf || !read_size || size < entry->u.net_basic.mtu + (size_t)SOLO5_NET_HLEN)
        return SOLO5_R_EINVAL;
    return SOLO5_R_OK;
}

/* [offset, offset + size) are whole blocks of the device, at least one. */
static bool in_device(const struct mft_entry *entry, uint64_t offset, uint64_t size)
{
    uint64_t capacity = entry->u.block_basic.capacity;
    uint64_t block_size = entry->u.block_basic.block_size;

    return size > 0 && offset % block_size == 0 && size % block_size == 0 && size <= capacity &&
           offset <= capacity - size;
}

solo5_result_t io_table_block_read(const struct io_table *table, solo5_handle_t handle,
                                   solo5_off_t offset, const void *buf, size_t size)
{
    const struct mft_entry *entry = acquired(table, handle, MFT_BLOCK_BASIC);

    if (!entry || !buf || size > max_io(table, entry) || !in_device(entry, offset, size))
        return SOLO5_R_EINVAL;
    return SOLO5_R_OK;
}

solo5_result_t io_table_block_write(const struct io_table *table, solo5_handle_t handle,
                                    solo5_off_t offset, const void *buf, size_t size)
{
    solo5_result_t result = io_table_block_read(table, handle, offset, buf, size);

    return result == SOLO5_R_OK && (table->read_only >> handle & 1) != 0 ? SOLO5_R_EINVAL : result;
}

solo5_result_t io_table_block_flush(const struct io_table *table, solo5_handle_t handle)
{
    if (!acquired(table, handle, MFT_BLOCK_BASIC))
        return SOLO5_R_EINVAL;
    return table->extended ? SOLO5_R_OK : SOLO5_R_EUNSPEC;
}

solo5_result_t io_table_block_discard(const struct io_table *table, solo5_handle_t handle,
                                      solo5_off_t offset, solo5_off_t size)
{
    const struct mft_entry *entry = acquired(table, handle, MFT_BLOCK_BASIC);

    if (!entry || !in_device(entry, offset, size) || (table->read_only >> handle & 1) != 0)
        return SOLO5_R_EINVAL;
    return table->extended ? SOLO5_R_OK : SOLO5_R_EUNSPEC;
}
