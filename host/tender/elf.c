// SPDX-License-Identifier: ISC
#include "host/tender/elf.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/tender/elf_machine.h"

#define NOTE_OWNER_MAX 16u

static int refuse(const struct elf_file *elf, struct tender_error *error, const char *why)
{
    return tender_fail(error, -ENOEXEC, "%s: invalid or unsupported executable: %s", elf->path,
                       why);
}

int elf_read(const struct elf_file *elf, void *buffer, uint64_t size, uint64_t offset,
             const char *what, struct tender_error *error)
{
    uint8_t *to = buffer;

    if (offset > INT64_MAX || size > INT64_MAX - offset)
        return tender_fail(error, -ENOEXEC, "%s: invalid executable: %s lies outside of the file",
                           elf->path, what);
    while (size > 0) {
        ssize_t n = pread(elf->fd, to, size, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return tender_fail(error, -errno, "%s: cannot read %s: %s", elf->path, what,
                               strerror(errno));
        if (n == 0)
            return tender_fail(error, -ENOEXEC, "%s: invalid executable: the file ends before %s",
                               elf->path, what);
        to += n;
        offset += (uint64_t)n;
        size -= (uint64_t)n;
    }
    return 0;
}

/* EI_OSABI is not looked at: compilers set what they are used to. */
static const char *header_fault(const Elf64_Ehdr *header)
{
    if (memcmp(header->e_ident, ELFMAG, SELFMAG) != 0)
        return "not an ELF file";
    if (header->e_ident[EI_CLASS] != ELFCLASS64)
        return "not 64-bit";
    if (header->e_ident[EI_DATA] != ELFDATA2LSB)
        return "not little-endian";
    if (header->e_ident[EI_VERSION] != EV_CURRENT || header->e_version != EV_CURRENT)
        return "unknown ELF version";
    if (header->e_machine != elf_host_machine)
        return "for another kind of machine";
    if (header->e_ehsize != sizeof(Elf64_Ehdr) || header->e_phentsize != sizeof(Elf64_Phdr))
        return "its headers are not of the standard size";
    if (header->e_phnum == 0)
        return "no program headers";
    if (header->e_phnum > ELF_PHNUM_MAX)
        return "too many program headers";
    return NULL;
}

static int read_headers(struct elf_file *elf, struct tender_error *error)
{
    const char *fault;
    int rc = elf_read(elf, &elf->header, sizeof elf->header, 0, "the end of the ELF header", error);

    if (rc < 0)
        return rc;
    fault = header_fault(&elf->header);
    if (fault != NULL)
        return refuse(elf, error, fault);
    elf->program = calloc(elf->header.e_phnum, sizeof *elf->program);
    if (elf->program == NULL)
        return tender_fail(error, -ENOMEM, "%s: out of memory", elf->path);
    return elf_read(elf, elf->program, elf->header.e_phnum * sizeof *elf->program,
                    elf->header.e_phoff, "the end of the program headers", error);
}

int elf_open(struct elf_file *elf, const char *path, struct tender_error *error)
{
    struct stat st;
    int rc;

    *elf = (struct elf_file){.fd = -1, .path = strdup(path)};
    if (elf->path == NULL)
        return tender_fail(error, -ENOMEM, "%s: out of memory", path);
    elf->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (elf->fd < 0 || fstat(elf->fd, &st) < 0) {
        rc = -errno;
        tender_fail(error, rc, "%s: cannot open: %s", path, strerror(errno));
    } else if (!S_ISREG(st.st_mode)) {
        rc = refuse(elf, error, "not a regular file");
    } else {
        rc = read_headers(elf, error);
    }
    if (rc < 0)
        elf_close(elf);
    return rc;
}

void elf_close(struct elf_file *elf)
{
    if (elf->fd >= 0)
        close(elf->fd);
    free(elf->path);
    free(elf->program);
    free(elf->segments);
    *elf = (struct elf_file){.fd = -1};
}

/* ---- Notes ---- */

/* Reads a note's header and, where it is long enough to matter, its owner. */
static int read_note_header(const struct elf_file *elf, const Elf64_Phdr *segment, Elf64_Nhdr *note,
                            char owner[NOTE_OWNER_MAX], struct tender_error *error)
{
    int rc;

    if (segment->p_filesz < sizeof *note)
        return refuse(elf, error, "a note is shorter than its header");
    rc = elf_read(elf, note, sizeof *note, segment->p_offset, "the end of a note", error);
    if (rc < 0 || note->n_namesz > NOTE_OWNER_MAX ||
        segment->p_filesz - sizeof *note < note->n_namesz)
        return rc;
    memset(owner, 0, NOTE_OWNER_MAX);
    return elf_read(elf, owner, note->n_namesz, segment->p_offset + sizeof *note,
                    "the end of a note's name", error);
}

static int read_note_desc(const struct elf_file *elf, const Elf64_Phdr *segment,
                          const Elf64_Nhdr *note, size_t max, void **desc, size_t *size,
                          struct tender_error *error)
{
    uint64_t offset = sizeof *note + (((uint64_t)note->n_namesz + 3) & ~3ull);
    int rc;

    if (note->n_descsz < 1 || note->n_descsz > max)
        return refuse(elf, error, "a note is empty or too large");
    if (segment->p_filesz < offset || segment->p_filesz - offset < note->n_descsz)
        return refuse(elf, error, "a note is larger than its segment");
    *desc = malloc(note->n_descsz);
    if (*desc == NULL)
        return tender_fail(error, -ENOMEM, "%s: out of memory", elf->path);
    rc = elf_read(elf, *desc, note->n_descsz, segment->p_offset + offset,
                  "the end of a note's content", error);
    if (rc < 0) {
        free(*desc);
        *desc = NULL;
        return rc;
    }
    *size = note->n_descsz;
    return 0;
}

int elf_note(const struct elf_file *elf, const char *owner, uint32_t type, size_t max, void **desc,
             size_t *size, struct tender_error *error)
{
    size_t length = strlen(owner) + 1;

    assert(length <= NOTE_OWNER_MAX);
    *desc = NULL;
    for (unsigned i = 0; i < elf->header.e_phnum; i++) {
        const Elf64_Phdr *segment = &elf->program[i];
        char name[NOTE_OWNER_MAX] = "";
        Elf64_Nhdr note;
        int rc;

        if (segment->p_type != PT_NOTE)
            continue;
        rc = read_note_header(elf, segment, &note, name, error);
        if (rc < 0)
            return rc;
        if (note.n_type == type && note.n_namesz == length && memcmp(name, owner, length) == 0)
            return read_note_desc(elf, segment, &note, max, desc, size, error);
    }
    return tender_fail(error, -ENOENT, "%s: no %s note of type 0x%" PRIx32, elf->path, owner, type);
}
