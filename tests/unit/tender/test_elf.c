// SPDX-License-Identifier: ISC
/* The ELF loader: what it takes, and each way it refuses. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "abi/hvt.h"
#include "host/tender/elf.h"
#include "host/tender/elf_symbols.h"
#include "tests/unit/tender/elf_image.h"

#define LIMIT (16ull << 20)

/* Opens and plans an image that was cut to `size` bytes. */
static int try(const struct elf_image *image, size_t size, struct elf_file *elf,
               struct tender_error *error)
{
    int fd, rc = elf_open(elf, elf_image_file(image, size, &fd), error);

    if (rc == 0) {
        rc = elf_plan(elf, HVT_GUEST_MIN_BASE, LIMIT, error);
        if (rc < 0)
            elf_close(elf);
    }
    close(fd);
    return rc;
}

static void takes_a_good_one(void **state)
{
    struct elf_image image;
    struct elf_file elf;
    struct tender_error error;
    uint8_t *mem = calloc(1, LIMIT);

    (void)state;
    elf_image_init(&image);
    assert_int_equal(try(&image, sizeof image, &elf, &error), 0);
    assert_int_equal(elf.segments_count, 4);
    assert_int_equal(elf.segments[2].start, IMAGE_DATA);
    assert_int_equal(elf.segments[2].end, IMAGE_DATA + 0x2000);
    assert_int_equal(elf.segments[2].flags, PF_R | PF_W);
    assert_int_equal(elf.end, IMAGE_END);
    assert_int_equal(elf_load(&elf, mem, &error), 0);
    assert_memory_equal(mem + IMAGE_TEXT, image.text, sizeof image.text);
    assert_memory_equal(mem + IMAGE_DATA, image.data, sizeof image.data);
    assert_int_equal(mem[IMAGE_DATA + sizeof image.data], 0);
    assert_int_equal(mem[IMAGE_TEXT + sizeof image.text], 0);
    elf_close(&elf);
    free(mem);
}

/* A way to spoil the image, and a part of the message about it. */
struct fault {
    const char *message;
    void (*spoil)(struct elf_image *image);
};

#define SPOIL(name, statement)                \
    static void name(struct elf_image *image) \
    {                                         \
        statement;                            \
    }

SPOIL(bad_magic, image->header.e_ident[1] = 'F')
SPOIL(bad_class, image->header.e_ident[EI_CLASS] = ELFCLASS32)
SPOIL(bad_endian, image->header.e_ident[EI_DATA] = ELFDATA2MSB)
SPOIL(bad_ident_version, image->header.e_ident[EI_VERSION] = 2)
SPOIL(bad_version, image->header.e_version = 2)
SPOIL(bad_machine, image->header.e_machine = EM_AARCH64)
SPOIL(bad_ehsize, image->header.e_ehsize = 52)
SPOIL(bad_phentsize, image->header.e_phentsize = 32)
SPOIL(no_segments, image->header.e_phnum = 0)
SPOIL(many_segments, image->header.e_phnum = PN_XNUM)
SPOIL(far_headers, image->header.e_phoff = UINT64_MAX - 8)
SPOIL(headers_behind_end, image->header.e_phoff = sizeof *image)
SPOIL(position_independent, image->header.e_type = ET_DYN)
SPOIL(entry_low, image->header.e_entry = HVT_GUEST_MIN_BASE - 1)
SPOIL(entry_high, image->header.e_entry = LIMIT)
SPOIL(other_interpreter, memcpy(image->interp, "/lib64/ld-linux.so.", 20))
SPOIL(short_interpreter, image->program[PH_INTERP].p_filesz = 3)
SPOIL(align_zero, image->program[PH_TEXT].p_align = 0)
SPOIL(align_odd, image->program[PH_TEXT].p_align = 0x3000)
SPOIL(align_small, image->program[PH_TEXT].p_align = 0x10)
SPOIL(align_huge, image->program[PH_TEXT].p_align = 1ull << 63)
SPOIL(file_larger, image->program[PH_TEXT].p_memsz = sizeof image->text - 1)
SPOIL(end_overflows, image->program[PH_DATA].p_memsz = UINT64_MAX - IMAGE_DATA + 1)
SPOIL(aligned_end_overflows, image->program[PH_DATA].p_memsz = UINT64_MAX - IMAGE_DATA - 1)
SPOIL(too_low, image->program[PH_TEXT].p_vaddr = 0xff000)
SPOIL(too_high, image->program[PH_BSS].p_vaddr = LIMIT - 0x1000 + 1)
SPOIL(too_large, image->program[PH_BSS].p_memsz = LIMIT)
SPOIL(descending, image->program[PH_BSS].p_vaddr = IMAGE_RODATA)
SPOIL(overlapping, image->program[PH_DATA].p_vaddr = IMAGE_RODATA + 0x800)
SPOIL(data_overlaps_bss, image->program[PH_DATA].p_memsz = 0x2001)
SPOIL(write_and_execute, image->program[PH_DATA].p_flags |= PF_X)
SPOIL(bss_write_and_execute, image->program[PH_BSS].p_flags |= PF_X)
SPOIL(bss_without_memory, (image->program[PH_BSS].p_memsz = 0, image->program[PH_BSS].p_filesz = 1))

