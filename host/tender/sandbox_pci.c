// SPDX-License-Identifier: ISC
#include <sys/syscall.h>

#include "host/tender/sandbox.h"

void tender_sandbox_allow_pci(struct tender_sandbox *sandbox, const struct pci_access *access)
{
    struct pci_syscall calls[PCI_SYSCALLS_MAX];
    unsigned count = access != NULL ? pci_syscalls(access, calls) : 0;

    for (unsigned i = 0; i < count; i++) {
        if (calls[i].number == SYS_ioctl)
            tender_sandbox_allow_ioctl(sandbox, calls[i].fd, calls[i].request);
        else
            tender_sandbox_allow_fd(sandbox, (int)calls[i].number, calls[i].fd);
    }
}
