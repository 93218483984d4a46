// SPDX-License-Identifier: ISC
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/cli/describe.h"
#include "host/cli/pci_check.h"
#include "host/pci/pci_file.h"

#define OK      PCI_CHECK_OK
#define NOTE    PCI_CHECK_NOTE
#define MISSING PCI_CHECK_MISSING

/* What a driver's descriptors and a few thousand packets take; systemd's limit is 8 MiB. */
#define MEMLOCK_WANTED (64ull << 20)

/* ---- the IOMMU ---- */

struct iommus {
    char names[128];
    unsigned count;
    bool x86; /* Intel's or AMD's */
};

static int take_iommu(void *arg, const char *name)
{
    struct iommus *found = arg;
    size_t used = strlen(found->names);

    found->count++;
    if (strncmp(name, "dmar", 4) == 0 || strncmp(name, "ivhd", 4) == 0)
        found->x86 = true;
    snprintf(found->names + used, sizeof(found->names) - used, "%s%.32s", used ? " " : "", name);
    return 0;
}

static int count_one(void *arg, const char *name)
{
    (void)name;
    ++*(unsigned *)arg;
    return 0;
}

static unsigned count_groups(const struct pci_host *host)
{
    char folder[PATH_MAX];
    unsigned groups = 0;

    if (pci_host_path(folder, sizeof(folder), "%s/kernel/iommu_groups", host->sys))
        pci_host_each(folder, count_one, &groups);
    return groups;
}

/* The table in which the firmware describes its IOMMUs (ACPI DMAR, IVRS, IORT), or NULL. */
static const char *firmware_table(const struct pci_host *host)
{
    static const char *const tables[] = {"DMAR", "IVRS", "IORT"};

    for (unsigned i = 0; i < 3; i++)
        if (pci_host_exists("%s/firmware/acpi/tables/%s", host->sys, tables[i]))
            return tables[i];
    return NULL;
}

static void check_iommu(const struct pci_host *host, struct iommus *found,
                        struct pci_checks *checks)
{
    const char *table = firmware_table(host);
    unsigned groups = count_groups(host);
    char folder[PATH_MAX];

    if (pci_host_path(folder, sizeof(folder), "%s/class/iommu", host->sys))
        pci_host_each(folder, take_iommu, found);
    if (found->count > 0 && groups > 0)
        pci_check_add(checks, "iommu", OK, "", "%s; %u groups of devices", found->names, groups);
    else if (found->count > 0 || table)
        pci_check_add(
            checks, "iommu", MISSING, "see command-line, then dmesg | grep -i -e iommu -e dmar",
            "the machine has one (%s), the kernel does not use it", table ? table : found->names);
    else
        pci_check_add(checks, "iommu", MISSING,
                      "switch on VT-d (Intel), AMD-Vi (AMD) or the SMMU in the firmware's set-up",
                      "this machine shows none");
}

/* ---- the kernel's command line ---- */

static bool has_word(const char *text, const char *word)
{
    size_t length = strlen(word);

    for (const char *at = strstr(text, word); at; at = strstr(at + 1, word))
        if ((at == text || at[-1] == ' ') && (at[length] == 0 || at[length] == ' '))
            return true;
    return false;
}

#define GRUB " in GRUB_CMDLINE_LINUX of /etc/default/grub, then update-grub and reboot"

static void check_command_line(const struct pci_host *host, bool works, struct pci_checks *checks)
{
    static const char *const off[] = {"intel_iommu=off", "amd_iommu=off", "iommu=off"};
    const char *table = firmware_table(host);
    char text[8192];
    int r = pci_file_read(text, sizeof(text), "%s/cmdline", host->proc);

    if (r != 0) {
        pci_check_add(checks, "command-line", NOTE, "mount /proc", "%s/cmdline: %s", host->proc,
                      strerror(-r));
        return;
    }
    for (unsigned i = 0; i < 3; i++)
        if (!works && has_word(text, off[i])) {
            pci_check_add(checks, "command-line", MISSING, "remove that" GRUB, "%s", off[i]);
            return;
        }
    if (!works && table && strcmp(table, "DMAR") == 0 && !has_word(text, "intel_iommu=on"))
        pci_check_add(checks, "command-line", MISSING, "add that" GRUB,
                      "intel_iommu=on is not there");
    else if (works)
        pci_check_add(checks, "command-line", OK, "", "%s",
                      has_word(text, "intel_iommu=on") ? "intel_iommu=on" : "nothing to add");
    else
        pci_check_add(checks, "command-line", OK, "", "nothing there against an IOMMU");
}