static const struct fault faults[] = {
    {"not an ELF file", bad_magic},
    {"not 64-bit", bad_class},
    {"not little-endian", bad_endian},
    {"unknown ELF version", bad_ident_version},
    {"unknown ELF version", bad_version},
    {"another kind of machine", bad_machine},
    {"standard size", bad_ehsize},
    {"standard size", bad_phentsize},
    {"no program headers", no_segments},
    {"too many program headers", many_segments},
    {"lies outside of the file", far_headers},
    {"the file ends before the end of the program headers", headers_behind_end},
    {"not linked to a fixed address", position_independent},
    {"entry point 0xfffff is not in memory", entry_low},
    {"entry point 0x1000000 is not in memory", entry_high},
    {"its interpreter is not", other_interpreter},
    {"its interpreter is not", short_interpreter},
    {"power of two", align_zero},
    {"power of two", align_odd},
    {"not aligned to a page", align_small},
    {"starts below", align_huge},
    {"larger in the file", file_larger},
    {"end overflows", end_overflows},
    {"end overflows", aligned_end_overflows},
    {"starts below", too_low},
    {"does not fit into memory", too_high},
    {"does not fit into memory", too_large},
    {"ascending order", descending},
    {"overlaps", overlapping},
    {"overlaps", data_overlaps_bss},
    {"segment 3 (8192 bytes at 0x103000): it is both writable and executable", write_and_execute},
    {"both writable and executable", bss_write_and_execute},
    {"larger in the file", bss_without_memory},
};

static void refuses_bad_ones(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        struct elf_image image;
        struct elf_file elf;
        struct tender_error error = {""};

        elf_image_init(&image);
        faults[i].spoil(&image);
        if (try(&image, sizeof image, &elf, &error) == 0 ||
            strstr(error.text, faults[i].message) == NULL)
            fail_msg("expected '%s', got '%s'", faults[i].message, error.text);
    }
}

static void refuses_every_truncation(void **state)
{
    struct elf_image image;
    struct tender_error error;
    struct elf_file elf;

    (void)state;
    elf_image_init(&image);
    for (size_t size = 0; size < offsetof(struct elf_image, interp) - 2 * sizeof(Elf64_Phdr);
         size += 7)
        assert_int_equal(try(&image, size, &elf, &error), -ENOEXEC);
}

/* What was there when the headers were read is gone when the segments are. */
static void notices_a_file_that_shrinks(void **state)
{
    struct elf_image image;
    struct tender_error error;
    struct elf_file elf;
    uint8_t *mem = calloc(1, LIMIT);

    (void)state;
    elf_image_init(&image);
    assert_int_equal(try(&image, offsetof(struct elf_image, data), &elf, &error), 0);
    assert_int_equal(elf_load(&elf, mem, &error), -ENOEXEC);
    assert_non_null(strstr(error.text, "the file ends before the end of a segment"));
    elf_close(&elf);
    free(mem);
}

