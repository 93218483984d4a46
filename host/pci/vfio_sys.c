// SPDX-License-Identifier: ISC
#include "host/pci/vfio_sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

const char *vfio_sys_sysfs(void)
{
    return "/sys";
}

const char *vfio_sys_procfs(void)
{
    return "/proc";
}

static int result(int rc)
{
    return rc < 0 ? -errno : rc;
}

int vfio_sys_open(const char *path)
{
    return result(open(path, O_RDWR | O_CLOEXEC));
}

int vfio_sys_dup(int fd)
{
    return result(fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

void vfio_sys_close(int fd)
{
    close(fd);
}

int vfio_sys_ioctl(int fd, unsigned long request, void *argument)
{
    return result(ioctl(fd, request, argument));
}

int vfio_sys_ioctl_value(int fd, unsigned long request, unsigned long argument)
{
    return result(ioctl(fd, request, argument));
}

ssize_t vfio_sys_read(int fd, void *buffer, size_t size, uint64_t offset)
{
    ssize_t count = pread(fd, buffer, size, (off_t)offset);

    return count < 0 ? -errno : count;
}

ssize_t vfio_sys_write(int fd, const void *buffer, size_t size, uint64_t offset)
{
    ssize_t count = pwrite(fd, buffer, size, (off_t)offset);

    return count < 0 ? -errno : count;
}
