// SPDX-License-Identifier: ISC
/* From the name of a TAP, or a descriptor that somebody opened before, to a network device. */
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/tender/log.h"
#include "host/tender/module_net.h"

#define MTU_DEFAULT 1500

static struct ifreq request(const char *interface)
{
    struct ifreq ifr = {0};

    memcpy(ifr.ifr_name, interface, strnlen(interface, IFNAMSIZ - 1));
    return ifr;
}

static int attach_fails(const char *interface, const char *why, int code,
                        struct tender_error *error)
{
    return tender_fail(error, -code, "Could not attach interface: %s: %s", interface, why);
}

/* Of an interface of this network namespace. */
static int check_up(int socket_fd, const char *interface, struct tender_error *error)
{
    struct ifreq ifr = request(interface);

    if (ioctl(socket_fd, SIOCGIFFLAGS, &ifr) < 0)
        return errno == ENODEV
                   ? tender_fail(error, -ENODEV,
                                 "Could not attach interface: %s: there is none of this name "
                                 "('ip tuntap add dev %s mode tap' makes one)",
                                 interface, interface)
                   : attach_fails(interface, strerror(errno), errno, error);
    if ((ifr.ifr_flags & IFF_UP) == 0)
        return tender_fail(error, -ENETDOWN,
                           "Could not attach interface: %s: it is down ('ip link set dev %s up')",
                           interface, interface);
    return 0;
}

static int read_mtu(int socket_fd, const char *interface, uint16_t *mtu, struct tender_error *error)
{
    struct ifreq ifr = request(interface);

    if (ioctl(socket_fd, SIOCGIFMTU, &ifr) < 0)
        return attach_fails(interface, strerror(errno), errno, error);
    if (ifr.ifr_mtu <= 0 || ifr.ifr_mtu > UINT16_MAX)
        return tender_fail(error, -EINVAL, "Could not attach interface: %s: its MTU is %d",
                           interface, ifr.ifr_mtu);
    *mtu = (uint16_t)ifr.ifr_mtu;
    return 0;
}

static const char *refusal(int code)
{
    switch (code) {
    case EBUSY:
        return "another process has it";
    case EINVAL:
        return "it is not a TAP with a single queue";
    case EPERM:
        return "no permission (it is root's, or its owner's: 'ip tuntap add ... user NAME')";
    default:
        return strerror(code);
    }
}

static int open_interface(struct tender_net_device *device, int socket_fd,
                          struct tender_error *error)
{
    struct ifreq ifr = request(device->where);
    int rc;

    if (strlen(device->where) >= IFNAMSIZ)
        return attach_fails(device->where, "no interface has so long a name", EINVAL, error);
    rc = check_up(socket_fd, device->where, error);
    if (rc < 0)
        return rc;
    device->fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
    if (device->fd < 0)
        return tender_fail(error, -errno, "Could not attach interface: %s: /dev/net/tun: %s",
                           device->where, strerror(errno));
    ifr.ifr_flags = IFF_TAP | IFF_NO_PI;
    if (ioctl(device->fd, TUNSETIFF, &ifr) < 0)
        return attach_fails(device->where, refusal(errno), errno, error);
    /* What its last user could take: checksums left open, frames of 64 KiB. */
    (void)ioctl(device->fd, TUNSETOFFLOAD, 0);
    return read_mtu(socket_fd, device->where, &device->mtu, error);
}

/* Whether the interface of this name, here, is the one behind the descriptor. */
static bool is_here(int socket_fd, int fd, const char *interface)
{
    struct ifreq here = request(interface), there = request(interface);

    return ioctl(socket_fd, SIOCGIFHWADDR, &here) == 0 && ioctl(fd, SIOCGIFHWADDR, &there) == 0 &&
           memcmp(here.ifr_hwaddr.sa_data, there.ifr_hwaddr.sa_data, 6) == 0;
}

static int take_tap(struct tender_net_device *device, int socket_fd, const struct ifreq *ifr,
                    struct tender_error *error)
{
    int rc;

