// SPDX-License-Identifier: ISC
#include "tests/unit/tender/elf_image.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static void segment(struct elf_image *image, unsigned index, uint32_t type, uint32_t flags,
                    size_t offset, uint64_t addr, uint64_t file_size, uint64_t size)
{
    image->program[index] = (Elf64_Phdr){.p_type = type,
                                         .p_flags = flags,
                                         .p_offset = offset,
                                         .p_vaddr = addr,
                                         .p_paddr = addr,
                                         .p_filesz = file_size,
                                         .p_memsz = size,
                                         .p_align = type == PT_LOAD ? 0x1000 : 4};
}

#define PLACE(image, member) offsetof(struct elf_image, member), 0, sizeof(image)->member

static void fill_program(struct elf_image *image)
{
    segment(image, PH_INTERP, PT_INTERP, PF_R, PLACE(image, interp), sizeof image->interp);
    segment(image, PH_TEXT, PT_LOAD, PF_R | PF_X, offsetof(struct elf_image, text), IMAGE_TEXT,
            sizeof image->text, sizeof image->text);
    segment(image, PH_RODATA, PT_LOAD, PF_R, offsetof(struct elf_image, rodata), IMAGE_RODATA,
            sizeof image->rodata, sizeof image->rodata);
    segment(image, PH_DATA, PT_LOAD, PF_R | PF_W, offsetof(struct elf_image, data), IMAGE_DATA,
            sizeof image->data, 0x2000);
    segment(image, PH_BSS, PT_LOAD, PF_R | PF_W, 0, IMAGE_BSS, 0, 0x1000);
    segment(image, PH_ABI, PT_NOTE, PF_R, PLACE(image, abi), sizeof image->abi);
    segment(image, PH_FLAGS, PT_NOTE, PF_R, PLACE(image, flags), sizeof image->flags);
    segment(image, PH_MANIFEST, PT_NOTE, PF_R, PLACE(image, manifest), 0);
}

static void fill_notes(struct elf_image *image)
{
    image->abi.header = (struct note_header){SOLO5_NOTE_NAMESZ, sizeof image->abi.desc,
                                             SOLO5_NOTE_ABI, SOLO5_NOTE_NAME};
    image->abi.desc =
        (struct abi_note){.abi_target = ABI_TARGET_HVT, .abi_version = HVT_ABI_VERSION};
    image->flags =
        (struct penstock_note){PENSTOCK_NOTE_NAMESZ, sizeof image->flags.flags, PENSTOCK_NOTE_FLAGS,
                               PENSTOCK_NOTE_NAME, PENSTOCK_FLAG_RING3};
    image->manifest.header =
        (struct note_header){SOLO5_NOTE_NAMESZ, 0, SOLO5_NOTE_MANIFEST, SOLO5_NOTE_NAME};
    image->manifest.version = MFT_VERSION;
    image->manifest.entries = 3;
    image->manifest.e[0] = (struct mft_entry){.type = MFT_RESERVED_FIRST};
    image->manifest.e[1] = (struct mft_entry){
        .name = "nic0",
        .type = MFT_PCI_BASIC,
        .u.pci_basic = {0x8086, 0x10fb, 2, 0, 0, MFT_PCI_MAP_BAR(0) | MFT_PCI_BUS_MASTER, 0}};
    image->manifest.e[2] =
        (struct mft_entry){.name = "dma", .type = MFT_DMA_BASIC, .u.dma_basic = {4 << 20}};
    elf_image_resize_manifest(image);
}

static void fill_symbols(struct elf_image *image)
{
    const char names[] = "\0_start\0work\0bad\x1bname";

    memcpy(image->names, names, sizeof names);
    image->sections[1] = (Elf64_Shdr){.sh_type = SHT_SYMTAB,
                                      .sh_offset = offsetof(struct elf_image, symbols),
                                      .sh_size = sizeof image->symbols,
                                      .sh_link = 2};
    image->sections[2] = (Elf64_Shdr){.sh_type = SHT_STRTAB,
                                      .sh_offset = offsetof(struct elf_image, names),
                                      .sh_size = sizeof image->names};
    image->symbols[1] = (Elf64_Sym){1, ELF64_ST_INFO(STB_GLOBAL, STT_FUNC), 0, 1, IMAGE_TEXT, 16};
    image->symbols[2] =
        (Elf64_Sym){8, ELF64_ST_INFO(STB_LOCAL, STT_FUNC), 0, 1, IMAGE_TEXT + 16, 32};
    image->symbols[3] =
        (Elf64_Sym){13, ELF64_ST_INFO(STB_LOCAL, STT_NOTYPE), 0, 1, IMAGE_TEXT + 48, 0};
}

void elf_image_init(struct elf_image *image)
{
    memset(image, 0, sizeof *image);
    memcpy(image->header.e_ident, ELFMAG, SELFMAG);
    image->header.e_ident[EI_CLASS] = ELFCLASS64;
    image->header.e_ident[EI_DATA] = ELFDATA2LSB;
    image->header.e_ident[EI_VERSION] = EV_CURRENT;
    image->header.e_type = ET_EXEC;
    image->header.e_machine = EM_X86_64;
    image->header.e_version = EV_CURRENT;
    image->header.e_entry = IMAGE_TEXT;
    image->header.e_phoff = offsetof(struct elf_image, program);
    image->header.e_shoff = offsetof(struct elf_image, sections);
    image->header.e_ehsize = sizeof image->header;
    image->header.e_phentsize = sizeof image->program[0];
    image->header.e_phnum = PH_COUNT;
    image->header.e_shentsize = sizeof image->sections[0];
    image->header.e_shnum = 3;
    memcpy(image->interp, SOLO5_INTERP, sizeof SOLO5_INTERP);
    memset(image->text, 0x90, sizeof image->text);
    memset(image->rodata, 0x11, sizeof image->rodata);
    memset(image->data, 0x22, sizeof image->data);
    fill_program(image);
    fill_notes(image);
    fill_symbols(image);
}

void elf_image_resize_manifest(struct elf_image *image)
{
    uint32_t size = (uint32_t)MANIFEST_NOTE_DESCSZ(image->manifest.entries);

    image->manifest.header.descsz = size;
    image->program[PH_MANIFEST].p_filesz = sizeof image->manifest.header + size;
}

const char *elf_image_file(const struct elf_image *image, size_t size, int *fd)
{
    static char path[64];
    ssize_t n;

    *fd = memfd_create("unikernel", MFD_CLOEXEC);
    assert(*fd >= 0);
    n = write(*fd, image, size);
    assert(n == (ssize_t)size);
    (void)n;
    snprintf(path, sizeof path, "/proc/self/fd/%d", *fd);
    return path;
}
