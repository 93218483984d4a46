// SPDX-License-Identifier: ISC
/*
 * The executables that tenders load: 64-bit ELF of this machine (reference: Solo5's elf.c for what
 * is checked, the System V ABI for the format). A file is not trusted and may change or shrink
 * while it is read: each byte is read once, into memory of ours, and every offset and size is
 * checked before it is used.
 */
#ifndef PENSTOCK_TENDER_ELF_H
#define PENSTOCK_TENDER_ELF_H

#include <elf.h>
#include <stddef.h>
#include <stdint.h>

#include "host/tender/error.h"

#define ELF_PHNUM_MAX 512u
#define ELF_PAGE      4096u

/* A PT_LOAD segment with something in it. */
struct elf_segment {
    uint64_t addr;      /* guest address of its first byte */
    uint64_t size;      /* bytes in memory */
    uint64_t offset;    /* where its content is in the file */
    uint64_t file_size; /* bytes of it; the rest is zero */
    uint64_t start;     /* the memory it occupies, extended to its alignment: whole pages */
    uint64_t end;       /* first byte behind it */
    uint32_t flags;     /* PF_R, PF_W, PF_X */
};

struct elf_file {
    char *path; /* as the user named it, for messages */
    int fd;
    Elf64_Ehdr header;
    Elf64_Phdr *program; /* header.e_phnum of them, as they are in the file */
    unsigned segments_count;
    struct elf_segment *segments; /* by elf_plan, ascending, disjoint */
    uint64_t end;                 /* by elf_plan: the highest segment's end */
};

/* Opens an executable and reads its headers. -ENOENT ..., -ENOEXEC: not an ELF file of this
 * machine's kind. */
int elf_open(struct elf_file *elf, const char *path, struct tender_error *error);

/* Also after a failure of elf_open. */
void elf_close(struct elf_file *elf);

/*
 * The first note of each PT_NOTE segment is looked at. Where owner and type are these, *desc
 * becomes its descriptor, read into fresh memory (free it), *size its size: 1..max bytes. -ENOENT:
 * there is none; -ENOEXEC: it is malformed or too large.
 */
int elf_note(const struct elf_file *elf, const char *owner, uint32_t type, size_t max, void **desc,
             size_t *size, struct tender_error *error);

/*
 * Checks that the file can be loaded into [base, limit) and fills in segments and end: a static
 * executable, its interpreter (if it names one) Solo5's, its segments ascending, disjoint, inside,
 * and none both writable and executable. -ENOEXEC.
 */
int elf_plan(struct elf_file *elf, uint64_t base, uint64_t limit, struct tender_error *error);

/* Reads the segments' content to mem + addr. Memory is zero beforehand and holds all of what
 * elf_plan allowed. */
int elf_load(const struct elf_file *elf, uint8_t *mem, struct tender_error *error);

/* Reads exactly size bytes at offset. -ENOEXEC if the file ends before. `what` names them in the
 * message. */
int elf_read(const struct elf_file *elf, void *buffer, uint64_t size, uint64_t offset,
             const char *what, struct tender_error *error);

#endif
