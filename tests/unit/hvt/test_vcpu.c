// SPDX-License-Identifier: ISC
/* The type of the task register: what three kinds of KVM are given. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <cmocka.h>

#include "host/hvt/events.h"
#include "host/hvt/vcpu.h"

#define AVAILABLE 9
#define BUSY      11

/* A KVM of which only the system registers are there. */
static struct {
    struct kvm_sregs sregs;
    bool adds_busy; /* as for SVM */
    bool is_strict; /* takes no TSS that is not busy */
    unsigned sets;
} fake;

uint64_t events_now(void)
{
    return 0;
}

int __wrap_ioctl(int fd, unsigned long request, void *argument);

int __wrap_ioctl(int fd, unsigned long request, void *argument)
{
    (void)fd;
    if (request == KVM_GET_SREGS) {
        memcpy(argument, &fake.sregs, sizeof(fake.sregs));
        if (fake.adds_busy)
            ((struct kvm_sregs *)argument)->tr.type |= 2;
        return 0;
    }
    if (request == KVM_SET_SREGS) {
        const struct kvm_sregs *sregs = argument;

        if (fake.is_strict && sregs->tr.type != BUSY) {
            errno = EINVAL;
            return -1;
        }
        fake.sregs = *sregs;
        fake.sets++;
    }
    return 0;
}

/* Starts a CPU, changes it later, and says which type it had both times. */
static unsigned type_given(bool adds_busy, bool is_strict)
{
    struct kvm kvm = {.vcpu = 3};
    const struct cpu_features features = {0};
    const struct ring0 ring0 = {0};
    const struct vcpu_start start = {.ring3 = true, .entry = 0x100000};
    struct tender_error error;
    unsigned type, sets;

    memset(&fake, 0, sizeof(fake));
    fake.adds_busy = adds_busy;
    fake.is_strict = is_strict;
    assert_int_equal(vcpu_start(&kvm, &features, &ring0, &start, &error), 0);
    type = fake.sregs.tr.type;
    sets = fake.sets;
    assert_int_equal(vcpu_set_tls_base(&kvm, 0x1234000, &error), 0);
    assert_int_equal(fake.sregs.tr.type, type);
    assert_int_equal(fake.sregs.fs.base, 0x1234000);
    assert_int_equal(fake.sets, sets + 1);
    return type;
}

static void svm_gets_one_that_is_not_busy(void **state)
{
    (void)state;
    assert_int_equal(type_given(true, false), AVAILABLE);
}

static void all_others_get_one_that_is(void **state)
{
    (void)state;
    assert_int_equal(type_given(false, false), BUSY);
    assert_int_equal(type_given(false, true), BUSY);
    assert_int_equal(type_given(true, true), BUSY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(svm_gets_one_that_is_not_busy),
        cmocka_unit_test(all_others_get_one_that_is),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
