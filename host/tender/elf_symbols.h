// SPDX-License-Identifier: ISC
/*
 * The names in an executable's .symtab, for reports to people. As little trusted as the rest of the
 * file.
 */
#ifndef PENSTOCK_TENDER_ELF_SYMBOLS_H
#define PENSTOCK_TENDER_ELF_SYMBOLS_H

#include <stddef.h>
#include <stdint.h>

#include "host/tender/elf.h"

struct elf_symbols {
    Elf64_Sym *symbols;
    size_t count;
    char *names;
    size_t names_size;
};

/* Bytes of memory that elf_symbols_read takes. */
size_t elf_symbols_size(const struct elf_file *elf);

/* -ENOENT: it was stripped; -ENOEXEC: malformed, or more than `limit` bytes. What is there
 * afterwards can be used and freed in any case. */
int elf_symbols_read(const struct elf_file *elf, size_t limit, struct elf_symbols *symbols);

void elf_symbols_free(struct elf_symbols *symbols);

/* "name+0x12" for an address in a function, else "". Characters that do not belong into names
 * become '?'. */
void elf_symbols_name(const struct elf_symbols *symbols, uint64_t addr, char *text, size_t size);

#endif
