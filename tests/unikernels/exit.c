// SPDX-License-Identifier: ISC
/* The ways to end, each with a line that stdio still holds: all but _exit and abort write it out.
 */
#include <solo5.h>
#include <stdlib.h>
#include <unistd.h>

#include "expect.h"

static int status;

static int status_of(const char *argument)
{
    printf("pending");
    return atoi(argument);
}

static void by_return(const char *argument)
{
    status = status_of(argument);
}

static void by_solo5_exit(const char *argument)
{
    solo5_exit(status_of(argument));
}

static void by_exit(const char *argument)
{
    exit(status_of(argument));
}

static void by_quick_exit(const char *argument)
{
    _exit(status_of(argument));
}

static void by_abort(const char *argument)
{
    status_of(argument);
    solo5_abort();
}

static const struct test_case cases[] = {
    {"return", by_return},    {"solo5_exit", by_solo5_exit}, {"exit", by_exit},
    {"_exit", by_quick_exit}, {"abort", by_abort},
};

int solo5_app_main(const struct solo5_start_info *info)
{
    RUN_CASE(cases, info->cmdline);
    return status;
}
