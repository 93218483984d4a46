// SPDX-License-Identifier: ISC
/* Bringing a device to where it can be used, and to where it does nothing any more. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host/pci/pci_config.h"
#include "host/pci/pci_file.h"
#include "host/pci/sysfs.h"

#define CAP_EXPRESS    0x10u
#define EXPRESS_STATUS 0x0au     /* Device Status (PCIe 3.0, 7.8.5) */
#define STATUS_PENDING (1u << 5) /* Transactions Pending */
#define COMMAND_GONE   0xffffu   /* what a device that is not there reads as */
#define QUIET_TRIES    1000      /* of 1 ms */

static int write_file(const struct sysfs *sf, const char *name, const char *text)
{
    char path[SYSFS_PATH_SIZE];
    int fd, rc = 0;

    snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/%s", sf->host->sys, sf->about.address,
             name);
    fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return -errno;
    if (write(fd, text, strlen(text)) < 0)
        rc = -errno;
    close(fd);
    return rc;
}

static bool file_says(const struct sysfs *sf, const char *name, const char *text)
{
    char is[PCI_NAME_SIZE];

    return pci_file_read(is, sizeof(is), "%s/bus/pci/devices/%s/%s", sf->host->sys,
                         sf->about.address, name) == 0 &&
           strcmp(is, text) == 0;
}

static int save_command(struct sysfs *sf)
{
    uint64_t command = 0;
    int rc;

    if (sf->used)
        return 0;
    rc = pci_region_read(&sf->access, PCI_REGION_CONFIG, PCI_CONFIG_COMMAND, 2, &command);
    if (rc < 0)
        return rc;
    sf->command = (uint16_t)command;
    sf->used = true;
    return 0;
}

int sysfs_wake(struct sysfs *sf)
{
    int rc = 0;

    if (sf->awake)
        return 0;
    if (file_says(sf, "power/control", "auto"))
        sf->kept_awake = write_file(sf, "power/control", "on") == 0;
    /* With a driver this is the driver's to do. */
    if (sf->about.driver[0] == '\0' && file_says(sf, "enable", "0")) {
        rc = write_file(sf, "enable", "1");
        sf->switched_on = rc == 0;
    }
    if (rc == 0)
        rc = save_command(sf);
    if (rc < 0)
        return rc;
    sf->awake = true; /* before the next, which asks */
    /* Nobody would answer an INTx, and it may be others' line as well. */
    return pci_config_change(&sf->access, PCI_CONFIG_COMMAND, 0,
                             PCI_COMMAND_MEMORY | PCI_COMMAND_INTX_OFF);
}

void sysfs_sleep(struct sysfs *sf)
{
    if (sf->switched_on)
        write_file(sf, "enable", "0");
    if (sf->kept_awake)
        write_file(sf, "power/control", "auto");
    sf->switched_on = sf->kept_awake = sf->awake = false;
}

void sysfs_restore(struct sysfs *sf)
{
    if (sf->used && sf->command != COMMAND_GONE)
        pci_region_write(&sf->access, PCI_REGION_CONFIG, PCI_CONFIG_COMMAND, 2,
                         sf->command & ~PCI_COMMAND_MASTER);
}

/* What the device asked for and has not been answered yet; a device of old PCI cannot say. */
static int wait_for_requests(struct sysfs *sf)
{
    unsigned cap;
    int rc = pci_config_capability(&sf->access, CAP_EXPRESS, &cap);

    for (unsigned i = 0; rc == 0 && cap != 0 && i < QUIET_TRIES; i++) {
        const struct timespec pause = {.tv_nsec = 1000000};
        uint64_t status;

        rc = pci_region_read(&sf->access, PCI_REGION_CONFIG, cap + EXPRESS_STATUS, 2, &status);
        if (rc < 0 || !(status & STATUS_PENDING))
            return rc;
        nanosleep(&pause, NULL);
    }
    return rc < 0 || cap == 0 ? rc : -ETIMEDOUT;
}

int sysfs_quiet(struct sysfs *sf)
{
    uint64_t command = 0;
    int rc = pci_config_change(&sf->access, PCI_CONFIG_COMMAND, PCI_COMMAND_MASTER, 0);

    /* The answer to a read comes behind all that the device wrote before it (PCIe 3.0, 2.4.1). */
    if (rc == 0)
        rc = pci_region_read(&sf->access, PCI_REGION_CONFIG, PCI_CONFIG_COMMAND, 2, &command);
    if (rc < 0 || command == COMMAND_GONE)
        return rc;
    return command & PCI_COMMAND_MASTER ? -EIO : wait_for_requests(sf);
}
