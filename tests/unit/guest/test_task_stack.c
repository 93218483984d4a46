// SPDX-License-Identifier: ISC
/* The mark that stands in for a guard page on hvt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <penstock/task.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guest/task/stack.h"

static void test_a_stack_in_bounds_is_fine(void **state)
{
    char *stack = task_stack_alloc();

    (void)state;
    assert_non_null(stack);
    assert_int_equal((uintptr_t)stack % 16, 0);
    memset(stack + 64, 0, TASK_STACK_SIZE - 64);
    task_stack_check(stack);
    task_stack_free(stack);
}

static void test_an_overflow_aborts(void **state)
{
    char *stack = task_stack_alloc();
    int status;
    pid_t child;

    (void)state;
    assert_non_null(stack);
    child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        stack[63] = 0;
        task_stack_check(stack);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    task_stack_free(stack);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_stack_in_bounds_is_fine),
        cmocka_unit_test(test_an_overflow_aborts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
