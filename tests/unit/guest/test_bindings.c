// SPDX-License-Identifier: ISC
/* The parts of the bindings that every target shares: options, log, clocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <limits.h>
#include <string.h>

#include "fake_console.h"
#include "guest/bindings/common/clock.h"
#include "guest/bindings/common/cmdline.h"
#include "guest/bindings/common/log.h"

static int setup(void **state)
{
    (void)state;
    fake_console_clear();
    return 0;
}

static void assert_options(const char *cmdline, const char *rest, enum log_level level)
{
    struct log log = {LOG_WARN};

    assert_string_equal(cmdline_options(cmdline, &log), rest);
    assert_int_equal(log.level, level);
}

static void options_are_taken_from_the_beginning(void **state)
{
    (void)state;
    assert_options("", "", LOG_WARN);
    assert_options("hello  world", "hello  world", LOG_WARN);
    assert_options("--solo5:info", "", LOG_INFO);
    assert_options("--solo5:debug hello", "hello", LOG_DEBUG);
    assert_options("--solo5:quiet --solo5:error  a b", "a b", LOG_ERROR);
    assert_options("a --solo5:quiet", "a --solo5:quiet", LOG_WARN);
}

static void other_words_are_the_unikernels(void **state)
{
    (void)state;
    assert_options("--solo5:informal a", "--solo5:informal a", LOG_WARN);
    assert_options("--solo5:inf", "--solo5:inf", LOG_WARN);
    assert_options("--solo5:", "--solo5:", LOG_WARN);
    assert_options("--solo5:info --solo5:loud", "--solo5:loud", LOG_INFO);
    assert_options("  a", "  a", LOG_WARN);
}

static void a_line_is_one_write(void **state)
{
    const struct log log = {LOG_INFO};

    (void)state;
    log_line(&log, LOG_INFO, "%s %c %d %u %x %ld %lu %lx 100%%", "s", 'c', -1, UINT_MAX, 0xbeefu,
             LONG_MIN, ULONG_MAX, 0ul);
    assert_string_equal(fake_console.text, "Penstock: s c -1 4294967295 beef -9223372036854775808 "
                                           "18446744073709551615 0 100%\n");
    assert_int_equal(fake_console.writes, 1);
}

static void lines_above_the_level_are_dropped(void **state)
{
    const struct log log = {LOG_WARN};

    (void)state;
    log_line(&log, LOG_INFO, "no");
    assert_int_equal(fake_console.writes, 0);
    log_line(&log, LOG_WARN, "yes");
    assert_string_equal(fake_console.text, "Penstock: yes\n");
    log_line(&(struct log){LOG_QUIET}, LOG_ERROR, "no");
    assert_int_equal(fake_console.writes, 1);
}

static void a_long_line_is_cut(void **state)
{
    const struct log log = {LOG_INFO};
    char text[1000];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    log_line(&log, LOG_INFO, "%s", text);
    assert_int_equal(fake_console.length, 256);
    assert_int_equal(fake_console.text[255], '\n');
}

/* ticks of an hour must give an hour, to a millionth of a second. */
static void assert_frequency(uint64_t frequency)
{
    const uint64_t hour = 3600ull * 1000000000;
    struct tick_scale scale;
    uint64_t nsecs;

    tick_scale_init(&scale, frequency);
    nsecs = tick_scale_nsecs(&scale, frequency * 3600);
    assert_in_range(nsecs, hour - 1000, hour);
}

static void ticks_become_nanoseconds(void **state)
{
    struct tick_scale scale;

    (void)state;
    assert_frequency(1);
    assert_frequency(24000000);
    assert_frequency(1000000000);
    assert_frequency(2099999999);
    assert_frequency(6000000000);
    tick_scale_init(&scale, 1000000000);
    assert_int_equal(tick_scale_nsecs(&scale, 0), 0);
    assert_int_equal(tick_scale_nsecs(&scale, UINT64_MAX / 2), UINT64_MAX / 2);
}

static void time_never_goes_back(void **state)
{
    struct tick_scale scale;
    uint64_t last = 0;

    (void)state;
    tick_scale_init(&scale, 2599999123);
    for (uint64_t ticks = 1ull << 60; ticks < (1ull << 60) + 1000; ticks++) {
        uint64_t now = tick_scale_nsecs(&scale, ticks);

        assert_true(now >= last);
        last = now;
    }
}

static void the_wall_clock_is_carried_on_for_a_while(void **state)
{
    const struct wall_clock clock = {.wall = 5000000000, .monotonic = 1000};

    (void)state;
    assert_true(wall_clock_is_stale(&WALL_CLOCK_UNREAD, 0));
    assert_true(wall_clock_is_stale(&WALL_CLOCK_UNREAD, 1000));
    assert_false(wall_clock_is_stale(&clock, 1000));
    assert_false(wall_clock_is_stale(&clock, 1000 + WALL_FRESH - 1));
    assert_true(wall_clock_is_stale(&clock, 1000 + WALL_FRESH));
    assert_int_equal(wall_clock_at(&clock, 1007), 5000000007);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(options_are_taken_from_the_beginning, setup),
        cmocka_unit_test_setup(other_words_are_the_unikernels, setup),
        cmocka_unit_test_setup(a_line_is_one_write, setup),
        cmocka_unit_test_setup(lines_above_the_level_are_dropped, setup),
        cmocka_unit_test_setup(a_long_line_is_cut, setup),
        cmocka_unit_test_setup(ticks_become_nanoseconds, setup),
        cmocka_unit_test_setup(time_never_goes_back, setup),
        cmocka_unit_test_setup(the_wall_clock_is_carried_on_for_a_while, setup),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
