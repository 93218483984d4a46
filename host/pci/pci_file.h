// SPDX-License-Identifier: ISC
/*
 * The small text files and links of sysfs and procfs.
 */
#ifndef PENSTOCK_PCI_FILE_H
#define PENSTOCK_PCI_FILE_H

#include <stddef.h>
#include <stdint.h>

/*
 * Reads the whole file into text, ends it with NUL and takes the line ends off its end. Returns 0;
 * -EFBIG: it does not fit or has a NUL byte in it; or what open or read said. On an error text is
 * "".
 */
int pci_file_read(char *text, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A file that is one number, decimal or 0x..., of at most `max`. -EINVAL: it is not. */
int pci_file_number(uint64_t *value, uint64_t max, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The last part of what a symbolic link says ("vfio-pci"). On an error name is "". */
int pci_file_link(char *name, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
