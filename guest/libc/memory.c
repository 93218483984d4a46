// SPDX-License-Identifier: ISC
#include "guest/libc/libc.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>

/* 0 if the length is 0 or absurd. */
static size_t pages_of(long length)
{
    size_t bytes = (size_t)length;

    return bytes <= PTRDIFF_MAX ? (bytes + PAGES_SIZE - 1) / PAGES_SIZE : 0;
}

long libc_mmap(const long *a)
{
    long prot = a[2];
    long flags = a[3];
    size_t count = pages_of(a[1]);
    void *addr;

    if (!(flags & MAP_ANON))
        return -ENODEV;
    if (count == 0 || (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE)))
        return -EINVAL;
    if (prot & PROT_EXEC)
        return -EACCES;
    addr = pages_take(&guest_libc.pages, count);
    return addr ? (long)addr : -ENOMEM;
}

long libc_munmap(const long *a)
{
    void *addr = (void *)a[0];
    size_t count = pages_of(a[1]);

    if (count == 0 || !pages_contain(&guest_libc.pages, addr, count))
        return -EINVAL;
    pages_give(&guest_libc.pages, addr, count);
    return 0;
}

static long move(void *addr, size_t old_count, size_t count)
{
    void *to = pages_take(&guest_libc.pages, count);

    if (!to)
        return -ENOMEM;
    memcpy(to, addr, old_count * PAGES_SIZE);
    pages_give(&guest_libc.pages, addr, old_count);
    return (long)to;
}

long libc_mremap(const long *a)
{
    char *addr = (void *)a[0];
    size_t old_count = pages_of(a[1]);
    size_t count = pages_of(a[2]);
    char *end = addr + old_count * PAGES_SIZE;

    if (old_count == 0 || count == 0 || (a[3] & ~MREMAP_MAYMOVE))
        return -EINVAL;
    if (!pages_contain(&guest_libc.pages, addr, old_count))
        return -EFAULT;
    if (count < old_count)
        pages_give(&guest_libc.pages, addr + count * PAGES_SIZE, old_count - count);
    if (count <= old_count || pages_take_at(&guest_libc.pages, end, count - old_count))
        return (long)addr;
    return a[3] & MREMAP_MAYMOVE ? move(addr, old_count, count) : -ENOMEM;
}

/*
 * The tender has set all protections, and a unikernel cannot change them: memory stays readable and
 * writable, which is more than PROT_NONE and PROT_READ ask for, and is never executable.
 */
long libc_mprotect(const long *a)
{
    return a[2] & PROT_EXEC ? -EACCES : 0;
}

/* For sysconf(_SC_PHYS_PAGES) and its kin. */
long libc_sysinfo(const long *a)
{
    const struct pages *pages = &guest_libc.pages;

    *(struct sysinfo *)a[0] = (struct sysinfo){
        .totalram = pages->count * PAGES_SIZE,
        .freeram = pages_free_count(pages) * PAGES_SIZE,
        .procs = 1,
        .mem_unit = 1,
    };
    return 0;
}

/* There is no break: "0" is below what anybody asks for, and malloc then uses mmap. */
long libc_brk(const long *a)
{
    (void)a;
    return 0;
}
