// SPDX-License-Identifier: ISC
/* What the guest's CPU says of itself, and how its exceptions are put into words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "host/hvt/cpuid.h"
#include "host/hvt/trap.h"

static struct kvm_cpuid_entry2 *add(union cpuid *cpuid, uint32_t function, uint32_t index)
{
    struct kvm_cpuid_entry2 *entry = &cpuid->table.entries[cpuid->table.nent++];

    *entry = (struct kvm_cpuid_entry2){function, index, 0, ~0u, ~0u, ~0u, ~0u, {0}};
    return entry;
}

static void hides_what_a_unikernel_must_not_see(void **state)
{
    static union cpuid cpuid;
    struct kvm_cpuid_entry2 *features, *extended, *sub, *sgx, *kvm, *amd, *svm, *xsave;

    (void)state;
    cpuid.table.nent = 0;
    features = add(&cpuid, 1, 0);
    extended = add(&cpuid, 7, 0);
    sub = add(&cpuid, 7, 1);
    xsave = add(&cpuid, 0xd, 0);
    sgx = add(&cpuid, 0x12, 2);
    kvm = add(&cpuid, 0x40000001, 0);
    amd = add(&cpuid, 0x80000001, 0);
    svm = add(&cpuid, 0x8000000a, 0);
    cpuid_filter(&cpuid);
    assert_int_equal(features->ecx & (1u << 5), 0);         /* VMX */
    assert_int_equal(features->ecx & (1u << 21), 0);        /* x2APIC */
    assert_int_equal(features->ecx & (1u << 28), 1u << 28); /* AVX stays */
    assert_int_equal(extended->ebx, ~(1u << 2));            /* SGX */
    assert_int_equal(extended->ecx, ~(1u << 30));
    assert_int_equal(sub->eax, ~0u);
    assert_int_equal(xsave->eax, 0xe7);
    assert_int_equal(sgx->eax | sgx->ebx | sgx->ecx | sgx->edx, 0);
    assert_int_equal(kvm->eax, 0);
    assert_int_equal(amd->ecx & (1u << 2), 0); /* SVM */
    assert_int_equal(svm->edx, 0);
}

static void reads_features(void **state)
{
    static union cpuid cpuid;
    struct cpu_features features;

    (void)state;
    cpuid.table.nent = 0;
    features = cpuid_features(&cpuid);
    assert_int_equal(features.address_bits, 36);
    assert_false(features.gigabyte_pages || features.fsgsbase || features.xsave);
    assert_int_equal(features.xcr0, 0);
    add(&cpuid, 0x80000008, 0)->eax = 0x302e;
    add(&cpuid, 0x80000001, 0)->edx = 1u << 26;
    add(&cpuid, 0xd, 0)->eax = 0x67; /* AVX-512 is not complete */
    add(&cpuid, 7, 0)->ebx = 1;
    features = cpuid_features(&cpuid);
    assert_int_equal(features.address_bits, 46);
    assert_true(features.gigabyte_pages && features.fsgsbase && !features.xsave);
    assert_int_equal(features.xcr0, 7);
}

static void has_words_for_traps(void **state)
{
    const struct {
        uint64_t vector, error, address;
        const char *text;
    } cases[] = {
        {14, 7, 0x100123, "page fault: write to a read-only page at 0x100123 (there)"},
        {14, 6, 0, "page fault: write to where nothing is mapped, at 0x0 (there)"},
        {14, 4, 8, "page fault: read where nothing is mapped, at 0x8 (there)"},
        {14, 5, 8, "page fault: read of a protected page at 0x8 (there)"},
        {14, 0x15, 8, "page fault: execution of data at 0x8 (there)"},
        {14, 0x14, 8, "page fault: jump to where nothing is mapped, at 0x8 (there)"},
        {14, 9, 8, "page fault: reserved bits in a page table, access at 0x8 (there)"},
        {0, 0, 0, "division by zero or overflow (vector 0, error code 0x0)"},
        {6, 0, 0, "invalid instruction (vector 6, error code 0x0)"},
        {31, 5, 0, "exception (vector 31, error code 0x5)"},
        {9, 0, 0, "exception (vector 9, error code 0x0)"},
    };
    char text[160];

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        trap_text(cases[i].vector, cases[i].error, cases[i].address, "there", text, sizeof text);
        assert_string_equal(text, cases[i].text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hides_what_a_unikernel_must_not_see),
        cmocka_unit_test(reads_features),
        cmocka_unit_test(has_words_for_traps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
