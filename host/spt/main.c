// SPDX-License-Identifier: ISC
/* penstock-spt: runs a unikernel in a process of its own behind seccomp. Exit status: the guest's;
 * 1 if the tender refuses; a guest that does what it must not is killed (SIGSYS, SIGSEGV). */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "host/spt/spt.h"
#include "host/spt/spt_options.h"

/* The guest was a child and died of a signal: so do we, without a core of the tender's. */
static void die_alike(int number)
{
    const struct rlimit none = {0, 0};
    sigset_t set;

    setrlimit(RLIMIT_CORE, &none);
    signal(number, SIG_DFL);
    sigemptyset(&set);
    sigaddset(&set, number);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    raise(number);
}

int main(int argc, char **argv)
{
    struct spt *spt;
    int rc, status, killed_by;

    if (spt_options_answered(argc, argv))
        return EXIT_SUCCESS;
    spt = calloc(1, sizeof *spt);
    if (spt == NULL) {
        perror(program_invocation_short_name);
        return EXIT_FAILURE;
    }
    /* A console that went away is not the end of a unikernel. */
    signal(SIGPIPE, SIG_IGN);
    rc = spt_open(spt, argc, argv);
    if (rc == 0)
        rc = spt->pci.count > 0 ? spt_supervise(spt) : spt_launch(spt);
    if (rc < 0)
        fprintf(stderr, "%s: %s\n", program_invocation_short_name, spt->error.text);
    if (spt->misused)
        spt_usage();
    status = rc < 0 ? EXIT_FAILURE : spt->status;
    killed_by = rc < 0 ? 0 : spt->killed_by;
    spt_close(spt);
    free(spt);
    if (killed_by != 0)
        die_alike(killed_by);
    return status;
}
