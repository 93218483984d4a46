// SPDX-License-Identifier: ISC
#include "host/cli/cli.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const struct command {
    const char *name;
    const char *arguments;
    const char *help;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"elftool", "COMMAND ...", "what solo5-elftool does, as it does it", cmd_elftool},
    {"emulate", "DEVICE --socket PATH ...", "serve a software device over vfio-user", cmd_emulate},
    {"inspect", "BINARY [--json]", "what a unikernel asks for, and its memory map", cmd_inspect},
    {"manifest", "FILE.json [-o OUT]", "make the C source of a manifest's ELF note", cmd_manifest},
    {"pci", "list|check|bind|unbind ...", "PCI devices, and giving them to unikernels", cmd_pci},
};
#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static int help(FILE *out)
{
    fprintf(out, "penstock " PENSTOCK_VERSION ": unikernels that own PCIe devices\n\n");
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(out, "  penstock %-8s %-27s %s\n", commands[i].name, commands[i].arguments,
                commands[i].help);
    fprintf(out, "\nUnikernels are run by penstock-hvt (KVM) and penstock-spt (seccomp).\n");
    return out == stdout ? 0 : 1;
}

static int run(int argc, char **argv)
{
    struct tender_error error;

    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(argv[0], commands[i].name) == 0)
            return commands[i].run(argc, argv);
    }
    tender_fail(&error, 0, "there is no command \"%s\"; penstock --help lists them", argv[0]);
    return cli_refuse(&error);
}

/* Installed under this name as well, for scripts that call Solo5's tool. */
static bool called_as_elftool(const char *path)
{
    const char *slash = strrchr(path, '/');

    return strcmp(slash ? slash + 1 : path, "solo5-elftool") == 0;
}

int main(int argc, char **argv)
{
    if (argc > 0 && called_as_elftool(argv[0]))
        return cmd_elftool(argc, argv);
    if (argc < 2)
        return help(stderr);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
        return help(stdout);
    if (strcmp(argv[1], "--version") == 0) {
        printf("penstock " PENSTOCK_VERSION "\n");
        return 0;
    }
    return run(argc - 1, argv + 1);
}