static bool any_line(const char *path, const char *word,
                     bool (*fits)(const char *line, const char *word))
{
    FILE *file = fopen(path, "re");
    char *line = NULL;
    size_t room = 0;
    bool found = false;

    while (file && !found && getline(&line, &room, file) > 0)
        found = fits(line, word);
    free(line);
    if (file)
        fclose(file);
    return found;
}

static bool contains(const char *line, const char *word)
{
    return strstr(line, word) != NULL;
}

/* The kernel says so only in the names of its interrupt chips: "IR-IO-APIC", "IR-PCI-MSI". */
static void check_remapping(const struct pci_host *host, struct pci_checks *checks)
{
    static const char unsafe[] = "module/vfio_iommu_type1/parameters/allow_unsafe_interrupts";
    char path[PATH_MAX], allowed[8];

    if (!pci_host_path(path, sizeof(path), "%s/interrupts", host->proc))
        return;
    if (any_line(path, " IR-", contains))
        pci_check_add(checks, "interrupt-remapping", OK, "", "on");
    else if (pci_file_read(allowed, sizeof(allowed), "%s/%s", host->sys, unsafe) == 0 &&
             allowed[0] == 'Y')
        pci_check_add(checks, "interrupt-remapping", NOTE,
                      "switch it on in the firmware's set-up (x2APIC, VT-d)",
                      "off, and allowed to be: a device can forge interrupts");
    else
        pci_check_add(checks, "interrupt-remapping", MISSING,
                      "switch it on in the firmware's set-up; or, where devices are trusted: echo "
                      "options vfio_iommu_type1 allow_unsafe_interrupts=1 > "
                      "/etc/modprobe.d/vfio.conf",
                      "off: vfio refuses devices then");
}

/* ---- VFIO ---- */

/* A line of modules.dep is "kernel/drivers/vfio/pci/vfio-pci.ko: ..."; - and _ are the same. */
static bool is_module(const char *line, const char *module)
{
    size_t length = strcspn(line, ":\n");

    while (length > 0 && memchr(line, '/', length)) {
        const char *behind = (const char *)memchr(line, '/', length) + 1;

        length -= (size_t)(behind - line);
        line = behind;
    }
    for (; *module; module++, line++)
        if (*line != *module && !(*line == '-' && *module == '_'))
            return false;
    return strncmp(line, ".ko", 3) == 0;
}

static bool has_module(const struct pci_host *host, const char *module)
{
    char path[PATH_MAX];

    return pci_host_path(path, sizeof(path), "%s/modules.dep", host->modules) &&
           any_line(path, module, is_module);
}

static void check_vfio_pci(const struct pci_host *host, struct pci_checks *checks)
{
    if (pci_host_exists("%s/bus/pci/drivers/vfio-pci", host->sys))
        pci_check_add(checks, "vfio-pci", OK, "", "%s",
                      pci_host_exists("%s/module/vfio_pci/initstate", host->sys) ? "loaded"
                                                                                 : "built in");
    else if (has_module(host, "vfio_pci"))
        pci_check_add(checks, "vfio-pci", MISSING, "modprobe vfio-pci",
                      "not loaded (penstock pci bind loads it)");
    else
        pci_check_add(checks, "vfio-pci", MISSING,
                      "boot a kernel with CONFIG_VFIO_PCI, such as Debian's linux-image-amd64",
                      "this kernel has no such driver");
}

static void check_vfio_iommu(const struct pci_host *host, struct pci_checks *checks)
{
    bool type1 = pci_host_exists("%s/module/vfio_iommu_type1", host->sys);
    bool iommufd = pci_host_exists("%s/iommu", host->dev);

    if (type1 || iommufd)
        pci_check_add(checks, "vfio-iommu", OK, "", "%s%s%s", type1 ? "type1" : "",
                      type1 && iommufd ? " and " : "", iommufd ? "iommufd" : "");
    else if (has_module(host, "vfio_iommu_type1"))
        pci_check_add(checks, "vfio-iommu", MISSING, "modprobe vfio_iommu_type1", "not loaded");
    else
        pci_check_add(checks, "vfio-iommu", MISSING,
                      "boot a kernel with CONFIG_VFIO_IOMMU_TYPE1 or CONFIG_IOMMUFD",
                      "this kernel has neither type1 nor iommufd");
}

