// SPDX-License-Identifier: ISC
/* What a task has in registers is still there after others ran: whole numbers, floating point, how
 * it rounds. */
#include <fenv.h>
#include <penstock/task.h>

#include "expect.h"

#define TASKS  8
#define ROUNDS 100

static unsigned ended;

/* More values than a processor has registers that a callee keeps; some are numbers of each kind. */
static void keep_values(void *arg)
{
    unsigned seed = *(unsigned *)arg;
    uint64_t a = seed, b = seed + 1, c = seed + 2, d = seed + 3, e = seed + 4, f = seed + 5;
    uint64_t g = seed + 6, h = seed + 7, i = seed + 8, j = seed + 9, k = seed + 10;
    double r = seed, s = seed + 0.5, t = seed + 1.5, u = seed + 2.5, v = seed + 3.5;
    double w = seed + 4.5, x = seed + 5.5, y = seed + 6.5, z = seed + 7.5;

    for (unsigned round = 0; round < ROUNDS; round++) {
        if (round % 32 == 31)
            task_sleep(1000);
        else
            task_yield();
        a += 1, b += 1, c += 1, d += 1, e += 1, f += 1, g += 1, h += 1, i += 1, j += 1, k += 1;
        r += 1, s += 1, t += 1, u += 1, v += 1, w += 1, x += 1, y += 1, z += 1;
    }
    EXPECT(a + b + c + d + e + f + g + h + i + j + k == 11 * (uint64_t)(seed + ROUNDS) + 55);
    EXPECT(r + s + t + u + v + w + x + y + z == 9.0 * (seed + ROUNDS) + 32.0);
    ended++;
}

static volatile double three = 3.0;

static void keep_rounding(void *arg)
{
    int mode = *(int *)arg;
    char text[32];

    EXPECT(fegetround() == FE_TONEAREST);
    EXPECT(fesetround(mode) == 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        double third = 1.0 / three;

        EXPECT((third * 3.0 > 1.0) == (mode == FE_UPWARD));
        EXPECT(fegetround() == mode);
        task_yield();
    }
    snprintf(text, sizeof(text), "%.2f", 2.5); /* wants an aligned stack */
    EXPECT(strcmp(text, "2.50") == 0);
    ended++;
}

int solo5_app_main(const struct solo5_start_info *info)
{
    static unsigned seeds[TASKS];
    static int modes[] = {FE_UPWARD, FE_DOWNWARD};

    (void)info;
    for (unsigned n = 0; n < TASKS; n++) {
        seeds[n] = 1000 * n;
        EXPECT(task_spawn(keep_values, &seeds[n]) == 0);
    }
    for (unsigned n = 0; n < 2; n++)
        EXPECT(task_spawn(keep_rounding, &modes[n]) == 0);
    task_run();
    EXPECT(ended == TASKS + 2 && fegetround() == FE_TONEAREST);
    return success();
}
