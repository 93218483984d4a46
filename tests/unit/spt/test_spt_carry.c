// SPDX-License-Identifier: ISC
/* A clock carried on by a counter: against a clock and a counter that are made up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guest/bindings/spt/carry.h"

#define SECOND 1000000000ull

/* A host whose counter has run for a while: `late` is what its clock was late by when asked last.
 */
struct host {
    uint64_t khz;
    uint64_t now; /* ns since the start */
    uint64_t asked;
    uint64_t noise;
};

static uint64_t ticks(const struct host *host)
{
    return 123456789 + (uint64_t)((unsigned __int128)host->now * host->khz / 1000000);
}

static uint64_t true_time(const struct host *host)
{
    return 77 * SECOND + host->now;
}

/* Up to 2 us pass between the counter and the clock. */
static uint64_t ask(struct host *host, struct carry *carry)
{
    uint64_t count = ticks(host);

    host->noise = host->noise * 6364136223846793005ull + 1442695040888963407ull;
    host->now += (host->noise >> 33) % 2000;
    host->asked++;
    carry_read(carry, count, true_time(host));
    if (true_time(host) > carry->latest)
        carry->latest = true_time(host);
    return carry->latest;
}

static uint64_t now(struct host *host, struct carry *carry)
{
    uint64_t ns;

    return carry_on(carry, ticks(host), &ns) ? ns : ask(host, carry);
}

static void run(uint64_t khz, uint64_t step, unsigned steps, uint64_t allowed_ns)
{
    struct host host = {.khz = khz};
    struct carry carry = {0};
    uint64_t last = 0;

    for (unsigned i = 0; i < steps; i++) {
        uint64_t ns = now(&host, &carry);
        uint64_t is = true_time(&host);

        assert_true(ns >= last);
        assert_true(ns > is ? ns - is <= allowed_ns : is - ns <= allowed_ns);
        last = ns;
        host.now += step;
    }
    assert_true(host.asked <= 150 + host.now * 110 / SECOND);
}

static void stays_close_and_never_goes_back(void **state)
{
    static const uint64_t khz[] = {1000000, 2394454, 4999999, 25000};

    (void)state;
    for (unsigned i = 0; i < sizeof(khz) / sizeof(khz[0]); i++) {
        run(khz[i], 50, 500000, 5000);
        run(khz[i], 1700, 500000, 5000);
        run(khz[i], 3 * SECOND, 20, 5000);
    }
}

static void is_asked_first_and_then_seldom(void **state)
{
    struct host host = {.khz = 2000000};
    struct carry carry = {0};
    uint64_t ns;

    (void)state;
    assert_false(carry_on(&carry, ticks(&host), &ns));
    for (unsigned i = 0; i < 2000000; i++) {
        now(&host, &carry);
        host.now += 1000;
    }
    assert_in_range(host.asked, 10, 400);
}

/* Machines that are moved do that. */
static void a_counter_that_jumps_is_not_believed(void **state)
{
    struct host host = {.khz = 2000000};
    struct carry carry = {0};
    uint64_t ns;

    (void)state;
    for (unsigned i = 0; i < 1000; i++) {
        now(&host, &carry);
        host.now += 100000;
    }
    assert_false(carry_on(&carry, ticks(&host) - 4000000000u, &ns));
    assert_false(carry_on(&carry, ticks(&host) + 4000000000u, &ns));
    carry_read(&carry, 5, true_time(&host));
    assert_false(carry_on(&carry, 5, &ns));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(stays_close_and_never_goes_back),
        cmocka_unit_test(is_asked_first_and_then_seldom),
        cmocka_unit_test(a_counter_that_jumps_is_not_believed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
