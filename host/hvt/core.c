// SPDX-License-Identifier: ISC
#include "host/hvt/core.h"

#include <assert.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/tender/elf_machine.h"

#define PAGE      4096u
#define PARTS_MAX 128u /* a note, RAM, and a DMA window for each device */

/* All that stands before the memory. */
struct head {
    Elf64_Ehdr header;
    Elf64_Phdr program[PARTS_MAX];
    uint32_t pad; /* what follows the owner begins where this ends */
    Elf64_Nhdr note;
    char owner[8];
};
static_assert(sizeof(struct head) == offsetof(struct head, owner) + 8, "no room behind it");

static int fail(const struct core *core, struct tender_error *error)
{
    int rc = -errno;

    return tender_fail(error, rc, "--dumpcore=%s: %s", core->folder, strerror(-rc));
}

int core_open_folder(struct core *core, struct tender_error *error)
{
    if (core->folder == NULL)
        return 0;
    core->folder_fd = open(core->folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    return core->folder_fd < 0 ? fail(core, error) : 0;
}

/* The sandbox allows to remove this name, and knows it by its address. */
static int seal_name(struct core *core)
{
    char *page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (page == MAP_FAILED)
        return -1;
    snprintf(page, CORE_NAME_SIZE, "core.%s.%d", program_invocation_short_name, (int)getpid());
    core->name = page;
    return mprotect(page, PAGE, PROT_READ);
}

int core_open(struct core *core, struct tender_error *error)
{
    if (core->folder == NULL)
        return 0;
    if (seal_name(core) < 0)
        return fail(core, error);
    /* A process of the same number may have left one. */
    unlinkat(core->folder_fd, core->name, 0);
    core->fd = openat(core->folder_fd, core->name,
                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return core->fd < 0 ? fail(core, error) : 0;
}

static int put(const struct core *core, const void *data, uint64_t size, uint64_t offset)
{
    const char *from = data;

    while (size > 0) {
        ssize_t n = pwrite(core->fd, from, size, (off_t)offset);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        from += n;
        offset += (uint64_t)n;
        size -= (uint64_t)n;
    }
    return 0;
}

static bool is_zero(const uint8_t *page)
{
    uint64_t first;

    memcpy(&first, page, sizeof first);
    return first == 0 && memcmp(page, page + sizeof first, PAGE - sizeof first) == 0;
}

static int put_memory(const struct core *core, const struct core_memory *memory, uint64_t offset)
{
    for (uint64_t at = 0; at < memory->size; at += PAGE)
        if (!is_zero(memory->host + at) && put(core, memory->host + at, PAGE, offset + at) < 0)
            return -1;
    return 0;
}

static void fill_head(struct head *head, size_t note_size, const struct core_memory *memory,
                      unsigned count)
{
    uint64_t at = (sizeof *head + note_size + PAGE - 1) & ~(uint64_t)(PAGE - 1);

    *head = (struct head){
        .header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
                               EV_CURRENT},
                   .e_type = ET_CORE,
                   .e_machine = elf_host_machine,
                   .e_version = EV_CURRENT,
                   .e_phoff = offsetof(struct head, program),
                   .e_ehsize = sizeof(Elf64_Ehdr),
                   .e_phentsize = sizeof(Elf64_Phdr),
                   .e_phnum = (Elf64_Half)(count + 1)},
        .note = {.n_namesz = sizeof "CORE", .n_descsz = (uint32_t)note_size, .n_type = NT_PRSTATUS},
        .owner = "CORE"};
    head->program[0] =
        (Elf64_Phdr){.p_type = PT_NOTE,
                     .p_offset = offsetof(struct head, note),
                     .p_filesz = sizeof *head - offsetof(struct head, note) + note_size};
    for (unsigned i = 0; i < count; i++) {
        head->program[i + 1] = (Elf64_Phdr){.p_type = PT_LOAD,
                                            .p_flags = PF_R | PF_W | PF_X,
                                            .p_offset = at,
                                            .p_vaddr = memory[i].addr,
                                            .p_paddr = memory[i].addr,
                                            .p_filesz = memory[i].size,
                                            .p_memsz = memory[i].size,
                                            .p_align = PAGE};
        at += memory[i].size;
    }
}

int core_write(struct core *core, const void *note, size_t note_size,
               const struct core_memory *memory, unsigned count, struct tender_error *error)
{
    const Elf64_Phdr *last;
    struct head head;

    if (count >= PARTS_MAX)
        return tender_fail(error, -E2BIG, "too much memory for a core file");
    fill_head(&head, note_size, memory, count);
    last = &head.program[count];
    if (put(core, &head, sizeof head, 0) < 0 || put(core, note, note_size, sizeof head) < 0)
        return fail(core, error);
    for (unsigned i = 0; i < count; i++)
        if (put_memory(core, &memory[i], head.program[i + 1].p_offset) < 0)
            return fail(core, error);
    if (ftruncate(core->fd, (off_t)(last->p_offset + last->p_filesz)) < 0)
        return fail(core, error);
    core->written = true;
    return 0;
}

void core_close(struct core *core)
{
    if (core->fd >= 0) {
        if (!core->written)
            unlinkat(core->folder_fd, core->name, 0);
        close(core->fd);
    }
    if (core->folder_fd >= 0)
        close(core->folder_fd);
    if (core->name != NULL)
        munmap(core->name, PAGE);
    *core = (struct core){.folder_fd = -1, .fd = -1};
}
