// SPDX-License-Identifier: ISC
/* A network card is in use when packets would miss it. */
#include <limits.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/pci_use.h"
#include "host/pci/pci_file.h"

#define LAYERS_MAX 8 /* a VLAN on a bond on a card is three */

struct net_search {
    const struct pci_host *host;
    const char *path;
    const char *interface;
    unsigned layer;
    bool seen; /* the card has an interface here */
    char *reason;
};

static bool in_columns(char *line, unsigned column, const char *word)
{
    char *rest = line, *field = strtok_r(line, " \t\n", &rest);

    while (field && column-- > 0)
        field = strtok_r(NULL, " \t\n", &rest);
    return field && strcmp(field, word) == 0;
}

/* Any route of IPv4: the interface comes first. */
static bool is_route(char *line, const char *interface)
{
    return in_columns(line, 0, interface);
}

/* One of IPv6: it comes last. Every interface has link-local and multicast routes. */
static bool is_ipv6_route(char *line, const char *interface)
{
    return strncmp(line, "fe80", 4) != 0 && strncmp(line, "ff", 2) != 0 &&
           in_columns(line, 9, interface);
}

static bool has_route(const struct pci_host *host, const char *file, const char *interface,
                      bool (*fits)(char *line, const char *interface))
{
    char path[PATH_MAX], *line = NULL;
    size_t room = 0;
    bool found = false;
    FILE *routes = NULL;

    if (pci_host_path(path, sizeof(path), "%s/net/%s", host->proc, file))
        routes = fopen(path, "re");
    while (routes && !found && getline(&line, &room, routes) > 0)
        found = fits(line, interface);
    free(line);
    if (routes)
        fclose(routes);
    return found;
}

static bool carries(const struct pci_host *host, const char *interface, char *reason)
{
    char address[64];

    if (host->has_address(host, interface, address, sizeof(address))) {
        snprintf(reason, PCI_REASON_SIZE, "%.32s has the address %s", interface, address);
        return true;
    }
    if (has_route(host, "route", interface, is_route) ||
        has_route(host, "ipv6_route", interface, is_ipv6_route)) {
        snprintf(reason, PCI_REASON_SIZE, "%.32s has a route", interface);
        return true;
    }
    return false;
}

static bool joined(const struct pci_host *host, const char *interface, char *reason)
{
    char master[PCI_NAME_SIZE];
    uint64_t flags;

    if (pci_file_link(master, sizeof(master), "%s/class/net/%s/master", host->sys, interface) !=
            0 ||
        pci_file_number(&flags, UINT32_MAX, "%s/class/net/%s/flags", host->sys, interface) != 0 ||
        !(flags & IFF_UP))
        return false;
    snprintf(reason, PCI_REASON_SIZE, "%.32s belongs to %.32s and is up", interface, master);
    return true;
}

static bool interface_in_use(const struct net_search *search);

static int look_above(void *arg, const char *name)
{
    const struct net_search *below = arg;
    struct net_search above = *below;

    if (strncmp(name, "upper_", 6) != 0)
        return 0;
    above.interface = name + 6;
    above.layer++;
    return interface_in_use(&above);
}

static bool interface_in_use(const struct net_search *search)
{
    struct net_search copy = *search;
    char folder[PATH_MAX];

    if (search->layer == LAYERS_MAX)
        return false;
    return carries(search->host, search->interface, search->reason) ||
           joined(search->host, search->interface, search->reason) ||
           (pci_host_path(folder, sizeof(folder), "%s/class/net/%s", search->host->sys,
                          search->interface) &&
            pci_host_each(folder, look_above, &copy) != 0);
}

static int look_at_interface(void *arg, const char *name)
{
    struct net_search *search = arg;
    char link[PATH_MAX];

    if (!pci_host_path(link, sizeof(link), "%s/class/net/%s", search->host->sys, name) ||
        !pci_leads_below(link, search->path))
        return 0;
    search->seen = true;
    search->interface = name;
    return interface_in_use(search);
}

bool pci_net_in_use(const struct pci_host *host, const char *path, char reason[PCI_REASON_SIZE])
{
    struct net_search search = {.host = host, .path = path, .reason = reason};
    char folder[PATH_MAX];

    if (!pci_host_path(folder, sizeof(folder), "%s/class/net", host->sys))
        return false;
    if (pci_host_each(folder, look_at_interface, &search) != 0)
        return true;
    /* The kernel keeps this folder as long as there is an interface, and shows only ours in it. */
    if (search.seen || !pci_host_exists("%s/net", path))
        return false;
    snprintf(reason, PCI_REASON_SIZE, "its interface is in another network namespace");
    return true;
}