/* 0 or what opening it would say. */
static int may_open(const char *path)
{
    return faccessat(AT_FDCWD, path, R_OK | W_OK, AT_EACCESS) == 0 ? 0 : errno;
}

static void check_node(const struct pci_host *host, struct pci_checks *checks)
{
    char vfio[PATH_MAX], iommufd[PATH_MAX];
    int r;

    if (!pci_host_path(vfio, sizeof(vfio), "%s/vfio/vfio", host->dev) ||
        !pci_host_path(iommufd, sizeof(iommufd), "%s/iommu", host->dev))
        return;
    r = may_open(vfio);
    if (r == 0 || may_open(iommufd) == 0)
        pci_check_add(checks, "dev-vfio", OK, "", "%s can be opened", r == 0 ? vfio : iommufd);
    else if (r == EACCES)
        pci_check_add(checks, "dev-vfio", MISSING, "chmod 666 /dev/vfio/vfio",
                      "%s: this user may not open it", vfio);
    else
        pci_check_add(checks, "dev-vfio", MISSING, "see vfio-pci", "%s: %s", vfio, strerror(r));
}

/* ---- memory, and KVM ---- */

static void check_hugepages(const struct pci_host *host, struct pci_checks *checks)
{
    static const char folder[] = "kernel/mm/hugepages/hugepages-2048kB";
    uint64_t all = 0, free_pages = 0;
    int r = pci_file_number(&all, UINT32_MAX, "%s/%s/nr_hugepages", host->sys, folder);

    if (r == 0)
        r = pci_file_number(&free_pages, UINT32_MAX, "%s/%s/free_hugepages", host->sys, folder);
    if (r != 0)
        pci_check_add(checks, "hugepages", NOTE, "boot a kernel with CONFIG_HUGETLBFS",
                      "none of 2 MiB in this kernel: DMA memory in 4 KiB pages");
    else if (free_pages == 0)
        pci_check_add(checks, "hugepages", NOTE, "sysctl -w vm.nr_hugepages=64",
                      "%llu of 2 MiB, none free: DMA memory in 4 KiB pages",
                      (unsigned long long)all);
    else
        pci_check_add(checks, "hugepages", OK, "", "%llu of 2 MiB, %llu free",
                      (unsigned long long)all, (unsigned long long)free_pages);
}

static void check_memlock(const struct pci_host *host, struct pci_checks *checks)
{
    static const char fix[] =
        "echo 'USER - memlock 65536' > /etc/security/limits.d/penstock.conf, and a new login";
    char size[DESCRIBE_MAX];

    if (host->memlock == UINT64_MAX) {
        pci_check_add(checks, "memlock", OK, "", "no limit");
        return;
    }
    describe_size(host->memlock, size);
    if (host->memlock >= MEMLOCK_WANTED)
        pci_check_add(checks, "memlock", OK, "", "%.64s may be locked", size);
    else
        pci_check_add(checks, "memlock", MISSING, fix,
                      "%.64s may be locked: too little for a unikernel's DMA memory", size);
}

static void check_kvm(const struct pci_host *host, struct pci_checks *checks)
{
    char path[PATH_MAX];
    int r;

    if (!pci_host_path(path, sizeof(path), "%s/kvm", host->dev))
        return;
    r = may_open(path);
    if (r == 0)
        pci_check_add(checks, "kvm", OK, "", "%s can be opened", path);
    else if (r == EACCES)
        pci_check_add(checks, "kvm", NOTE, "usermod -aG kvm USER, and a new login",
                      "%s: this user may not open it: no penstock-hvt", path);
    else
        pci_check_add(checks, "kvm", NOTE,
                      "modprobe kvm_intel or kvm_amd; if that fails, switch on virtualization in "
                      "the firmware's set-up",
                      "%s: %s: no penstock-hvt", path, strerror(r));
}

void pci_check_machine(const struct pci_host *host, struct pci_checks *checks)
{
    struct iommus found = {.count = 0};

    check_iommu(host, &found, checks);
    check_command_line(host, checks->check[0].status == OK, checks);
    if (found.x86)
        check_remapping(host, checks);
    check_vfio_pci(host, checks);
    check_vfio_iommu(host, checks);
    check_node(host, checks);
    check_hugepages(host, checks);
    check_memlock(host, checks);
    check_kvm(host, checks);
}
