// SPDX-License-Identifier: ISC
/* The bindings alone: the heap is the unikernel's, and there is no stdio. */
#include <solo5.h>
#include <string.h>

static void say(const char *text)
{
    solo5_console_write(text, strlen(text));
}

int solo5_app_main(const struct solo5_start_info *info)
{
    volatile char *heap = (char *)info->heap_start;

    if (strcmp(info->cmdline, "one  two") != 0 || info->heap_size < 1 << 20)
        return SOLO5_EXIT_FAILURE;
    if (heap[0] != 0 || heap[info->heap_size - 1] != 0)
        return SOLO5_EXIT_FAILURE;
    heap[0] = heap[info->heap_size - 1] = 1;
    say("SUCCESS\n");
    return SOLO5_EXIT_SUCCESS;
}
