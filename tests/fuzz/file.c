// SPDX-License-Identifier: ISC
#include <sys/mman.h>
#include <unistd.h>

#include "tests/fuzz/fuzz.h"

const char *fuzz_file(const uint8_t *data, size_t size)
{
    static int fd = -1;
    static char path[32];

    if (fd < 0) {
        fd = memfd_create("fuzz", MFD_CLOEXEC);
        snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    }
    FUZZ_EXPECT(ftruncate(fd, 0) == 0);
    FUZZ_EXPECT(pwrite(fd, data, size, 0) == (ssize_t)size);
    return path;
}
