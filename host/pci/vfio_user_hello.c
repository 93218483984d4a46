// SPDX-License-Identifier: ISC
/* The first two requests of a connection: the protocol's version, and what the device is. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/pci/vfio_user.h"

#define VERSION_DATA_MAX 4096u

unsigned long vfio_user_capability(const char *json, const char *name, unsigned long fallback)
{
    char key[64];
    const char *at;
    char *end;
    unsigned long value;

    snprintf(key, sizeof(key), "\"%s\"", name);
    at = strstr(json, key);
    if (at == NULL)
        return fallback;
    at += strlen(key);
    at += strspn(at, " \t\r\n");
    if (*at++ != ':')
        return fallback;
    at += strspn(at, " \t\r\n");
    if (*at < '0' || *at > '9')
        return fallback;
    errno = 0;
    value = strtoul(at, &end, 10);
    return errno == 0 ? value : fallback;
}

/* The version message: numbers, then text. */
union hello {
    struct vfio_user_version version;
    char bytes[sizeof(struct vfio_user_version) + VERSION_DATA_MAX + 1];
};

static int no_version(const struct vfio_user *vu, const char *where, int code,
                      struct pci_error *error)
{
    if (code == -EBUSY)
        return pci_fail(error, code, "%s: the server serves another client", where);
    if (vu->lost == NULL)
        return pci_fail(error, -EPROTO, "%s: the server refuses our version of vfio-user: %s",
                        where, strerror(-code));
    if (code == -ETIMEDOUT)
        return pci_fail(error, code,
                        "%s: no answer within %d s: whoever listens there does not speak "
                        "vfio-user, or serves another client",
                        where, VFIO_USER_HELLO_MS / 1000);
    return pci_fail(error, -EPROTO, "%s: whoever listens there does not speak vfio-user: %s", where,
                    vu->lost);
}

static int check_version(struct vfio_user *vu, const char *where,
                         const struct vfio_user_version *theirs, struct pci_error *error)
{
    if (theirs->major != VFIO_USER_MAJOR || theirs->minor > VFIO_USER_MINOR)
        return pci_fail(error, -EPROTO,
                        "%s: the server speaks version %u.%u of vfio-user, not %u.%u", where,
                        theirs->major, theirs->minor, VFIO_USER_MAJOR, VFIO_USER_MINOR);
    vu->max_fds =
        (unsigned)vfio_user_capability(theirs->data, "max_msg_fds", VFIO_USER_DEFAULT_MAX_MSG_FDS);
    if (vu->max_fds > VFIO_USER_SEND_FDS)
        vu->max_fds = VFIO_USER_SEND_FDS;
    return 0;
}

static int propose_version(struct vfio_user *vu, const char *where, struct pci_error *error)
{
    union hello ours = {.version = {.major = VFIO_USER_MAJOR, .minor = VFIO_USER_MINOR}};
    union hello theirs;
    int length = snprintf(ours.version.data, VERSION_DATA_MAX,
                          "{\"capabilities\":{\"max_msg_fds\":%u,\"max_data_xfer_size\":%u}}",
                          VFIO_USER_FDS_MAX, VFIO_USER_XFER_MAX);
    struct vfio_user_request request = {.command = VFIO_USER_VERSION,
                                        .payload = &ours,
                                        .size = sizeof(ours.version) + (size_t)length + 1};
    struct vfio_user_reply reply = {
        .payload = &theirs, .min = sizeof(theirs.version), .max = sizeof(theirs) - 1};
    int rc = vfio_user_call(vu, &request, &reply);

    if (rc < 0)
        return no_version(vu, where, rc, error);
    theirs.bytes[reply.size] = '\0';
    return check_version(vu, where, &theirs.version, error);
}

static int ask_device(struct vfio_user *vu, const char *where, struct pci_error *error)
{
    struct vfio_user_device_info info = {.argsz = sizeof(info)};
    struct vfio_user_request request = {
        .command = VFIO_USER_DEVICE_GET_INFO, .payload = &info, .size = sizeof(info)};
    struct vfio_user_device_info answer = {0};
    struct vfio_user_reply reply = {
        .payload = &answer, .min = sizeof(answer), .max = sizeof(answer)};
    int rc = vfio_user_call(vu, &request, &reply);

    if (rc < 0)
        return vfio_user_failed(vu, where, "ask what the device is", rc, error);
    if (!(answer.flags & VFIO_USER_DEVICE_FLAG_PCI) || answer.num_regions <= PCI_REGION_CONFIG)
        return pci_fail(error, -ENODEV, "%s: the server's device is not a PCI device", where);
    vu->flags = answer.flags;
    vu->num_regions = answer.num_regions;
    vu->num_irqs = answer.num_irqs;
    return 0;
}

int vfio_user_hello(struct vfio_user *vu, const char *where, struct pci_error *error)
{
    int rc = propose_version(vu, where, error);

    return rc < 0 ? rc : ask_device(vu, where, error);
}
