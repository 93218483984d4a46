// SPDX-License-Identifier: ISC
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>

#include "host/hvt/kvm.h"
#include "host/tender/log.h"

/* Since Linux 6.6 KVM_DEV_VFIO_FILE and KVM_DEV_VFIO_FILE_ADD, which take devices as well: the same
 * numbers. */
#define FILES    KVM_DEV_VFIO_GROUP
#define FILE_ADD KVM_DEV_VFIO_GROUP_ADD

static int create(struct kvm *kvm)
{
    struct kvm_create_device device = {.type = KVM_DEV_TYPE_VFIO};

    if (kvm->vfio < 0 && ioctl(kvm->vm, KVM_CREATE_DEVICE, &device) == 0)
        kvm->vfio = (int)device.fd;
    return kvm->vfio < 0 ? -1 : 0;
}

void kvm_add_vfio(struct kvm *kvm, int fd)
{
    const int32_t file = fd;
    const struct kvm_device_attr attribute = {
        .group = FILES, .attr = FILE_ADD, .addr = (uintptr_t)&file};

    /* Several devices may be of one group. */
    if (create(kvm) < 0 ||
        (ioctl(kvm->vfio, KVM_SET_DEVICE_ATTR, &attribute) < 0 && errno != EEXIST))
        tender_debug("KVM cannot be told of a VFIO device: %s", strerror(errno));
}
