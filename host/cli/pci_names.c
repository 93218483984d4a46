// SPDX-License-Identifier: ISC
/*
 * pci.ids is text: "8086  Intel Corporation", below it "\t10fb  82599ES ..." and lines with two
 * tabs for subsystems; "C 02  Network controller" and "\t00  Ethernet controller" for classes,
 * after all vendors. What stands below a line belongs to it.
 */
#include "host/cli/pci_names.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX (16u << 20) /* it has 1.4 MiB */

static char *read_list(const char *path, size_t *size)
{
    FILE *file = fopen(path, "re");
    char *text = file ? malloc(LIST_MAX) : NULL;
    char *less = NULL;

    *size = text ? fread(text, 1, LIST_MAX, file) : 0;
    if (file)
        fclose(file);
    if (*size > 0)
        less = realloc(text, *size);
    if (!less)
        free(text);
    return less;
}

void pci_names_open(struct pci_names *names, const char *const *files)
{
    *names = (struct pci_names){0};
    for (; *files && !names->text; files++)
        names->text = read_list(*files, &names->size);
}

void pci_names_close(struct pci_names *names)
{
    free(names->text);
    *names = (struct pci_names){0};
}

/* A part of the list. */
struct span {
    const char *at, *end;
};

static struct span next_line(struct span *rest)
{
    const char *end = memchr(rest->at, '\n', (size_t)(rest->end - rest->at));
    struct span line = {rest->at, end ? end : rest->end};

    rest->at = end ? end + 1 : rest->end;
    return line;
}

static bool begins(struct span line, const char *prefix)
{
    size_t length = strlen(prefix);

    return (size_t)(line.end - line.at) >= length && memcmp(line.at, prefix, length) == 0;
}

/* Copies a name, whole characters of UTF-8 only, nothing that moves a cursor. */
static void copy(char name[PCI_NAME_MAX], struct span from)
{
    size_t length = 0;

    for (; from.at < from.end && length < PCI_NAME_MAX - 1; from.at++)
        name[length++] = (unsigned char)*from.at < ' ' || *from.at == 0x7f ? '?' : *from.at;
    if (from.at < from.end)
        while (length > 0 && ((unsigned char)from.at[0] & 0xc0) == 0x80) {
            from.at--;
            length--;
        }
    name[length] = 0;
}

/*
 * The line that begins with `prefix` among those that begin with `level` (before the first that
 * does not, comments aside): its name goes to `name`, and what follows it to *below.
 */
static bool find(struct span list, const char *level, const char *prefix, char name[PCI_NAME_MAX],
                 struct span *below)
{
    while (list.at < list.end) {
        struct span line = next_line(&list);

        if (line.at == line.end || *line.at == '#')
            continue;
        if (!begins(line, level))
            return false;
        if (!begins(line, prefix))
            continue;
        line.at += strlen(prefix);
        copy(name, line);
        *below = list;
        return true;
    }
    return false;
}

void pci_names_find(const struct pci_names *names, const struct pci_identity *identity,
                    struct pci_name *name)
{
    struct span list, below;
    char prefix[16];

    *name = (struct pci_name){.vendor = ""};
    if (!names->text)
        return;
    list = (struct span){names->text, names->text + names->size};
    snprintf(prefix, sizeof(prefix), "%04x  ", identity->vendor);
    if (find(list, "", prefix, name->vendor, &below)) {
        snprintf(prefix, sizeof(prefix), "\t%04x  ", identity->device);
        find(below, "\t", prefix, name->device, &below);
    }
    snprintf(prefix, sizeof(prefix), "C %02x  ", identity->class_code);
    if (find(list, "", prefix, name->class_name, &below)) {
        snprintf(prefix, sizeof(prefix), "\t%02x  ", identity->subclass);
        find(below, "\t", prefix, name->class_name, &below);
    }
}