    /* TUNGETIFF has IFF_NOFILTER where IFF_NO_PI would be, so that one is taken on trust. */
    if ((ifr->ifr_flags & IFF_TAP) == 0 || (ifr->ifr_flags & IFF_VNET_HDR) != 0)
        return attach_fails(device->where,
                            "it must be a TAP opened with IFF_TAP and IFF_NO_PI, without "
                            "IFF_VNET_HDR",
                            EINVAL, error);
    (void)ioctl(device->fd, TUNSETOFFLOAD, 0);
    if (is_here(socket_fd, device->fd, ifr->ifr_name)) {
        rc = check_up(socket_fd, ifr->ifr_name, error);
        return rc < 0 ? rc : read_mtu(socket_fd, ifr->ifr_name, &device->mtu, error);
    }
    device->mtu = MTU_DEFAULT;
    tender_warn("%s: its interface %s is not in this network namespace; taking its MTU for %u",
                device->where, ifr->ifr_name, device->mtu);
    return 0;
}

static bool is_datagram_socket(int fd)
{
    socklen_t size = sizeof(int);
    int type;

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
           (type == SOCK_DGRAM || type == SOCK_SEQPACKET);
}

static int parse_descriptor(const char *text, int *fd)
{
    unsigned long value;
    char *end;

    errno = 0;
    value = strtoul(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || value > INT32_MAX)
        return -EINVAL;
    *fd = (int)value;
    return 0;
}

static int take_descriptor(struct tender_net_device *device, int socket_fd,
                           struct tender_error *error)
{
    struct ifreq ifr = {0};
    int fd, flags;

    if (parse_descriptor(device->where + 1, &fd) < 0)
        return attach_fails(device->where, "this is not the number of a descriptor", EINVAL, error);
    /* What came from the parent outlasted an exec; what does not is this process's own. */
    flags = fcntl(fd, F_GETFD);
    if (flags < 0 || (flags & FD_CLOEXEC) != 0)
        return attach_fails(device->where, "no such descriptor is open", EBADF, error);
    device->fd = fd;
    flags = fcntl(fd, F_GETFL);
    if (flags < 0 || (flags & O_ACCMODE) != O_RDWR || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
        fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
        return attach_fails(device->where, "it is not open for reading and writing", EINVAL, error);
    if (ioctl(fd, TUNGETIFF, &ifr) == 0)
        return take_tap(device, socket_fd, &ifr, error);
    if (!is_datagram_socket(fd))
        return attach_fails(device->where, "this is neither a TAP nor a datagram socket", EINVAL,
                            error);
    device->mtu = MTU_DEFAULT;
    return 0;
}

/* Unicast, and of nobody's stock (IEEE 802, U/L bit). */
static int make_mac(uint8_t mac[6], struct tender_error *error)
{
    if (getrandom(mac, 6, 0) != 6)
        return tender_fail(error, -EIO, "no random numbers for a MAC address");
    mac[0] = (uint8_t)((mac[0] & ~1u) | 2u);
    return 0;
}

static int open_device(struct tender_net_device *device, int socket_fd, struct tender_error *error)
{
    int rc = device->where[0] == '@' ? take_descriptor(device, socket_fd, error)
                                     : open_interface(device, socket_fd, error);

    return rc == 0 && !device->has_mac ? make_mac(device->mac, error) : rc;
}

int tender_net_open(struct tender_net *net, struct tender_error *error)
{
    int rc = 0, socket_fd;

    if (net->count == 0)
        return 0;
    for (unsigned i = 0; i < net->count; i++) {
        const char *name = net->device[i].name;

        if (net->device[i].where == NULL)
            return tender_fail(error, -ENODEV,
                               "Device '%s' of type NET_BASIC declared but not attached: "
                               "add --net:%s=IFACE",
                               name, name);
    }
    /* Any socket will do for the ioctls of netdevice(7), and this kind is always there. */
    socket_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (socket_fd < 0)
        return tender_fail(error, -errno, "socket: %s", strerror(errno));
    for (unsigned i = 0; rc == 0 && i < net->count; i++)
        rc = open_device(&net->device[i], socket_fd, error);
    close(socket_fd);
    return rc;
}
