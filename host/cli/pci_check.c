// SPDX-License-Identifier: ISC
#include "host/cli/pci_check.h"

#include <errno.h>
#include <stdarg.h>

#include "host/cli/json.h"

struct pci_check *pci_check_add(struct pci_checks *checks, const char *name,
                                enum pci_check_status status, const char *fix, const char *format,
                                ...)
{
    /* The last one is written over if there ever are too many. */
    struct pci_check *check =
        &checks->check[checks->count < PCI_CHECKS_MAX ? checks->count++ : PCI_CHECKS_MAX - 1];
    va_list args;

    *check = (struct pci_check){.name = name, .status = status};
    va_start(args, format);
    vsnprintf(check->text, sizeof(check->text), format, args);
    va_end(args);
    snprintf(check->fix, sizeof(check->fix), "%s", fix);
    return check;
}

static const char *const words[] = {"ok", "note", "missing"};

void pci_check_text(FILE *out, const struct pci_checks *checks)
{
    for (unsigned i = 0; i < checks->count; i++) {
        const struct pci_check *check = &checks->check[i];

        fprintf(out, "%-7s  %-19s %s", words[check->status], check->name, check->text);
        if (check->fix[0])
            fprintf(out, "; to mend it: %s", check->fix);
        fputc('\n', out);
    }
}

static bool all_there(const struct pci_checks *checks)
{
    for (unsigned i = 0; i < checks->count; i++)
        if (checks->check[i].status == PCI_CHECK_MISSING)
            return false;
    return true;
}

void pci_check_json(FILE *out, const struct pci_checks *checks, const char *device)
{
    fprintf(out, "{\"ok\": %s, \"device\": ", json_bool(all_there(checks)));
    json_string_or_null(out, device ? device : "");
    fprintf(out, ", \"checks\": [");
    for (unsigned i = 0; i < checks->count; i++) {
        const struct pci_check *check = &checks->check[i];

        fprintf(out, "%s\n    {\"name\": \"%s\", \"status\": \"%s\", \"text\": ", i ? "," : "",
                check->name, words[check->status]);
        json_string(out, check->text);
        fprintf(out, ", \"fix\": ");
        json_string_or_null(out, check->fix);
        fprintf(out, "}");
    }
    fprintf(out, "\n]}\n");
}

int pci_cmd_check(FILE *out, const struct pci_host *host, const char *name, bool json,
                  struct tender_error *error)
{
    struct pci_checks checks = {.count = 0};
    struct pci_sysfs_device device;
    int r = name ? pci_host_device(host, name, &device, error) : 0;

    if (r != 0)
        return r;
    pci_check_machine(host, &checks);
    if (name)
        pci_check_device(host, &device, &checks);
    if (json)
        pci_check_json(out, &checks, name ? device.address : NULL);
    else
        pci_check_text(out, &checks);
    return all_there(&checks) ? 0 : 1;
}
