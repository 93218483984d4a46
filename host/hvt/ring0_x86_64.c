// SPDX-License-Identifier: ISC
#include "host/hvt/ring0.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>

#include "abi/hvt.h"
#include "host/hvt/pagetable.h"
#include "host/hvt/trap_port_x86_64.h"

/* Pages, in this order. */
#define DESCRIPTORS 0x0000u /* read-only: the CPU finds its accessed and busy bits set */
#define STUBS       0x1000u
#define STACK       0x2000u
#define TABLES      0x3000u

/* In the page of descriptors. */
#define GDT_AT 0x000u
#define TSS_AT 0x100u
#define IDT_AT 0x400u

/* Enough for 64 GiB of BARs and DMA windows in 2 MiB pages at their worst; taken as it is touched.
 */
#define TABLES_MAX 8192u
#define RESERVE    (TABLES + TABLES_MAX * PAGETABLE_PAGE)

extern const uint8_t trap_stubs[], trap_stubs_end[];

/* SDM volume 3, figure 3-8: base 0, limit all ones. */
#define SEGMENT(access, flags) \
    (0x000f00000000ffffull | (uint64_t)(access) << 40 | (uint64_t)(flags) << 52)

static const uint64_t gdt[] = {
    0,
    SEGMENT(0x9b, 0xa), /* RING0_CODE: present, execute/read, accessed; 64-bit */
    SEGMENT(0x93, 0xc), /* RING0_DATA: present, read/write, accessed */
    SEGMENT(0xf3, 0xc), /* RING3_DATA: the same for ring 3 */
    SEGMENT(0xfb, 0xa), /* RING3_CODE */
    0,                  /* RING0_TSS, two entries */
    0,
};

/*
 * The ports that ring 3 may use: hypercalls, and nothing else (SDM volume 1, 19.5.2: a clear bit
 * allows). Not by IOPL 3: it would allow all of them, cli and sti as well, and KVM on PVM does not
 * keep it.
 */
#define PORTS (HVT_PORT_BASE + HVT_PORTS)

/* SDM volume 3, figure 8-11. */
struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3;
    uint16_t io_map; /* where the bitmap begins */
    uint8_t ports[PORTS / 8];
    uint8_t end; /* all ones */
} __attribute__((packed));
static_assert(offsetof(struct tss, ports) == 104, "SDM volume 3, figure 8-11");
static_assert(TSS_AT + sizeof(struct tss) <= IDT_AT, "tables lie side by side");

/* SDM volume 3, figure 6-8. */
struct gate {
    uint16_t offset0;
    uint16_t selector;
    uint8_t ist;
    uint8_t access;
    uint16_t offset1;
    uint32_t offset2;
    uint32_t reserved;
};
static_assert(sizeof(struct gate) == 16, "SDM volume 3, figure 6-8");

#define GATE_INTERRUPT 0x8eu /* present, 64-bit interrupt gate */
#define GATE_RING3     0x60u /* the instruction may be used at ring 3 */
#define VECTOR_BP      3u
#define VECTOR_OF      4u
#define VECTOR_DF      8u

static void write_gdt(struct ring0 *ring0)
{
    uint64_t entries[sizeof gdt / sizeof gdt[0]], base = ring0->tss;

    memcpy(entries, gdt, sizeof gdt);
    entries[RING0_TSS / 8] = ring0->tss_limit | (base & 0xffffff) << 16 | 0x8bull << 40 |
                             (base >> 24 & 0xff) << 56; /* present, busy 64-bit TSS */
    entries[RING0_TSS / 8 + 1] = base >> 32;
    memcpy(ring0->host + GDT_AT, entries, sizeof entries);
}

static void write_tss(struct ring0 *ring0)
{
    struct tss tss = {.rsp[0] = ring0->address + TABLES, /* where the stack page ends */
                      .ist[0] = ring0->address + STACK + PAGETABLE_PAGE / 2,
                      .io_map = offsetof(struct tss, ports),
                      .end = 0xff};

    memset(tss.ports, 0xff, sizeof tss.ports);
    memset(tss.ports + HVT_PORT_BASE / 8, 0, HVT_PORTS / 8);
    memcpy(ring0->host + TSS_AT, &tss, sizeof tss);
}

