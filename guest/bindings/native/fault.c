// SPDX-License-Identifier: ISC
/*
 * A unikernel that does what it must not: its devices are stopped, then the process dies of it, as
 * it would have. But one that touched registers that are gone (SIGBUS) is told so, not killed.
 *
 * The signals come from the unikernel's own instructions or from abort(3), on its own thread, which
 * is not within the tender's part then: that part touches no register and no memory of the
 * unikernel's beside what it was given.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

#include "guest/bindings/native/native.h"

#define STACK_SIZE (64u << 10) /* the unikernel's may be what is used up */

static const int faults[] = {SIGBUS, SIGSEGV, SIGILL, SIGFPE, SIGABRT};

static void on_fault(int number, siginfo_t *info, void *context)
{
    const struct sigaction defaults = {.sa_handler = SIG_DFL};
    struct tender_error error;
    struct timespec patience;
    uint64_t addr = (uint64_t)(uintptr_t)info->si_addr;

    (void)context;
    clock_gettime(CLOCK_REALTIME, &patience);
    patience.tv_sec += 1;
    /* Another thread that keeps it is about to end the process. */
    if (pthread_mutex_timedlock(&native.lock, &patience) == 0) {
        if (number == SIGBUS && tender_pci_fault(&native.pci, addr, &error) < 0) {
            fprintf(stderr, "%s: %s\n", program_invocation_short_name, error.text);
            tender_pci_quiesce(&native.pci);
            _exit(EXIT_FAILURE);
        }
        tender_pci_quiesce(&native.pci);
        pthread_mutex_unlock(&native.lock);
    }
    /* The instruction is repeated; what somebody sent is not. */
    sigaction(number, &defaults, NULL);
    if (info->si_code <= 0)
        raise(number);
}

/* A program that was built with a sanitizer, or is run by somebody, may have one of its own. */
static bool is_free(int number)
{
    struct sigaction old;

    return sigaction(number, NULL, &old) == 0 && old.sa_handler == SIG_DFL;
}

int native_catch_faults(struct tender_error *error)
{
    const struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    stack_t stack = {.ss_size = STACK_SIZE}, old;

    if (native.pci.count == 0)
        return 0;
    if (sigaltstack(NULL, &old) == 0 && (old.ss_flags & SS_DISABLE)) {
        stack.ss_sp =
            mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (stack.ss_sp == MAP_FAILED || sigaltstack(&stack, NULL) < 0)
            return tender_fail(error, -errno, "no stack for faults: %s", strerror(errno));
    }
    for (unsigned i = 0; i < sizeof(faults) / sizeof(faults[0]); i++) {
        if (is_free(faults[i]))
            sigaction(faults[i], &action, NULL);
    }
    return 0;
}