/* Solo5's executables have such a segment when they have no thread-local data. */
static void skips_empty_segments(void **state)
{
    struct elf_image image;
    struct tender_error error;
    struct elf_file elf;

    (void)state;
    elf_image_init(&image);
    image.program[PH_RODATA].p_filesz = image.program[PH_RODATA].p_memsz = 0;
    image.program[PH_RODATA].p_vaddr = 0;
    assert_int_equal(try(&image, sizeof image, &elf, &error), 0);
    assert_int_equal(elf.segments_count, 3);
    elf_close(&elf);
}

static void refuses_what_is_no_file(void **state)
{
    struct tender_error error;
    struct elf_file elf;

    (void)state;
    assert_int_equal(elf_open(&elf, "/nonexistent/file", &error), -ENOENT);
    assert_non_null(strstr(error.text, "/nonexistent/file: cannot open: No such file"));
    assert_int_equal(elf_open(&elf, "/dev/null", &error), -ENOEXEC);
    assert_non_null(strstr(error.text, "not a regular file"));
    assert_int_equal(elf_open(&elf, "/", &error), -ENOEXEC);
}

static void names_symbols(void **state)
{
    struct elf_image image;
    struct tender_error error;
    struct elf_file elf;
    struct elf_symbols symbols;
    size_t size;
    char name[64];

    (void)state;
    elf_image_init(&image);
    assert_int_equal(try(&image, sizeof image, &elf, &error), 0);
    size = elf_symbols_size(&elf);
    assert_int_equal(size, sizeof image.symbols + sizeof image.names);
    assert_int_equal(elf_symbols_read(&elf, size - 1, &symbols), -ENOEXEC);
    elf_symbols_free(&symbols);
    assert_int_equal(elf_symbols_read(&elf, size, &symbols), 0);
    elf_symbols_name(&symbols, IMAGE_TEXT, name, sizeof name);
    assert_string_equal(name, "_start+0x0");
    elf_symbols_name(&symbols, IMAGE_TEXT + 18, name, sizeof name);
    assert_string_equal(name, "work+0x2");
    elf_symbols_name(&symbols, IMAGE_TEXT + 50, name, sizeof name);
    assert_string_equal(name, "bad?name+0x2");
    elf_symbols_name(&symbols, IMAGE_TEXT - 1, name, sizeof name);
    assert_string_equal(name, "");
    elf_symbols_free(&symbols);
    elf_close(&elf);
}

static void survives_bad_symbols(void **state)
{
    struct elf_image image;
    struct tender_error error;
    struct elf_file elf;
    struct elf_symbols symbols;
    char name[64];

    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        elf_image_init(&image);
        if (i == 0)
            image.symbols[1].st_name = UINT32_MAX;
        else if (i == 1)
            memset(image.names, 'x', sizeof image.names);
        else if (i == 2)
            image.sections[1].sh_link = 99;
        else if (i == 3)
            image.sections[1].sh_size = UINT64_MAX;
        else if (i == 4)
            image.sections[2].sh_offset = UINT64_MAX - 2;
        else
            image.header.e_shoff = UINT64_MAX - 2;
        assert_int_equal(try(&image, sizeof image, &elf, &error), 0);
        elf_symbols_read(&elf, sizeof image, &symbols);
        elf_symbols_name(&symbols, IMAGE_TEXT, name, sizeof name);
        assert_true(name[0] == '\0' || (i == 1 && name[0] == 'x'));
        elf_symbols_free(&symbols);
        elf_close(&elf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_a_good_one),
        cmocka_unit_test(refuses_bad_ones),
        cmocka_unit_test(refuses_every_truncation),
        cmocka_unit_test(notices_a_file_that_shrinks),
        cmocka_unit_test(skips_empty_segments),
        cmocka_unit_test(refuses_what_is_no_file),
        cmocka_unit_test(names_symbols),
        cmocka_unit_test(survives_bad_symbols),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
