// SPDX-License-Identifier: ISC
/* The calls of abi/hvt.h. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <time.h>

#include "host/hvt/hypercall.h"
#include "host/hvt/vcpu.h"

int hvt_bad_access(struct hvt *hvt, uint64_t addr, uint64_t size)
{
    return tender_fail(&hvt->error, -EFAULT, "Invalid guest access: gpa=0x%" PRIx64 " sz=%" PRIu64,
                       addr, size);
}

static int do_walltime(struct hvt *hvt, union argument *arg)
{
    struct timespec now;

    (void)hvt;
    clock_gettime(CLOCK_REALTIME, &now);
    arg->walltime.nsecs = (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
    return HVT_CONTINUE;
}

static int do_puts(struct hvt *hvt, union argument *arg)
{
    const struct hvt_puts *puts = &arg->puts;
    const uint8_t *data = guest_pointer(&hvt->memory, GUEST_BUFFER, puts->data, puts->len, 0);

    if (puts->len == 0)
        return HVT_CONTINUE;
    if (data == NULL)
        return hvt_bad_access(hvt, puts->data, puts->len);
    return hvt_console_write(hvt, data, puts->len);
}

static int do_halt(struct hvt *hvt, union argument *arg)
{
    hvt->status = arg->halt.exit_status & 0xff;
    return HVT_ENDED;
}

static int do_set_tls_base(struct hvt *hvt, union argument *arg)
{
    uint64_t base = arg->set_tls_base.base;
    int rc = vcpu_set_tls_base(&hvt->kvm, base, &hvt->error);

    if (rc == -EINVAL)
        return tender_fail(&hvt->error, rc, "Invalid guest access: TLS base 0x%" PRIx64, base);
    return rc;
}

static int do_config_read(struct hvt *hvt, union argument *arg)
{
    arg->config_read.ret = tender_pci_config_read(&hvt->pci, &arg->config_read);
    return HVT_CONTINUE;
}

static int do_region_read(struct hvt *hvt, union argument *arg)
{
    arg->region_access.ret = tender_pci_region_read(&hvt->pci, &arg->region_access);
    return HVT_CONTINUE;
}

static int do_region_write(struct hvt *hvt, union argument *arg)
{
    arg->region_access.ret = tender_pci_region_write(&hvt->pci, &arg->region_access);
    return HVT_CONTINUE;
}

struct hypercall {
    int (*handle)(struct hvt *hvt, union argument *arg);
    uint32_t size; /* of its argument */
    bool answers;  /* writes to it */
    uint32_t type; /* enum mft_type: it is there if the guest has such a device; 0: always */
};

static const struct hypercall calls[] = {
    [HVT_WALLTIME] = {do_walltime, sizeof(struct hvt_walltime), true, 0},
    [HVT_PUTS] = {do_puts, sizeof(struct hvt_puts), false, 0},
    [HVT_POLL] = {hvt_poll, sizeof(struct hvt_poll), true, 0},
    [HVT_BLOCK_WRITE] = {hvt_block_write, sizeof(struct hvt_block_io), true, MFT_BLOCK_BASIC},
    [HVT_BLOCK_READ] = {hvt_block_read, sizeof(struct hvt_block_io), true, MFT_BLOCK_BASIC},
    [HVT_NET_WRITE] = {hvt_net_write, sizeof(struct hvt_net_io), true, MFT_NET_BASIC},
    [HVT_NET_READ] = {hvt_net_read, sizeof(struct hvt_net_io), true, MFT_NET_BASIC},
    [HVT_HALT] = {do_halt, sizeof(struct hvt_halt), false, 0},
    [HVT_SET_TLS_BASE] = {do_set_tls_base, sizeof(struct hvt_set_tls_base), false, 0},
    [HVT_PCI_CONFIG_READ] = {do_config_read, sizeof(struct hvt_pci_config_read), true, 0},
    [HVT_PCI_REGION_READ] = {do_region_read, sizeof(struct hvt_pci_region_access), true, 0},
    [HVT_PCI_REGION_WRITE] = {do_region_write, sizeof(struct hvt_pci_region_access), true, 0},
    [HVT_BLOCK_FLUSH] = {hvt_block_flush, sizeof(struct hvt_block_flush), true, MFT_BLOCK_BASIC},
    [HVT_BLOCK_DISCARD] = {hvt_block_discard, sizeof(struct hvt_block_discard), true,
                           MFT_BLOCK_BASIC},
};

/* As with Solo5's tender, whose modules bring their calls along. */
static bool is_served(const struct hvt *hvt, unsigned nr)
{
    if (nr >= sizeof calls / sizeof calls[0] || calls[nr].handle == NULL)
        return false;
    if (calls[nr].type == MFT_NET_BASIC)
        return hvt->net.count > 0;
    return calls[nr].type != MFT_BLOCK_BASIC || hvt->block.count > 0;
}

int hvt_hypercall(struct hvt *hvt, unsigned nr, uint64_t addr)
{
    const struct hypercall *call;
    union argument arg;
    void *guest;
    int rc;

    if (!is_served(hvt, nr))
        return tender_fail(&hvt->error, -ENOSYS, "Invalid guest hypercall: num=%u", nr);
    call = &calls[nr];
    guest =
        guest_pointer(&hvt->memory, GUEST_RAM, addr, call->size, call->answers ? MAPPING_WRITE : 0);
    if (guest == NULL)
        return hvt_bad_access(hvt, addr, call->size);
    memcpy(&arg, guest, call->size);
    rc = call->handle(hvt, &arg);
    if (call->answers && rc >= 0)
        memcpy(guest, &arg, call->size);
    return rc;
}
