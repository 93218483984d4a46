// SPDX-License-Identifier: ISC
#include "guard.h"

#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>

/* Nothing else in this process is mapped from a file that others can shrink, its own code excepted:
 * that is no client's. */
static void on_lost_page(int number, siginfo_t *info, void *context)
{
    static const uintptr_t page_sizes[] = {4096, 2u << 20}; /* ordinary; hugetlbfs */
    int saved = errno;

    (void)context;
    for (unsigned i = 0; i < 2 && info->si_code == BUS_ADRERR; i++) {
        uintptr_t page = (uintptr_t)info->si_addr & ~(page_sizes[i] - 1);

        if (mmap((void *)page, page_sizes[i], PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED) {
            errno = saved;
            return;
        }
    }
    signal(number, SIG_DFL); /* the access is repeated, and is fatal then */
}

int emu_guard_install(void)
{
    struct sigaction action = {.sa_sigaction = on_lost_page, .sa_flags = SA_SIGINFO};

    sigemptyset(&action.sa_mask);
    return sigaction(SIGBUS, &action, NULL) == 0 ? 0 : -errno;
}