static void write_idt(struct ring0 *ring0)
{
    struct gate gates[TRAP_VECTORS];

    for (unsigned i = 0; i < TRAP_VECTORS; i++) {
        uint64_t stub = ring0->address + STUBS + i * TRAP_STUB_SIZE;

        gates[i] = (struct gate){.offset0 = (uint16_t)stub,
                                 .offset1 = (uint16_t)(stub >> 16),
                                 .offset2 = (uint32_t)(stub >> 32),
                                 .selector = RING0_CODE,
                                 .ist = i == VECTOR_DF,
                                 .access = GATE_INTERRUPT};
        if (i == VECTOR_BP || i == VECTOR_OF)
            gates[i].access |= GATE_RING3;
    }
    memcpy(ring0->host + IDT_AT, gates, sizeof gates);
}

static void write_pages(struct ring0 *ring0)
{
    size_t size = (size_t)(trap_stubs_end - trap_stubs);

    assert(size == TRAP_VECTORS * TRAP_STUB_SIZE && size <= PAGETABLE_PAGE);
    write_gdt(ring0);
    write_tss(ring0);
    write_idt(ring0);
    memcpy(ring0->host + STUBS, trap_stubs, size);
}

static int place(struct ring0 *ring0, struct mappings *mappings, bool user, uint64_t limit,
                 struct tender_error *error)
{
    uint64_t at = mappings_gap(mappings, HVT_MEM_MAX, RESERVE, HVT_MEM_UNIT);
    int rc = 0;

    if (at > limit || RESERVE > limit - at)
        return tender_fail(error, -ENOSPC,
                           "no room for page tables below 0x%" PRIx64 ", the CPU's last address",
                           limit);
    ring0->address = at;
    ring0->root = at + TABLES;
    ring0->gdt = at + GDT_AT;
    ring0->idt = at + IDT_AT;
    ring0->tss = at + TSS_AT;
    ring0->gdt_limit = sizeof gdt - 1;
    ring0->idt_limit = TRAP_VECTORS * sizeof(struct gate) - 1;
    ring0->tss_limit = sizeof(struct tss) - 1;
    if (user) {
        rc = mappings_add(mappings, at + DESCRIPTORS, PAGETABLE_PAGE, MAPPING_TENDER);
        rc = rc < 0 ? rc
                    : mappings_add(mappings, at + STUBS, PAGETABLE_PAGE,
                                   MAPPING_TENDER | MAPPING_EXEC);
        rc = rc < 0 ? rc
                    : mappings_add(mappings, at + STACK, PAGETABLE_PAGE,
                                   MAPPING_TENDER | MAPPING_WRITE);
    }
    if (rc < 0)
        return tender_fail(error, rc, "too much is mapped into the guest");
    return mappings_finish(mappings, error);
}

static int map_all(struct pagetable *table, const struct mappings *mappings,
                   struct tender_error *error)
{
    for (unsigned i = 0; i < mappings->count; i++) {
        const struct mapping *m = &mappings->list[i];
        int rc = pagetable_map(table, m);

        if (rc < 0)
            return tender_fail(error, rc,
                               "cannot map %" PRIu64 " bytes at 0x%" PRIx64
                               " into the guest's page tables: %s",
                               m->size, m->addr, strerror(-rc));
    }
    return 0;
}

int ring0_build(struct ring0 *ring0, struct kvm *kvm, struct mappings *mappings, bool user,
                bool gigabyte_pages, uint64_t limit, struct tender_error *error)
{
    struct pagetable table;
    void *host;
    int rc;

    *ring0 = (struct ring0){.host = NULL};
    rc = place(ring0, mappings, user, limit, error);
    if (rc < 0)
        return rc;
    host = mmap(NULL, RESERVE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE,
                -1, 0);
    if (host == MAP_FAILED)
        return tender_fail(error, -errno, "no memory for page tables: %s", strerror(errno));
    ring0->host = host;
    if (user)
        write_pages(ring0);
    pagetable_init(&table, ring0->host + TABLES, TABLES_MAX, ring0->root);
    table.user = user;
    table.gigabyte = gigabyte_pages;
    rc = map_all(&table, mappings, error);
    if (rc < 0)
        return rc;
    return kvm_add_memory(kvm, ring0->address, TABLES + table.used * PAGETABLE_PAGE, host, error);
}

const struct trap_frame *ring0_frame(const struct ring0 *ring0, uint64_t rsp)
{
    uint64_t offset = rsp - ring0->address;

    if (offset < STACK || offset > TABLES - sizeof(struct trap_frame) || offset % 8 != 0)
        return NULL;
    return (const struct trap_frame *)(const void *)(ring0->host + offset);
}

void ring0_free(struct ring0 *ring0)
{
    if (ring0->host != NULL)
        munmap(ring0->host, RESERVE);
    ring0->host = NULL;
}
