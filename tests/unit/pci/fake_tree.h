// SPDX-License-Identifier: ISC
/*
 * Files in a temporary folder that stand for /sys (and /proc, /run). What cannot be made ends the
 * test.
 */
#ifndef PENSTOCK_FAKE_TREE_H
#define PENSTOCK_FAKE_TREE_H

struct fake_tree {
    char root[64];
};

void fake_tree_make(struct fake_tree *tree);
void fake_tree_remove(struct fake_tree *tree);

/* Paths are below the root; folders on the way are made. */
void fake_file(const struct fake_tree *tree, const char *path, const char *text);
void fake_link(const struct fake_tree *tree, const char *path, const char *target);
void fake_folder(const struct fake_tree *tree, const char *path);
void fake_drop(const struct fake_tree *tree, const char *path);

/* What a PCI device of the kernel's has, all sensible: 8086:10fb, class 02.00.00, a BAR of 512 KiB
 * at 0, 4 KiB of ports at 2, 16 KiB at 4; no driver, no group, no reset. */
void fake_device(const struct fake_tree *tree, const char *address);
void fake_device_file(const struct fake_tree *tree, const char *address, const char *file,
                      const char *text);
void fake_driver(const struct fake_tree *tree, const char *address, const char *driver);
void fake_group(const struct fake_tree *tree, const char *address, int group);

#endif
