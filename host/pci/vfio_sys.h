/* SPDX-License-Identifier: ISC */
/*
 * The kernel, as the code for its VFIO sees it: every system call on VFIO's and iommufd's
 * descriptors. Unit tests bring a kernel of their own in vfio_sys.c's place. All return 0 or more,
 * or -errno.
 */
#ifndef PENSTOCK_PCI_VFIO_SYS_H
#define PENSTOCK_PCI_VFIO_SYS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Where sysfs and procfs are: "/sys", "/proc". */
const char *vfio_sys_sysfs(void);
const char *vfio_sys_procfs(void);

/* For reading and writing. */
int vfio_sys_open(const char *path);
int vfio_sys_dup(int fd);
void vfio_sys_close(int fd);

int vfio_sys_ioctl(int fd, unsigned long request, void *argument);
int vfio_sys_ioctl_value(int fd, unsigned long request, unsigned long argument);

ssize_t vfio_sys_read(int fd, void *buffer, size_t size, uint64_t offset);
ssize_t vfio_sys_write(int fd, const void *buffer, size_t size, uint64_t offset);

#endif
