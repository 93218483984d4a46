// SPDX-License-Identifier: ISC
/* Greets, repeats its command line, and leaves. */
#include <solo5.h>
#include <stdio.h>

int solo5_app_main(const struct solo5_start_info *info)
{
    printf("Hello from Penstock.\n");
    if (info->cmdline[0])
        printf("You said: %s\n", info->cmdline);
    return SOLO5_EXIT_SUCCESS;
}
