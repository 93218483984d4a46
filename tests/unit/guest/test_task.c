// SPDX-License-Identifier: ISC
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fenv.h>
#include <penstock/task.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_time.h"

#define MS 1000000ull

/* What happened, in order. */
static struct {
    char text[256];
} note;

static void say(const char *word)
{
    strncat(note.text, word, sizeof(note.text) - strlen(note.text) - 1);
}

static int reset(void **state)
{
    (void)state;
    note.text[0] = '\0';
    fake_time.yields = 0;
    fake_time.slept = 0;
    fake_time.wakes = NULL;
    return 0;
}

/* ---- Turns ---- */

static void say_thrice(void *arg)
{
    for (int i = 0; i < 3; i++) {
        say(arg);
        task_yield();
    }
}

static void test_yield_takes_turns(void **state)
{
    (void)state;
    assert_int_equal(task_spawn(say_thrice, "a"), 0);
    assert_int_equal(task_spawn(say_thrice, "b"), 0);
    assert_string_equal(note.text, "");
    task_run();
    assert_string_equal(note.text, "ababab");
}

static void spawn_another(void *arg)
{
    say("1");
    assert_int_equal(task_spawn(say_thrice, arg), 0);
    say("2");
}

static void test_a_task_starts_tasks(void **state)
{
    (void)state;
    assert_int_equal(task_spawn(spawn_another, "x"), 0);
    task_run();
    assert_string_equal(note.text, "12xxx");
}

static void test_run_without_tasks_returns(void **state)
{
    (void)state;
    task_run();
    assert_int_equal(fake_time.yields, 0);
}

/* ---- Time ---- */

static void sleep_and_say(void *arg)
{
    const char *word = arg;

    task_sleep((solo5_time_t)(word[0] - '0') * MS);
    say(word);
}

static void test_sleepers_wake_in_order(void **state)
{
    static char words[][2] = {"5", "1", "3", "9", "2", "7", "4", "8", "6"};
    solo5_time_t start = solo5_clock_monotonic();

    (void)state;
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        assert_int_equal(task_spawn(sleep_and_say, words[i]), 0);
    task_run();
    assert_string_equal(note.text, "123456789");
    assert_true(fake_time.now - start >= 9 * MS);
    assert_true(fake_time.now - start < 10 * MS);
    assert_true(fake_time.slept > 5 * MS); /* in solo5_yield, not by polling */
}

static void test_main_sleeps_too(void **state)
{
    solo5_time_t start = solo5_clock_monotonic();

    (void)state;
    assert_int_equal(task_spawn(sleep_and_say, "2"), 0);
    task_sleep(5 * MS);
    assert_string_equal(note.text, "2");
    assert_true(fake_time.now - start >= 5 * MS);
    task_run();
}

static void test_many_timers(void **state)
{
    static char words[200][2];

    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        words[i][0] = (char)('0' + (i * 7) % 10);
        assert_int_equal(task_spawn(sleep_and_say, words[i]), 0);
    }
    task_run();
    assert_int_equal(strlen(note.text), 200);
    for (unsigned i = 1; i < 200; i++)
        assert_true(note.text[i - 1] <= note.text[i]);
}

/* ---- Queues ---- */

static struct task_queue queue;

static void wait_and_say(void *arg)
{
    assert_int_equal(task_wait(&queue, TASK_NEVER), 0);
    say(arg);
}

static void wake_later(void *arg)
{
    (void)arg;
    task_sleep(MS);
    say("wake ");
    task_wake(&queue);
}

static void test_wake_wakes_all(void **state)
{
    (void)state;
    assert_int_equal(task_spawn(wait_and_say, "a"), 0);
    assert_int_equal(task_spawn(wait_and_say, "b"), 0);
    assert_int_equal(task_spawn(wake_later, NULL), 0);
    task_run();
    assert_string_equal(note.text, "wake ab");
    assert_null(queue.first);
    task_wake(&queue); /* nobody there */
}

