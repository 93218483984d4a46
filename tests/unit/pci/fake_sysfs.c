// SPDX-License-Identifier: ISC
#include "tests/unit/pci/fake_sysfs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#define HUGE   (2ull << 20)
#define FOLDER "bus/pci/devices/" FAKE_NIC

struct fake_memory fake_memory;

/* A file of which no more can be had than there are free pages. */
void fake_memory_free(const unsigned *frames)
{
    struct rlimit limit;

    memset(&fake_memory, 0, sizeof(fake_memory));
    for (; frames[fake_memory.count] != 0; fake_memory.count++)
        fake_memory.frames[fake_memory.count] = frames[fake_memory.count];
    signal(SIGXFSZ, SIG_IGN);
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = fake_memory.count * HUGE;
    setrlimit(RLIMIT_FSIZE, &limit);
}

/* A page has its number in it, behind what the code under test writes. */
static int physical(const void *page, uint64_t *address)
{
    unsigned *number = (unsigned *)((uintptr_t)page + 8);

    if (fake_memory.code != 0)
        return fake_memory.code;
    *address = (uint64_t)(uintptr_t)page;
    if ((uintptr_t)page % 4096 != 0)
        return 0; /* some variable */
    if (*number == 0)
        *number = fake_memory.frames[fake_memory.taken++];
    *address = *number * HUGE;
    return 0;
}

static void make_device(const struct fake_tree *tree)
{
    char path[256];

    fake_device(tree, FAKE_NIC);
    fake_device_file(tree, FAKE_NIC, "reset", "");
    fake_device_file(tree, FAKE_NIC, "enable", "0\n");
    fake_device_file(tree, FAKE_NIC, "power/control", "auto\n");
    fake_device_file(tree, FAKE_NIC, "config", "");
    snprintf(path, sizeof(path), "%s/" FOLDER "/config", tree->root);
    if (truncate(path, 4096) < 0)
        abort();
    fake_device_file(tree, FAKE_NIC, "resource0", "");
    snprintf(path, sizeof(path), "%s/" FOLDER "/resource0", tree->root);
    if (truncate(path, 512 * 1024) < 0)
        abort();
}

int fake_sysfs_make(void **state)
{
    struct fake_sysfs *fake = calloc(1, sizeof(*fake));
    char text[512];

    fake_tree_make(&fake->tree);
    make_device(&fake->tree);
    fake_folder(&fake->tree, "huge");
    snprintf(fake->memory, sizeof(fake->memory), "%s/huge", fake->tree.root);
    snprintf(fake->mounts, sizeof(fake->mounts), "%s/mounts", fake->tree.root);
    snprintf(text, sizeof(text),
             "proc /proc proc rw 0 0\n"
             "none /nonexistent/1g hugetlbfs rw,relatime,pagesize=1024M 0 0\n"
             "none %s hugetlbfs rw,relatime,pagesize=2M 0 0\n",
             fake->memory);
    fake_file(&fake->tree, "mounts", text);
    fake->host =
        (struct sysfs_host){.sys = fake->tree.root, .mounts = fake->mounts, .physical = physical};
    fake->options.unsafe_no_iommu = true;
    memset(&fake_memory, 0, sizeof(fake_memory));
    *state = fake;
    return 0;
}

int fake_sysfs_remove(void **state)
{
    struct fake_sysfs *fake = *state;
    struct rlimit limit;

    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_FSIZE, &limit);
    fake_tree_remove(&fake->tree);
    free(fake);
    return 0;
}

int fake_sysfs_open(struct fake_sysfs *fake, struct pci_access **dev, struct pci_error *error)
{
    char *where = strdup("sysfs:" FAKE_NIC);
    int rc =
        sysfs_open_on(&fake->host, where, where + strlen("sysfs:"), &fake->options, dev, error);

    if (rc < 0) {
        free(where);
        return rc;
    }
    (*dev)->ops = &sysfs_ops;
    (*dev)->where = where;
    (*dev)->options = fake->options;
    (*dev)->beside = *dev;
    return 0;
}

struct pci_access *fake_sysfs_opened(struct fake_sysfs *fake)
{
    struct pci_error error = {.text = ""};
    struct pci_access *dev = NULL;

    if (fake_sysfs_open(fake, &dev, &error) < 0)
        fail_msg("%s", error.text);
    return dev;
}

void fake_sysfs_read(const struct fake_sysfs *fake, const char *file, char *text, size_t size)
{
    char path[256];
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), "%s/" FOLDER "/%s", fake->tree.root, file);
    fd = open(path, O_RDONLY);
    n = fd < 0 ? -1 : read(fd, text, size - 1);
    text[n > 0 ? n : 0] = '\0';
    if (fd >= 0)
        close(fd);
}

unsigned fake_sysfs_files(const struct fake_sysfs *fake)
{
    DIR *folder = opendir(fake->memory);
    unsigned count = 0;

    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count - 2; /* "." and ".." */
}
