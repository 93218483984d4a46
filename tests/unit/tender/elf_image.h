// SPDX-License-Identifier: ISC
/*
 * A small unikernel as a file, to be spoiled by tests: valid as elf_image_init leaves it.
 */
#ifndef PENSTOCK_TESTS_ELF_IMAGE_H
#define PENSTOCK_TESTS_ELF_IMAGE_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "abi/elf_note.h"

enum { PH_INTERP, PH_TEXT, PH_RODATA, PH_DATA, PH_BSS, PH_ABI, PH_FLAGS, PH_MANIFEST, PH_COUNT };

#define IMAGE_TEXT   0x100000ull
#define IMAGE_RODATA 0x102000ull
#define IMAGE_DATA   0x103000ull
#define IMAGE_BSS    0x105000ull
#define IMAGE_END    0x106000ull

/* As it is in the file, from offset 0. */
struct elf_image {
    Elf64_Ehdr header;
    Elf64_Phdr program[PH_COUNT + 2];
    char interp[20];
    uint8_t text[64];
    uint8_t rodata[32];
    uint8_t data[16];
    struct {
        struct note_header header;
        struct abi_note desc;
    } abi;
    struct penstock_note flags;
    struct {
        struct note_header header;
        uint8_t pad[MANIFEST_NOTE_PAD];
        uint32_t version, entries;
        struct mft_entry e[MFT_MAX_ENTRIES];
    } manifest __attribute__((aligned(8)));
    Elf64_Shdr sections[3];
    Elf64_Sym symbols[4];
    char names[64];
};

/* One PCI device "nic0" and DMA memory "dma"; symbols _start (0x100000, 16 bytes) and work
 * (0x100010, 32 bytes). */
void elf_image_init(struct elf_image *image);

/* Makes the manifest note as large as its entries say. */
void elf_image_resize_manifest(struct elf_image *image);

/* The first `size` bytes as a file (a memfd): its path. The descriptor is *fd, to be closed. */
const char *elf_image_file(const struct elf_image *image, size_t size, int *fd);

#endif
