// SPDX-License-Identifier: ISC
#include "host/tender/elf_symbols.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLE_MAX  (64u << 20) /* bytes that we read of a table */
#define NAME_SHOWN 96u         /* characters of a name that we show */

static int read_section(const struct elf_file *elf, uint64_t index, Elf64_Shdr *section)
{
    struct tender_error error;
    uint64_t offset;

    if (index >= elf->header.e_shnum ||
        __builtin_add_overflow(elf->header.e_shoff, index * sizeof *section, &offset))
        return -ENOEXEC;
    return elf_read(elf, section, sizeof *section, offset, "the end of the sections", &error);
}

static int read_table(const struct elf_file *elf, const Elf64_Shdr *section, void **table)
{
    struct tender_error error;
    int rc;

    if (section->sh_size == 0)
        return -ENOEXEC;
    *table = malloc(section->sh_size);
    if (*table == NULL)
        return -ENOMEM;
    rc = elf_read(elf, *table, section->sh_size, section->sh_offset, "the symbols", &error);
    if (rc < 0) {
        free(*table);
        *table = NULL;
    }
    return rc;
}

static int find_symtab(const struct elf_file *elf, Elf64_Shdr *symtab)
{
    if (elf->header.e_shentsize != sizeof *symtab)
        return -ENOENT;
    for (uint64_t i = 0; i < elf->header.e_shnum; i++) {
        int rc = read_section(elf, i, symtab);

        if (rc < 0)
            return rc;
        if (symtab->sh_type == SHT_SYMTAB)
            return 0;
    }
    return -ENOENT;
}

static int find_tables(const struct elf_file *elf, Elf64_Shdr *symtab, Elf64_Shdr *strtab)
{
    int rc = find_symtab(elf, symtab);

    if (rc == 0)
        rc = read_section(elf, symtab->sh_link, strtab);
    if (rc == 0 && (symtab->sh_size > TABLE_MAX || strtab->sh_size > TABLE_MAX))
        rc = -ENOEXEC;
    return rc;
}

size_t elf_symbols_size(const struct elf_file *elf)
{
    Elf64_Shdr symtab, strtab;

    return find_tables(elf, &symtab, &strtab) < 0 ? 0 : symtab.sh_size + strtab.sh_size;
}

int elf_symbols_read(const struct elf_file *elf, size_t limit, struct elf_symbols *symbols)
{
    Elf64_Shdr symtab, strtab;
    void *table = NULL, *names = NULL;
    int rc;

    *symbols = (struct elf_symbols){.count = 0};
    rc = find_tables(elf, &symtab, &strtab);
    if (rc == 0 && symtab.sh_size + strtab.sh_size > limit)
        rc = -ENOEXEC;
    if (rc == 0)
        rc = read_table(elf, &symtab, &table);
    if (rc < 0)
        return rc;
    symbols->symbols = table;
    rc = read_table(elf, &strtab, &names);
    if (rc < 0)
        return rc;
    symbols->names = names;
    symbols->names_size = strtab.sh_size;
    symbols->count = symtab.sh_size / sizeof *symbols->symbols;
    return 0;
}

void elf_symbols_free(struct elf_symbols *symbols)
{
    free(symbols->symbols);
    free(symbols->names);
    *symbols = (struct elf_symbols){.count = 0};
}

/* Functions, and the labels of assembler code. */
static bool covers(const Elf64_Sym *symbol, uint64_t addr)
{
    unsigned type = ELF64_ST_TYPE(symbol->st_info);

    if (symbol->st_shndx == SHN_UNDEF || symbol->st_shndx >= SHN_LORESERVE ||
        (type != STT_FUNC && type != STT_NOTYPE) || addr < symbol->st_value)
        return false;
    return symbol->st_size == 0 || addr - symbol->st_value < symbol->st_size;
}

static const Elf64_Sym *find(const struct elf_symbols *symbols, uint64_t addr)
{
    const Elf64_Sym *best = NULL;

    for (size_t i = 0; i < symbols->count; i++) {
        const Elf64_Sym *symbol = &symbols->symbols[i];

        if (covers(symbol, addr) && (best == NULL || symbol->st_value > best->st_value))
            best = symbol;
    }
    return best;
}

void elf_symbols_name(const struct elf_symbols *symbols, uint64_t addr, char *text, size_t size)
{
    const Elf64_Sym *symbol = find(symbols, addr);
    char name[NAME_SHOWN];
    size_t length;

    text[0] = '\0';
    if (symbol == NULL || symbol->st_name >= symbols->names_size)
        return;
    length = strnlen(symbols->names + symbol->st_name, symbols->names_size - symbol->st_name);
    if (length >= sizeof name)
        length = sizeof name - 1;
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)symbols->names[symbol->st_name + i];

        name[i] = c < 128 && isgraph(c) ? (char)c : '?';
    }
    name[length] = '\0';
    snprintf(text, size, "%s+0x%" PRIx64, name, addr - symbol->st_value);
}
