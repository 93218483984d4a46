// SPDX-License-Identifier: ISC
#include "host/cli/pci_list.h"

#include <string.h>

#include "host/cli/json.h"

static void print_identity(FILE *out, const struct pci_row *row)
{
    const struct pci_sysfs_device *device = row->device;
    const struct pci_identity *id = &device->identity;

    fprintf(out, "{\"address\": \"%s\", \"vendor\": %u, \"device_id\": %u, ", device->address,
            id->vendor, id->device);
    fprintf(out, "\"subsystem_vendor\": %u, \"subsystem_device\": %u, \"revision\": %u, ",
            device->subsystem_vendor, device->subsystem_device, device->revision);
    fprintf(out, "\"class\": %u, \"subclass\": %u, \"progif\": %u,\n     \"class_name\": ",
            id->class_code, id->subclass, id->progif);
    json_string_or_null(out, row->name.class_name);
    fprintf(out, ", \"vendor_name\": ");
    json_string_or_null(out, row->name.vendor);
    fprintf(out, ", \"device_name\": ");
    json_string_or_null(out, row->name.device);
}

/* A list of the words that `reset_method` has. */
static void print_methods(FILE *out, const char *methods)
{
    const char *separator = "";

    fprintf(out, "[");
    while (*methods) {
        char word[PCI_NAME_SIZE];
        size_t length = strcspn(methods, " ");

        snprintf(word, sizeof(word), "%.*s", (int)length, methods);
        fputs(separator, out);
        json_string(out, word);
        separator = ", ";
        methods += length;
        methods += strspn(methods, " ");
    }
    fprintf(out, "]");
}

static void print_state(FILE *out, const struct pci_sysfs_device *device)
{
    fprintf(out, ",\n     \"driver\": ");
    json_string_or_null(out, device->driver);
    fprintf(out, ", \"driver_override\": ");
    json_string_or_null(out, device->override);
    fprintf(out, ", \"iommu_group\": ");
    json_number_or_null(out, device->group);
    fprintf(out, ", \"numa_node\": ");
    json_number_or_null(out, device->numa_node);
    fprintf(out, ", \"has_reset\": %s, \"reset_methods\": ", json_bool(device->has_reset));
    print_methods(out, device->reset_method);
}

static void print_bars(FILE *out, const struct pci_sysfs_device *device)
{
    const char *separator = "";

    fprintf(out, ",\n     \"bars\": [");
    for (unsigned i = 0; i < 6; i++) {
        const struct pci_sysfs_bar *bar = &device->bar[i];

        if (bar->size == 0)
            continue;
        fprintf(out,
                "%s{\"index\": %u, \"start\": %llu, \"size\": %llu, \"io_port\": %s, "
                "\"prefetchable\": %s, \"is_64bit\": %s}",
                separator, i, (unsigned long long)bar->start, (unsigned long long)bar->size,
                json_bool(bar->io_port), json_bool(bar->prefetchable), json_bool(bar->is_64bit));
        separator = ", ";
    }
    fprintf(out, "]");
}

static void print_verdict(FILE *out, const struct pci_verdict *verdict)
{
    fprintf(out, ",\n     \"bound\": %s, \"viable\": %s, \"in_use\": ", json_bool(verdict->bound),
            json_bool(verdict->viable));
    json_string_or_null(out, verdict->use);
    fprintf(out, ", \"possible\": %s, \"reason\": ", json_bool(verdict->possible));
    json_string_or_null(out, verdict->reason);
    fprintf(out, "}");
}

void pci_list_json(FILE *out, const struct pci_row *rows, unsigned count)
{
    fprintf(out, "{\"devices\": [");
    for (unsigned i = 0; i < count; i++) {
        fprintf(out, "%s\n    ", i ? "," : "");
        print_identity(out, &rows[i]);
        print_state(out, rows[i].device);
        print_bars(out, rows[i].device);
        print_verdict(out, &rows[i].verdict);
    }
    fprintf(out, "\n]}\n");
}
