// SPDX-License-Identifier: ISC
/*
 * The NET_BASIC devices of one unikernel, for every tender: from the manifest and the --net: and
 * --net-mac: options to open descriptors, and Ethernet frames through them.
 *
 * hvt and native move frames with tender_net_read and tender_net_write; on spt the guest reads and
 * writes the descriptors itself.
 */
#ifndef PENSTOCK_TENDER_MODULE_NET_H
#define PENSTOCK_TENDER_MODULE_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/hvt.h" /* enum hvt_result */
#include "abi/manifest.h"
#include "host/tender/error.h"

#define TENDER_NET_HLEN 14u /* destination, source, type: not part of the MTU */

struct tender_net_device {
    char name[MFT_NAME_SIZE];
    unsigned handle; /* index in the manifest */
    char *where;     /* of the option: an interface, or @ and a descriptor; NULL: not attached */
    bool has_mac;    /* by option; else tender_net_open makes one up */
    uint8_t mac[6];
    uint16_t mtu;     /* bytes without the Ethernet header, as the interface had it */
    int fd;           /* non-blocking, one frame for each read or write; -1: not open */
    bool gone;        /* the interface has been taken away: nothing comes any more */
    bool warned;      /* that frames are dropped: said once */
    uint64_t dropped; /* frames that the host did not take */
};

struct tender_net {
    unsigned count;
    struct tender_net_device device[MFT_MAX_ENTRIES - 1];
};

/* Takes the NET_BASIC entries of a manifest that was validated. */
void tender_net_init(struct tender_net *net, const struct mft *mft);

/*
 * What stands behind "--net:" (NAME=IFACE or NAME=@FD) and "--net-mac:" (NAME=xx:xx:xx:xx:xx:xx).
 * They only remember. -EINVAL: not of that form, a name that is not in the manifest, given twice, a
 * MAC address that is not unicast.
 */
int tender_net_option(struct tender_net *net, const char *value, struct tender_error *error);
int tender_net_mac_option(struct tender_net *net, const char *value, struct tender_error *error);

/*
 * Opens all of them. An interface must be a TAP that exists and is up; a descriptor must be an open
 * TAP (or macvtap), or a connected datagram socket, whose MTU is 1500. -ENODEV: one of the
 * manifest's devices has no option.
 */
int tender_net_open(struct tender_net *net, struct tender_error *error);

/* Also of a zeroed object, and twice. */
void tender_net_close(struct tender_net *net);

/* Writes MAC address and MTU to a guest's copy of the manifest: nothing of the host. */
void tender_net_describe(const struct tender_net *net, struct mft *mft);

/* The open device of a handle that a guest named, or NULL. */
struct tender_net_device *tender_net_find(struct tender_net *net, uint64_t handle);

/*
 * Sends one frame. HVT_R_OK: sent, or dropped, because the host does not take it now (said once,
 * counted). HVT_R_EINVAL: shorter than a header, or longer than mtu + 14.
 */
int tender_net_write(struct tender_net_device *device, const void *frame, uint64_t size);

/*
 * Receives one frame of at most *size bytes (longer ones are cut) and sets *size. HVT_R_AGAIN:
 * there is none. HVT_R_EINVAL: no room for a header.
 */
int tender_net_read(struct tender_net_device *device, void *frame, uint64_t *size);

/*
 * What poll() said of its descriptor (asked for POLLIN): whether there is something to read.
 * Notices that the interface has been taken away; such a device is not to be polled again.
 */
bool tender_net_is_ready(struct tender_net_device *device, short revents);

#endif
