// SPDX-License-Identifier: ISC
/*
 * For test unikernels: a check that is not met is said on the console and ends the unikernel with
 * 1; one that met them all ends with `return success();`.
 */
#ifndef TESTS_UNIKERNELS_EXPECT_H
#define TESTS_UNIKERNELS_EXPECT_H

#include <solo5.h>
#include <stdio.h>
#include <string.h>

#define EXPECT(condition) ((condition) ? (void)0 : expect_failed(__FILE__, __LINE__, #condition))

static inline void expect_failed(const char *file, int line, const char *condition)
{
    printf("%s:%d: not met: %s\n", file, line, condition);
    solo5_exit(SOLO5_EXIT_FAILURE);
}

static inline int success(void)
{
    printf("SUCCESS\n");
    return SOLO5_EXIT_SUCCESS;
}

/*
 * A test of several cases runs the one that its command line names, with what stands behind the
 * name; anything else lists them.
 */
struct test_case {
    const char *name;
    void (*run)(const char *argument);
};

static inline void run_case(const struct test_case *cases, size_t count, const char *cmdline)
{
    size_t length = strcspn(cmdline, " ");
    const char *argument = cmdline + length + (cmdline[length] == ' ');

    for (size_t i = 0; i < count; i++) {
        if (strlen(cases[i].name) == length && strncmp(cases[i].name, cmdline, length) == 0) {
            printf("case %s\n", cases[i].name);
            cases[i].run(argument);
            return;
        }
    }
    for (size_t i = 0; i < count; i++)
        printf("%s\n", cases[i].name);
    solo5_exit(SOLO5_EXIT_FAILURE);
}

#define RUN_CASE(cases, cmdline) run_case(cases, sizeof(cases) / sizeof((cases)[0]), cmdline)

#endif
