// SPDX-License-Identifier: ISC
/* penstock pci: the PCI devices of this machine. */
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "host/cli/cli.h"
#include "host/cli/pci_bind.h"
#include "host/cli/pci_check.h"
#include "host/cli/pci_list.h"

static const char usage[] =
    "usage: penstock pci list [--json]\n"
    "       penstock pci check [ADDRESS] [--json]\n"
    "       penstock pci bind ADDRESS... [--force]\n"
    "       penstock pci unbind ADDRESS...\n"
    "\n"
    "  list     the devices, and which of them a unikernel could have\n"
    "  check    what passthrough needs here, and what mends it; status 1 if something is missing\n"
    "  bind     give devices to vfio-pci, all or none of them\n"
    "  unbind   give them back to the drivers that they had\n"
    "\n"
    "  --json   for programs (docs/pci-tool.md)\n"
    "  --force  also a network card with an address or a route, or a disk that is mounted\n";

struct request {
    char **names; /* in argv */
    unsigned count;
    bool json, force;
};

static int help(FILE *out)
{
    fputs(usage, out);
    return out == stdout ? 0 : 1;
}

/* What a signal would leave half done comes first. */
static int undisturbed(const struct pci_host *host, const struct request *request, bool bind,
                       struct tender_error *error)
{
    sigset_t waiting, before;
    int r;

    sigemptyset(&waiting);
    sigaddset(&waiting, SIGINT);
    sigaddset(&waiting, SIGTERM);
    sigaddset(&waiting, SIGHUP);
    sigaddset(&waiting, SIGQUIT);
    sigaddset(&waiting, SIGPIPE);
    sigprocmask(SIG_BLOCK, &waiting, &before);
    r = bind ? pci_cmd_bind(stdout, host, request->names, request->count, request->force, error)
             : pci_cmd_unbind(stdout, host, request->names, request->count, error);
    sigprocmask(SIG_SETMASK, &before, NULL);
    return r;
}

static int do_list(const struct pci_host *host, const struct request *request,
                   struct tender_error *error)
{
    return pci_cmd_list(stdout, host, request->json, error);
}

static int do_check(const struct pci_host *host, const struct request *request,
                    struct tender_error *error)
{
    return pci_cmd_check(stdout, host, request->count ? request->names[0] : NULL, request->json,
                         error);
}

static int do_bind(const struct pci_host *host, const struct request *request,
                   struct tender_error *error)
{
    return undisturbed(host, request, true, error);
}

static int do_unbind(const struct pci_host *host, const struct request *request,
                     struct tender_error *error)
{
    return undisturbed(host, request, false, error);
}

static const struct action {
    const char *name;
    unsigned least, most; /* addresses */
    bool json, force;     /* the options that it has */
    int (*run)(const struct pci_host *host, const struct request *request,
               struct tender_error *error);
} actions[] = {
    {"list", 0, 0, true, false, do_list},
    {"check", 0, 1, true, false, do_check},
    {"bind", 1, 4096, false, true, do_bind},
    {"unbind", 1, 4096, false, false, do_unbind},
};

/* Addresses are moved to the front of argv. */
static bool parse(const struct action *action, int argc, char **argv, struct request *request)
{
    request->names = argv;
    for (int i = 0; i < argc; i++) {
        if (action->json && strcmp(argv[i], "--json") == 0)
            request->json = true;
        else if (action->force && strcmp(argv[i], "--force") == 0)
            request->force = true;
        else if (argv[i][0] == '-')
            return false;
        else
            argv[request->count++] = argv[i];
    }
    return request->count >= action->least && request->count <= action->most;
}

static int run(const struct action *action, const struct request *request)
{
    struct pci_this_host self = {.modules = ""};
    struct tender_error error;
    int r = action->run(pci_host_this(&self), request, &error);

    if (fflush(stdout) != 0 && r >= 0)
        r = tender_fail(&error, -1, "standard output: cannot be written");
    return r < 0 ? cli_refuse(&error) : r;
}

int cmd_pci(int argc, char **argv)
{
    if (argc < 2)
        return help(stderr);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
        return help(stdout);
    for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
        struct request request = {.count = 0};

        if (strcmp(argv[1], actions[i].name) != 0)
            continue;
        return parse(&actions[i], argc - 2, argv + 2, &request) ? run(&actions[i], &request)
                                                                : help(stderr);
    }
    return help(stderr);
}
