// SPDX-License-Identifier: ISC
/* Which network devices a unikernel wants (its manifest), and how it is told what it got. */
#include "host/tender/module_net.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/tender/device_option.h"
#include "host/tender/log.h"

void tender_net_init(struct tender_net *net, const struct mft *mft)
{
    memset(net, 0, sizeof(*net));
    for (unsigned i = 1; i < mft->entries; i++) {
        struct tender_net_device *device = &net->device[net->count];

        if (mft->e[i].type != MFT_NET_BASIC)
            continue;
        memcpy(device->name, mft->e[i].name, sizeof(device->name));
        device->handle = i;
        device->fd = -1;
        net->count++;
    }
}

static struct device_array array(const struct tender_net *net)
{
    return (struct device_array){
        .first = net->device, .count = net->count, .stride = sizeof(net->device[0])};
}

static const struct tender_net_device *by_where(const struct tender_net *net, const char *where)
{
    for (unsigned i = 0; i < net->count; i++) {
        if (net->device[i].where != NULL && strcmp(net->device[i].where, where) == 0)
            return &net->device[i];
    }
    return NULL;
}

int tender_net_option(struct tender_net *net, const char *value, struct tender_error *error)
{
    const struct device_array devices = array(net);
    const struct tender_net_device *other;
    struct tender_net_device *device;
    const char *where;
    int i = device_option(&devices, "--net:", "NAME=IFACE or --net:NAME=@FD", value, &where, error);

    if (i < 0)
        return i;
    device = &net->device[i];
    if (device->where != NULL)
        return tender_fail(error, -EINVAL, "--net:%s: device '%s' is attached already, to %s",
                           value, device->name, device->where);
    other = by_where(net, where);
    if (other != NULL)
        return tender_fail(error, -EINVAL, "--net:%s: this one is device '%s' already", value,
                           other->name);
    device->where = strdup(where);
    return device->where != NULL ? 0 : tender_fail(error, -ENOMEM, "--net:%s: no memory", value);
}

/* One or two hexadecimal digits; where they end, or NULL. */
static const char *parse_byte(const char *text, uint8_t *byte)
{
    char digits[3] = {0};
    unsigned length = 0;

    while (length < 2 && isxdigit((unsigned char)text[length])) {
        digits[length] = text[length];
        length++;
    }
    *byte = (uint8_t)strtoul(digits, NULL, 16);
    return length > 0 ? text + length : NULL;
}

static bool parse_mac(const char *text, uint8_t mac[6])
{
    for (unsigned i = 0; i < 6; i++) {
        text = parse_byte(text, &mac[i]);
        if (text == NULL || *text != (i < 5 ? ':' : '\0'))
            return false;
        text++;
    }
    return true;
}

static bool is_unicast(const uint8_t mac[6])
{
    static const uint8_t none[6];

    return (mac[0] & 1) == 0 && memcmp(mac, none, sizeof(none)) != 0;
}

int tender_net_mac_option(struct tender_net *net, const char *value, struct tender_error *error)
{
    const struct device_array devices = array(net);
    struct tender_net_device *device;
    const char *text;
    int i = device_option(&devices, "--net-mac:", "NAME=xx:xx:xx:xx:xx:xx", value, &text, error);

    if (i < 0)
        return i;
    device = &net->device[i];
    if (device->has_mac)
        return tender_fail(error, -EINVAL, "--net-mac:%s: device '%s' has a MAC address already",
                           value, device->name);
    if (!parse_mac(text, device->mac))
        return tender_fail(error, -EINVAL,
                           "Malformed argument to --net-mac: '%s' (six bytes: xx:xx:xx:xx:xx:xx)",
                           value);
    if (!is_unicast(device->mac))
        return tender_fail(error, -EINVAL, "--net-mac:%s: this is not a unicast address", value);
    device->has_mac = true;
    return 0;
}

void tender_net_close(struct tender_net *net)
{
    for (unsigned i = 0; i < net->count; i++) {
        struct tender_net_device *device = &net->device[i];

        if (device->dropped > 0)
            tender_debug("device '%s' (%s): %llu frames were dropped", device->name, device->where,
                         (unsigned long long)device->dropped);
        if (device->fd >= 0)
            close(device->fd);
        device->fd = -1;
        free(device->where);
        device->where = NULL;
    }
    net->count = 0;
}

void tender_net_describe(const struct tender_net *net, struct mft *mft)
{
    for (unsigned i = 0; i < net->count; i++) {
        const struct tender_net_device *device = &net->device[i];
        struct mft_entry *entry = &mft->e[device->handle];

        memset(&entry->u, 0, sizeof(entry->u));
        memcpy(entry->u.net_basic.mac, device->mac, sizeof(device->mac));
        entry->u.net_basic.mtu = device->mtu;
    }
}

struct tender_net_device *tender_net_find(struct tender_net *net, uint64_t handle)
{
    for (unsigned i = 0; i < net->count; i++) {
        if (net->device[i].handle == handle && net->device[i].fd >= 0)
            return &net->device[i];
    }
    return NULL;
}
