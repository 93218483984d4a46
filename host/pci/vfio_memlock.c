// SPDX-License-Identifier: ISC
/*
 * Why memory cannot be pinned for DMA. type1 counts it against the process's RLIMIT_MEMLOCK,
 * iommufd against the same limit for all processes of the user; CAP_IPC_LOCK lifts type1's.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "host/pci/pci_file.h"
#include "host/pci/vfio.h"

#define STATUS_SIZE  8192u
#define CAP_IPC_LOCK 14

/* A number behind "NAME:" in /proc/self/status; 0 if it is not there. */
static uint64_t number(const char *status, const char *name, int base)
{
    const char *at = strstr(status, name);

    return at != NULL ? strtoull(at + strlen(name), NULL, base) : 0;
}

int vfio_memlock_explain(const struct vfio *vfio, uint64_t size, struct pci_error *error)
{
    bool per_user = vfio->domain->iommu == &vfio_iommufd;
    unsigned long long want = size >> 10, limit, locked, pinned;
    char status[STATUS_SIZE] = "";
    struct rlimit rlimit;
    bool exempt;

    pci_file_read(status, sizeof(status), "%s/self/status", vfio_sys_procfs());
    locked = number(status, "\nVmLck:", 10);
    pinned = number(status, "\nVmPin:", 10);
    locked = pinned > locked ? pinned : locked;
    exempt = number(status, "\nCapEff:", 16) >> CAP_IPC_LOCK & 1;
    if (exempt || getrlimit(RLIMIT_MEMLOCK, &rlimit) < 0 || rlimit.rlim_cur == RLIM_INFINITY)
        return pci_fail(error, -ENOMEM, "%s: the kernel has no memory to map %llu KiB for DMA",
                        vfio->host.address, want);
    limit = rlimit.rlim_cur >> 10;
    return pci_fail(
        error, -ENOMEM,
        "%s: cannot lock %llu KiB of DMA memory: %s may lock %llu KiB (RLIMIT_MEMLOCK), "
        "this process has locked %llu KiB; %llu KiB are needed: ulimit -l %llu, or "
        "LimitMEMLOCK=%lluK in a systemd unit, or \"USER - memlock %llu\" in "
        "/etc/security/limits.conf",
        vfio->host.address, want, per_user ? "all processes of this user" : "it", limit, locked,
        locked + want, locked + want, locked + want, locked + want);
}
