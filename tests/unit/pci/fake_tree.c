// SPDX-License-Identifier: ISC
#include "tests/unit/pci/fake_tree.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define DEVICES "bus/pci/devices"

static void must(int ok, const char *what, const char *path)
{
    if (ok)
        return;
    fprintf(stderr, "fake tree: %s %s: %s\n", what, path, strerror(errno));
    abort();
}

void fake_tree_make(struct fake_tree *tree)
{
    strcpy(tree->root, "/tmp/penstock-tree-XXXXXX");
    must(mkdtemp(tree->root) != NULL, "make", tree->root);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)type;
    (void)where;
    return remove(path);
}

void fake_tree_remove(struct fake_tree *tree)
{
    must(nftw(tree->root, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0, "remove", tree->root);
}

static void full_path(const struct fake_tree *tree, const char *path, char full[PATH_MAX])
{
    snprintf(full, PATH_MAX, "%s/%s", tree->root, path);
}

static void make_parents(char *full)
{
    for (char *slash = strchr(full + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        must(mkdir(full, 0755) == 0 || errno == EEXIST, "make", full);
        *slash = '/';
    }
}

void fake_file(const struct fake_tree *tree, const char *path, const char *text)
{
    char full[PATH_MAX];
    FILE *file;

    full_path(tree, path, full);
    make_parents(full);
    file = fopen(full, "w");
    must(file != NULL, "make", full);
    must(fputs(text, file) >= 0 && fclose(file) == 0, "write", full);
}

void fake_link(const struct fake_tree *tree, const char *path, const char *target)
{
    char full[PATH_MAX];

    full_path(tree, path, full);
    make_parents(full);
    unlink(full);
    must(symlink(target, full) == 0, "link", full);
}

void fake_folder(const struct fake_tree *tree, const char *path)
{
    char full[PATH_MAX];

    full_path(tree, path, full);
    make_parents(full);
    must(mkdir(full, 0755) == 0 || errno == EEXIST, "make", full);
}

void fake_drop(const struct fake_tree *tree, const char *path)
{
    char full[PATH_MAX];

    full_path(tree, path, full);
    must(nftw(full, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0, "remove", full);
}

void fake_device_file(const struct fake_tree *tree, const char *address, const char *file,
                      const char *text)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), DEVICES "/%s/%s", address, file);
    fake_file(tree, path, text);
}

void fake_device(const struct fake_tree *tree, const char *address)
{
    fake_device_file(tree, address, "vendor", "0x8086\n");
    fake_device_file(tree, address, "device", "0x10fb\n");
    fake_device_file(tree, address, "class", "0x020000\n");
    fake_device_file(tree, address, "subsystem_vendor", "0x8086\n");
    fake_device_file(tree, address, "subsystem_device", "0x0003\n");
    fake_device_file(tree, address, "revision", "0x01\n");
    fake_device_file(tree, address, "driver_override", "(null)\n");
    fake_device_file(tree, address, "numa_node", "-1\n");
    fake_device_file(tree, address, "resource",
                     "0x00000000fe000000 0x00000000fe07ffff 0x000000000014220c\n"
                     "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
                     "0x000000000000c000 0x000000000000cfff 0x0000000000040101\n"
                     "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
                     "0x0000000000000000 0x0000000000003fff 0x0000000020140204\n"
                     "0x0000000000000000 0x0000000000000000 0x0000000000000000\n"
                     "0x00000000fe080000 0x00000000fe0fffff 0x0000000000046200\n");
}

void fake_driver(const struct fake_tree *tree, const char *address, const char *driver)
{
    char path[PATH_MAX], target[PATH_MAX];

    snprintf(path, sizeof(path), "bus/pci/drivers/%s", driver);
    fake_folder(tree, path);
    snprintf(path, sizeof(path), DEVICES "/%s/driver", address);
    snprintf(target, sizeof(target), "../../../../bus/pci/drivers/%s", driver);
    fake_link(tree, path, target);
}

void fake_group(const struct fake_tree *tree, const char *address, int group)
{
    char path[PATH_MAX], target[PATH_MAX];

    snprintf(path, sizeof(path), "kernel/iommu_groups/%d/devices/%s", group, address);
    snprintf(target, sizeof(target), "../../../../" DEVICES "/%s", address);
    fake_link(tree, path, target);
    snprintf(path, sizeof(path), DEVICES "/%s/iommu_group", address);
    snprintf(target, sizeof(target), "../../../../kernel/iommu_groups/%d", group);
    fake_link(tree, path, target);
}
