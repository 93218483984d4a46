// SPDX-License-Identifier: ISC
#include "tests/unit/cli/fake_machine.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool ends(const char *path, const char *end)
{
    size_t length = strlen(path), end_length = strlen(end);

    return length >= end_length && strcmp(path + length - end_length, end) == 0;
}

/* The kernel's answer to a write; 0 or -errno. */
static int serve(struct fake_machine *machine, const char *path, const char *text)
{
    char driver[PCI_NAME_SIZE], line[128];

    if (ends(path, "/driver_override")) {
        snprintf(line, sizeof(line), "%s\n", strcmp(text, "\n") == 0 ? "(null)" : text);
        fake_file(&machine->sys, path + strlen(machine->sys.root) + 1, line);
        return 0;
    }
    if (ends(path, "/driver/unbind")) {
        snprintf(line, sizeof(line), "bus/pci/devices/%s/driver", text);
        fake_drop(&machine->sys, line);
        return 0;
    }
    if (ends(path, "/drivers_probe")) {
        if (machine->chosen)
            fake_driver(&machine->sys, text, machine->chosen);
        return 0;
    }
    if (!ends(path, "/bind") || access(path, F_OK) != 0)
        return -ENOENT;
    snprintf(driver, sizeof(driver), "%.*s", (int)strcspn(strstr(path, "/drivers/") + 9, "/"),
             strstr(path, "/drivers/") + 9);
    fake_driver(&machine->sys, text, driver);
    return 0;
}

static int fake_write(const struct pci_host *host, const char *path, const char *text)
{
    struct fake_machine *machine = host->arg;
    unsigned n = ++machine->writes;

    if (n >= machine->fails_from && n <= machine->fails_to)
        return machine->failure;
    return serve(machine, path, text);
}

static int fake_load(const struct pci_host *host, const char *module)
{
    struct fake_machine *machine = host->arg;

    if (!machine->loadable || strcmp(module, "vfio-pci") != 0)
        return -ENOENT;
    fake_file(&machine->sys, "bus/pci/drivers/vfio-pci/bind", "");
    return 0;
}

static bool fake_address(const struct pci_host *host, const char *interface, char *text,
                         size_t size)
{
    const struct fake_machine *machine = host->arg;

    if (!machine->addressed || strcmp(machine->addressed, interface) != 0)
        return false;
    snprintf(text, size, "192.0.2.1");
    return true;
}

int fake_machine_make(void **state)
{
    static const char *const names[5] = {"sys", "proc", "dev", "run/pci", "modules"};
    struct fake_machine *machine = calloc(1, sizeof(*machine));

    fake_tree_make(&machine->tree);
    for (unsigned i = 0; i < 5; i++) {
        if (i != 3)
            fake_folder(&machine->tree, names[i]);
        snprintf(machine->places[i], sizeof(machine->places[i]), "%.60s/%s", machine->tree.root,
                 names[i]);
    }
    snprintf(machine->sys.root, sizeof(machine->sys.root), "%.50s/sys", machine->tree.root);
    machine->host = (struct pci_host){.sys = machine->places[0],
                                      .proc = machine->places[1],
                                      .dev = machine->places[2],
                                      .records = machine->places[3],
                                      .modules = machine->places[4],
                                      .ids = machine->ids,
                                      .patience = 200,
                                      .memlock = UINT64_MAX,
                                      .write = fake_write,
                                      .load = fake_load,
                                      .has_address = fake_address,
                                      .arg = machine};
    machine->loadable = true;
    *state = machine;
    return 0;
}

int fake_machine_remove(void **state)
{
    struct fake_machine *machine = *state;

    fake_tree_remove(&machine->tree);
    free(machine);
    return 0;
}

void fake_machine_device(struct fake_machine *machine, const char *address, const char *driver,
                         int group)
{
    char path[PATH_MAX];

    fake_device(&machine->sys, address);
    fake_group(&machine->sys, address, group);
    if (!driver[0])
        return;
    fake_driver(&machine->sys, address, driver);
    snprintf(path, sizeof(path), "bus/pci/drivers/%s/bind", driver);
    fake_file(&machine->sys, path, "");
}

void fake_machine_class(struct fake_machine *machine, const char *address, const char *kind,
                        const char *name)
{
    char path[PATH_MAX], target[PATH_MAX];

    snprintf(path, sizeof(path), "bus/pci/devices/%s/x/%s/%s", address, kind, name);
    fake_folder(&machine->sys, path);
    snprintf(path, sizeof(path), "class/%s/%s", kind, name);
    snprintf(target, sizeof(target), "../../bus/pci/devices/%s/x/%s/%s", address, kind, name);
    fake_link(&machine->sys, path, target);
}