static void wait_in_vain(void *arg)
{
    solo5_time_t start = solo5_clock_monotonic();

    assert_int_equal(task_wait(&queue, start + 3 * MS), -ETIMEDOUT);
    assert_true(fake_time.now - start >= 3 * MS);
    say(arg);
}

static void test_wait_times_out(void **state)
{
    (void)state;
    assert_int_equal(task_spawn(wait_in_vain, "t"), 0);
    task_run();
    assert_string_equal(note.text, "t");
    assert_null(queue.first);
}

static void wait_long(void *arg)
{
    solo5_time_t now = solo5_clock_monotonic();

    assert_int_equal(task_wait(&queue, now + 1000 * MS), 0);
    assert_int_equal(task_wait(&queue, solo5_clock_monotonic() + 2 * MS), -ETIMEDOUT);
    assert_true(fake_time.now - now < 5 * MS); /* the first deadline is forgotten */
    say(arg);
}

static void test_wake_before_deadline(void **state)
{
    (void)state;
    assert_int_equal(task_spawn(wait_long, "ok"), 0);
    assert_int_equal(task_spawn(wake_later, NULL), 0);
    task_run();
    assert_string_equal(note.text, "wake ok");
}

static void test_timeout_leaves_the_others(void **state)
{
    (void)state;
    assert_int_equal(task_spawn(wait_and_say, "a"), 0);
    assert_int_equal(task_spawn(wait_in_vain, "t"), 0);
    assert_int_equal(task_spawn(wait_and_say, "b"), 0);
    task_sleep(5 * MS);
    assert_string_equal(note.text, "t");
    task_wake(&queue);
    task_run();
    assert_string_equal(note.text, "tab");
}

/* ---- Pollers and sleep ---- */

static struct fake_poller {
    struct task_poller poller; /* first, so that one is the other */
    unsigned polls;
    unsigned found; /* polls that find something */
    int arm_result;
    unsigned arms;
} device;

static bool fake_poll(struct task_poller *self)
{
    struct fake_poller *d = (struct fake_poller *)self;

    d->polls++;
    if (d->found == 0)
        return false;
    if (--d->found == 0)
        task_wake(&queue);
    return true;
}

static int fake_arm(struct task_poller *self, solo5_time_t *deadline)
{
    struct fake_poller *d = (struct fake_poller *)self;

    (void)deadline;
    d->arms++;
    if (d->arm_result == -EAGAIN)
        d->found = 1;
    return d->arm_result;
}

static void add_device_once(void)
{
    if (device.poller.poll == NULL) {
        device.poller.poll = fake_poll;
        device.poller.arm = fake_arm;
        task_poller_add(&device.poller);
    }
    device = (struct fake_poller){.poller = device.poller};
}

static void test_poller_wakes_a_task(void **state)
{
    (void)state;
    add_device_once();
    device.found = 5;
    assert_int_equal(task_spawn(wait_and_say, "p"), 0);
    task_run();
    assert_string_equal(note.text, "p");
    assert_int_equal(fake_time.yields, 0); /* there was always work */
}

static void test_armed_device_lets_it_sleep_long(void **state)
{
    (void)state;
    add_device_once();
    task_sleep(1000 * MS);
    assert_true(fake_time.yields <= 2);
    assert_true(fake_time.slept > 990 * MS);
    assert_true(device.arms >= 1);
    assert_true(device.polls >= 10); /* it polled on for a while before */
}

static void test_unarmed_device_is_polled(void **state)
{
    (void)state;
    add_device_once();
    device.arm_result = -ENOTSUP;
    task_sleep(100 * MS);
    assert_true(fake_time.yields > 900 && fake_time.yields < 1100); /* each 100 us */
    assert_true(fake_time.slept > 90 * MS);
}

static void test_no_sleep_on_pending_work(void **state)
{
    (void)state;
    add_device_once();
    device.arm_result = -EAGAIN;
    assert_int_equal(task_spawn(wait_and_say, "e"), 0);
    task_run();
    assert_string_equal(note.text, "e");
    assert_int_equal(fake_time.yields, 0);
}

