// SPDX-License-Identifier: ISC
/* Reads thread-local storage that was never set up, below and at its base: at address 0, which is
 * not there. */
#include <solo5.h>
#include <string.h>

int solo5_app_main(const struct solo5_start_info *info)
{
    static const char message[] = "read it\n";

    if (strcmp(info->cmdline, "at") == 0)
        __asm__ __volatile__("movq %%fs:0x28, %%rax" ::: "rax");
    if (strcmp(info->cmdline, "below") == 0)
        __asm__ __volatile__("movq %%fs:-8, %%rax" ::: "rax");
    solo5_console_write(message, sizeof(message) - 1);
    return SOLO5_EXIT_FAILURE;
}
