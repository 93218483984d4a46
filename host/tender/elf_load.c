// SPDX-License-Identifier: ISC
/* Where an executable's segments go, and getting them there. */
#include "host/tender/elf.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "abi/elf_note.h"

static int check_interpreter(const struct elf_file *elf, const Elf64_Phdr *segment,
                             struct tender_error *error)
{
    char name[sizeof SOLO5_INTERP] = "";
    int rc;

    if (segment->p_filesz >= sizeof name) {
        rc = elf_read(elf, name, sizeof name, segment->p_offset,
                      "the end of its interpreter's name", error);
        if (rc < 0)
            return rc;
    }
    if (memcmp(name, SOLO5_INTERP, sizeof name) != 0)
        return tender_fail(
            error, -ENOEXEC,
            "%s: invalid executable: its interpreter is not %s: a program for Linux?", elf->path,
            SOLO5_INTERP);
    return 0;
}

/* What is wrong with a segment by itself, or NULL. Fills in *out. */
static const char *segment_fault(const Elf64_Phdr *header, uint64_t base, uint64_t limit,
                                 struct elf_segment *out)
{
    uint64_t align = header->p_align, end;

    *out = (struct elf_segment){.addr = header->p_vaddr,
                                .size = header->p_memsz,
                                .offset = header->p_offset,
                                .file_size = header->p_filesz,
                                .flags = header->p_flags & (PF_R | PF_W | PF_X)};
    if (align == 0 || (align & (align - 1)) != 0)
        return "its alignment is not a power of two";
    if (header->p_memsz < header->p_filesz)
        return "it is larger in the file than in memory";
    if (__builtin_add_overflow(header->p_vaddr, header->p_memsz, &end) ||
        __builtin_add_overflow(end, align - 1, &end))
        return "its end overflows";
    out->start = header->p_vaddr & -align;
    out->end = end & -align;
    if (out->start < base)
        return "it starts below the lowest address";
    if (out->end > limit)
        return "it does not fit into memory, of which --mem gives more";
    if (out->start % ELF_PAGE != 0 || out->end % ELF_PAGE != 0)
        return "its start or end is not aligned to a page";
    if ((header->p_flags & PF_W) && (header->p_flags & PF_X))
        return "it is both writable and executable";
    return NULL;
}

static int plan_segment(struct elf_file *elf, unsigned index, uint64_t base, uint64_t limit,
                        struct tender_error *error)
{
    const Elf64_Phdr *header = &elf->program[index];
    struct elf_segment *segment = &elf->segments[elf->segments_count];
    const char *fault = segment_fault(header, base, limit, segment);

    if (fault == NULL && elf->segments_count > 0 && segment->addr < segment[-1].addr)
        fault = "it is not in ascending order";
    if (fault == NULL && segment->start < elf->end)
        fault = "it overlaps the one before it";
    if (fault != NULL)
        return tender_fail(error, -ENOEXEC,
                           "%s: invalid executable: segment %u (%" PRIu64 " bytes at 0x%" PRIx64
                           "): %s (valid addresses: 0x%" PRIx64 " to 0x%" PRIx64 ")",
                           elf->path, index, header->p_memsz, header->p_vaddr, fault, base, limit);
    elf->end = segment->end;
    elf->segments_count++;
    return 0;
}

int elf_plan(struct elf_file *elf, uint64_t base, uint64_t limit, struct tender_error *error)
{
    uint64_t entry = elf->header.e_entry;

    if (elf->header.e_type != ET_EXEC)
        return tender_fail(error, -ENOEXEC,
                           "%s: invalid or unsupported executable: not linked to a fixed address",
                           elf->path);
    if (entry < base || entry >= limit)
        return tender_fail(error, -ENOEXEC,
                           "%s: invalid executable: entry point 0x%" PRIx64
                           " is not in memory (0x%" PRIx64 " to 0x%" PRIx64 ")",
                           elf->path, entry, base, limit);
    free(elf->segments);
    elf->segments = calloc(elf->header.e_phnum, sizeof *elf->segments);
    if (elf->segments == NULL)
        return tender_fail(error, -ENOMEM, "%s: out of memory", elf->path);
    elf->segments_count = 0;
    elf->end = 0;
    for (unsigned i = 0; i < elf->header.e_phnum; i++) {
        const Elf64_Phdr *header = &elf->program[i];
        bool load = header->p_type == PT_LOAD && (header->p_memsz > 0 || header->p_filesz > 0);
        int rc = 0;

        if (header->p_type == PT_INTERP)
            rc = check_interpreter(elf, header, error);
        else if (load)
            rc = plan_segment(elf, i, base, limit, error);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int elf_load(const struct elf_file *elf, uint8_t *mem, struct tender_error *error)
{
    for (unsigned i = 0; i < elf->segments_count; i++) {
        const struct elf_segment *segment = &elf->segments[i];
        int rc = elf_read(elf, mem + segment->addr, segment->file_size, segment->offset,
                          "the end of a segment", error);

        if (rc < 0)
            return rc;
    }
    return 0;
}
