// SPDX-License-Identifier: ISC
#include "host/cli/pci_list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/cli/describe.h"

/* ---- the table ---- */

enum { ADDRESS, CLASS, NAME, DRIVER, GROUP, RESET, NODE, BARS, UNIKERNEL, COLUMNS };

#define CELL_MAX     512
#define NAME_COLUMNS 40 /* columns */

struct line {
    char cell[COLUMNS][CELL_MAX];
};

static const char *const heads[COLUMNS] = {"ADDRESS", "CLASS", "NAME", "DRIVER",   "GROUP",
                                           "RESET",   "NUMA",  "BARS", "UNIKERNEL"};

/* Characters of UTF-8, which is what a column of a terminal holds. */
static unsigned width(const char *text)
{
    unsigned n = 0;

    for (; *text; text++)
        n += ((unsigned char)*text & 0xc0) != 0x80;
    return n;
}

static void shorten(char *text, unsigned most)
{
    char *cut = text;

    if (width(text) <= most)
        return;
    for (unsigned n = 0; n < most - 2; n++)
        do
            cut++;
        while (((unsigned char)*cut & 0xc0) == 0x80);
    strcpy(cut, "..");
}

/* "512K 0:16K": the largest unit that divides it, and which BAR. */
static void bar_cell(const struct pci_sysfs_device *device, char cell[CELL_MAX])
{
    size_t used = 0;

    for (unsigned i = 0; i < 6; i++) {
        char size[DESCRIBE_MAX];
        size_t unit;

        if (device->bar[i].size == 0)
            continue;
        describe_size(device->bar[i].size, size);
        unit = strcspn(size, " ");
        used += (size_t)snprintf(cell + used, CELL_MAX - used, "%s%u:%.*s%.1s%s", used ? " " : "",
                                 i, (int)unit, size, size[unit + 1] == 'b' ? "" : size + unit + 1,
                                 device->bar[i].io_port ? "(io)" : "");
    }
}

static void or_dash(char cell[CELL_MAX], const char *text)
{
    snprintf(cell, CELL_MAX, "%s", text[0] ? text : "-");
}

static void number_cell(char cell[CELL_MAX], int number)
{
    snprintf(cell, CELL_MAX, number < 0 ? "-" : "%d", number);
}

static void name_cell(const struct pci_row *row, char cell[CELL_MAX])
{
    const struct pci_identity *id = &row->device->identity;

    if (row->name.device[0])
        or_dash(cell, row->name.device);
    else
        snprintf(cell, CELL_MAX, "%s%s%04x:%04x", row->name.vendor, row->name.vendor[0] ? " " : "",
                 id->vendor, id->device);
    shorten(cell, NAME_COLUMNS);
}

static void unikernel_cell(const struct pci_verdict *verdict, char cell[CELL_MAX])
{
    const char *word = !verdict->possible                  ? "no"
                       : verdict->bound && verdict->viable ? "ready"
                                                           : "yes";

    snprintf(cell, CELL_MAX, "%s%s%s", word, verdict->reason[0] ? ": " : "", verdict->reason);
}

static void fill(const struct pci_row *row, struct line *line)
{
    const struct pci_sysfs_device *device = row->device;
    const struct pci_identity *id = &device->identity;

    memset(line, 0, sizeof(*line));
    or_dash(line->cell[ADDRESS], device->address);
    if (row->name.class_name[0])
        or_dash(line->cell[CLASS], row->name.class_name);
    else
        snprintf(line->cell[CLASS], CELL_MAX, "%02x.%02x.%02x", id->class_code, id->subclass,
                 id->progif);
    name_cell(row, line->cell[NAME]);
    or_dash(line->cell[DRIVER], device->driver);
    number_cell(line->cell[GROUP], device->group);
    or_dash(line->cell[RESET], !device->has_reset        ? ""
                               : device->reset_method[0] ? device->reset_method
                                                         : "yes");
    number_cell(line->cell[NODE], device->numa_node);
    bar_cell(device, line->cell[BARS]);
    if (!line->cell[BARS][0])
        or_dash(line->cell[BARS], "");
    unikernel_cell(&row->verdict, line->cell[UNIKERNEL]);
}

static void print_line(FILE *out, const struct line *line, const unsigned widths[COLUMNS])
{
    for (unsigned c = 0; c < COLUMNS; c++) {
        fputs(line->cell[c], out);
        if (c < COLUMNS - 1)
            fprintf(out, "%*s", (int)(widths[c] - width(line->cell[c]) + 2), "");
    }
    fputc('\n', out);
}

void pci_list_text(FILE *out, const struct pci_row *rows, unsigned count)
{
    unsigned widths[COLUMNS] = {0};
    struct line line;

    if (count == 0) {
        fprintf(out, "This machine has no PCI devices.\n");
        return;
    }
    for (unsigned c = 0; c < COLUMNS; c++)
        widths[c] = width(heads[c]);
    for (unsigned i = 0; i < count; i++) {
        fill(&rows[i], &line);
        for (unsigned c = 0; c < COLUMNS; c++)
            if (width(line.cell[c]) > widths[c])
                widths[c] = width(line.cell[c]);
    }
    for (unsigned c = 0; c < COLUMNS; c++)
        strcpy(line.cell[c], heads[c]);
    print_line(out, &line, widths);
    for (unsigned i = 0; i < count; i++) {
        fill(&rows[i], &line);
        print_line(out, &line, widths);
    }
}

/* ---- the machine ---- */

int pci_cmd_list(FILE *out, const struct pci_host *host, bool json, struct tender_error *error)
{
    struct pci_sysfs_device *devices;
    struct pci_names names;
    struct pci_error why;
    struct pci_row *rows;
    unsigned count;
    int r = pci_sysfs_list(host->sys, &devices, &count, &why);

    if (r != 0)
        return tender_fail(error, r, "%s", why.text);
    rows = calloc(count ? count : 1, sizeof(*rows));
    if (!rows) {
        free(devices);
        return tender_fail(error, -ENOMEM, "no memory for the list of PCI devices");
    }
    pci_names_open(&names, host->ids);
    for (unsigned i = 0; i < count; i++) {
        rows[i].device = &devices[i];
        pci_names_find(&names, &devices[i].identity, &rows[i].name);
        pci_judge(host, &devices[i], &rows[i].verdict);
    }
    (json ? pci_list_json : pci_list_text)(out, rows, count);
    pci_names_close(&names);
    free(rows);
    free(devices);
    return 0;
}