static void spin(void *arg)
{
    while (*(bool *)arg)
        task_yield();
}

static void test_a_busy_task_prevents_sleep(void **state)
{
    bool busy = true;

    (void)state;
    add_device_once();
    assert_int_equal(task_spawn(spin, &busy), 0);
    task_sleep(50 * MS);
    assert_int_equal(fake_time.yields, 0);
    assert_true(device.polls > 1000); /* nor does it keep the device from its turn */
    busy = false;
    task_run();
}

/* ---- Stacks ---- */

static void use_stack(void *arg)
{
    volatile char page[TASK_STACK_SIZE / 2];

    memset((char *)(uintptr_t)page, 1, sizeof(page));
    task_yield();
    assert_int_equal(page[0] + page[sizeof(page) - 1], 2);
    (*(unsigned *)arg)++;
}

static void test_stacks_are_used_again(void **state)
{
    unsigned done = 0;

    (void)state;
    for (unsigned round = 0; round < 5; round++) {
        for (unsigned i = 0; i < 100; i++)
            assert_int_equal(task_spawn(use_stack, &done), 0);
        task_run();
    }
    assert_int_equal(done, 500);
}

static void round_up(void *arg)
{
    assert_int_equal(fegetround(), FE_TONEAREST);
    fesetround(FE_UPWARD);
    for (int i = 0; i < 3; i++) {
        task_yield();
        assert_int_equal(fegetround(), FE_UPWARD);
    }
    say(arg);
}

static void round_down(void *arg)
{
    fesetround(FE_DOWNWARD);
    for (int i = 0; i < 3; i++) {
        task_yield();
        assert_int_equal(fegetround(), FE_DOWNWARD);
    }
    say(arg);
}

static void test_each_task_has_its_rounding(void **state)
{
    (void)state;
    assert_int_equal(task_spawn(round_up, "u"), 0);
    assert_int_equal(task_spawn(round_down, "d"), 0);
    task_run();
    assert_string_equal(note.text, "ud");
    assert_int_equal(fegetround(), FE_TONEAREST);
}

/* SSE code that keeps aligned values on the stack faults if a task's stack is not aligned as the
 * ABI says. */
static void print_float(void *arg)
{
    char text[32];

    snprintf(text, sizeof(text), "%.3f", *(double *)arg);
    say(text);
}

static void test_stack_alignment(void **state)
{
    double x = 3.14159;

    (void)state;
    assert_int_equal(task_spawn(print_float, &x), 0);
    task_run();
    assert_string_equal(note.text, "3.142");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_yield_takes_turns, reset),
        cmocka_unit_test_setup(test_a_task_starts_tasks, reset),
        cmocka_unit_test_setup(test_run_without_tasks_returns, reset),
        cmocka_unit_test_setup(test_sleepers_wake_in_order, reset),
        cmocka_unit_test_setup(test_main_sleeps_too, reset),
        cmocka_unit_test_setup(test_many_timers, reset),
        cmocka_unit_test_setup(test_wake_wakes_all, reset),
        cmocka_unit_test_setup(test_wait_times_out, reset),
        cmocka_unit_test_setup(test_wake_before_deadline, reset),
        cmocka_unit_test_setup(test_timeout_leaves_the_others, reset),
        cmocka_unit_test_setup(test_poller_wakes_a_task, reset),
        cmocka_unit_test_setup(test_armed_device_lets_it_sleep_long, reset),
        cmocka_unit_test_setup(test_unarmed_device_is_polled, reset),
        cmocka_unit_test_setup(test_no_sleep_on_pending_work, reset),
        cmocka_unit_test_setup(test_a_busy_task_prevents_sleep, reset),
        cmocka_unit_test_setup(test_stacks_are_used_again, reset),
        cmocka_unit_test_setup(test_each_task_has_its_rounding, reset),
        cmocka_unit_test_setup(test_stack_alignment, reset),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
