// SPDX-License-Identifier: ISC
/* penstock-hvt: runs a unikernel in a virtual machine of KVM. Exit status: the guest's; 1 if the
 * tender refuses; 255 if the guest traps. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "host/hvt/hvt.h"
#include "host/hvt/hvt_options.h"

int main(int argc, char **argv)
{
    struct hvt *hvt;
    int rc, status;

    if (hvt_options_answered(argc, argv))
        return EXIT_SUCCESS;
    hvt = calloc(1, sizeof *hvt);
    if (hvt == NULL) {
        perror(program_invocation_short_name);
        return EXIT_FAILURE;
    }
    rc = hvt_open(hvt, argc, argv);
    if (rc == 0) {
        rc = hvt_run(hvt);
        /* The memory that a core file or a debugger shows is not written to any more. */
        tender_pci_quiesce(&hvt->pci);
        if (rc == 0)
            rc = hvt_dump_core(hvt);
        gdb_close(hvt, rc < 0 ? EXIT_FAILURE : hvt->status);
        if (hvt->stats_at_end)
            stats_print(&hvt->stats);
    }
    if (rc < 0)
        fprintf(stderr, "%s: %s\n", program_invocation_short_name, hvt->error.text);
    if (hvt->misused)
        hvt_usage();
    status = rc < 0 ? EXIT_FAILURE : hvt->status;
    hvt_close(hvt);
    free(hvt);
    return status;
}
