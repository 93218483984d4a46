// SPDX-License-Identifier: ISC
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/elf_note.h"
#include "guest/bindings/common/cmdline.h"
#include "guest/bindings/native/native.h"
#include "host/tender/manifest.h"

#define ADDRESS_LIMIT (1ull << 47) /* of a process, with four levels of page tables */

struct native native = {.log.level = LOG_WARN, .lock = PTHREAD_MUTEX_INITIALIZER};

static int take_manifest(struct tender_error *error)
{
    const struct manifest_note *note = &penstock_manifest_note;
    size_t size =
        note->header.descsz < MANIFEST_NOTE_PAD ? 0 : note->header.descsz - MANIFEST_NOTE_PAD;
    int rc = manifest_check(&note->version, size, "this program's manifest", error);

    if (rc < 0)
        return rc;
    native.mft = (const void *)&note->version;
    tender_net_init(&native.net, native.mft);
    tender_block_init(&native.block, native.mft);
    rc = tender_pci_init(&native.pci, native.mft, error);
    native.pci.may_be_physical = true;
    return rc;
}

static int describe_devices(struct tender_error *error)
{
    native.ext = malloc(HVT_EXT_SIZE(native.pci.count));
    native.guest_mft = malloc(MFT_SIZE(native.mft->entries));
    if (native.ext == NULL || native.guest_mft == NULL)
        return tender_fail(error, -ENOMEM, "no memory");
    manifest_guest_copy(native.guest_mft, native.mft);
    tender_pci_describe(&native.pci, native.ext);
    if (pci_table_init(&native.table, native.mft, native.ext) != SOLO5_R_OK)
        return tender_fail(error, -EINVAL, "the manifest and its devices do not match");
    tender_net_describe(&native.net, native.guest_mft);
    tender_block_describe(&native.block, native.guest_mft, native.ext);
    if (io_table_init(&native.io, native.guest_mft, native.ext) != SOLO5_R_OK)
        return tender_fail(error, -EINVAL, "the manifest and its devices do not match");
    native_poll_init();
    return 0;
}

static int start_devices(struct tender_error *error)
{
    const struct tender_space space = {.limit = ADDRESS_LIMIT, .in_process = true};
    int rc = tender_net_open(&native.net, error);

    if (rc == 0)
        rc = tender_block_open(&native.block, error);
    if (rc < 0)
        return rc;
    /* A signal that comes meanwhile stops devices that have been started, not half of them. */
    pthread_mutex_lock(&native.lock);
    rc = tender_pci_open(&native.pci, error);
    if (rc == 0)
        rc = tender_pci_start(&native.pci, &space, error);
    pthread_mutex_unlock(&native.lock);
    if (rc == 0)
        rc = tender_pci_watch(&native.pci, native_device_lost, NULL, error);
    return rc < 0 ? rc : describe_devices(error);
}

static int take_heap(struct solo5_start_info *info, struct tender_error *error)
{
    void *heap;

    if (native.heap_size == 0)
        return 0;
    heap = mmap(NULL, native.heap_size, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (heap == MAP_FAILED)
        return tender_fail(error, -errno, "cannot get %llu MB of heap: %s",
                           (unsigned long long)native.heap_size >> 20, strerror(errno));
    info->heap_start = (uintptr_t)heap;
    info->heap_size = native.heap_size;
    return 0;
}

static int prepare(int argc, char **argv, struct solo5_start_info *info, struct tender_error *error)
{
    int rc = take_manifest(error);

    if (rc == 0)
        rc = native_options_apply(argc, argv, error);
    if (rc == 0)
        rc = take_heap(info, error);
    if (rc == 0)
        rc = native_catch_signals(error);
    if (rc == 0)
        rc = native_catch_faults(error);
    if (rc == 0)
        rc = start_devices(error);
    return rc;
}

int main(int argc, char **argv)
{
    struct solo5_start_info info = {.cmdline = native.cmdline};
    struct tender_error error;

    if (native_options_answered(argc, argv))
        return EXIT_SUCCESS;
    /* A console that went away is not the end of a unikernel; what it says appears line by line. */
    signal(SIGPIPE, SIG_IGN);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (prepare(argc, argv, &info, &error) < 0) {
        fprintf(stderr, "%s: %s\n", program_invocation_short_name, error.text);
        if (native.misused)
            native_usage();
        native_stop_devices();
        return EXIT_FAILURE;
    }
    info.cmdline = cmdline_options(native.cmdline, &native.log);
    log_line(&native.log, LOG_INFO, "%s for native, %u PCI devices", PENSTOCK_VERSION,
             native.pci.count);
    solo5_exit(solo5_app_main(&info));
}
