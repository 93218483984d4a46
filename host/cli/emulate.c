// SPDX-License-Identifier: ISC
/* penstock emulate: software devices, served over vfio-user. */
#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "emu/guard.h"
#include "emu/models.h"
#include "emu/server.h"
#include "host/cli/cli.h"

#define NICS_MAX 16u

static const char usage[] =
    "usage: penstock emulate MODEL --socket PATH [--mac MAC] [--port PORT] [--rate RATE] "
    "[--exact]\n"
    "                        [--socket PATH ...]... [--stats[=SECONDS]] [--cpu N] [--log-level "
    "LEVEL]\n"
    "\n"
    "  --socket PATH      serve a device there; again: one more device, with the options behind "
    "it\n"
    "  --mac MAC          its address (default 02:50:53:00:00:00 and up)\n"
    "  --port PORT        its network (default sink)\n"
    "  --rate RATE        the wire's speed in bits a second, such as 10G (default: no limit)\n"
    "  --exact            share no registers: every access is a message, slow and exact\n"
    "  --stats[=SECONDS]  print counters as JSON at the end, on SIGUSR1 [and that often]\n"
    "  --cpu N            run the data path on that CPU only\n"
    "  --log-level LEVEL  error, warn, info or debug (default warn)\n"
    "\n"
    "ports:\n"
    "  tap:NAME               an existing TAP interface\n"
    "  pcap:IN,OUT            frames from and to capture files; either may be empty\n"
    "  generator:SIZE[,RATE]  frames of SIZE bytes, FCS included, RATE a second (k, M, G)\n"
    "  sink                   swallows what is sent\n"
    "  wire:NAME              the other device of this process with the same NAME\n"
    "\n"
    "models:\n";

/* What was said of one device; NULL: nothing. */
struct nic_options {
    const char *socket, *mac, *port, *rate, *exact;
};

struct options {
    const struct emu_model *model;
    struct nic_options nics[NICS_MAX];
    unsigned count;
    enum emu_log_level log_level;
    struct emu_server_config server;
};

enum {
    OPT_SOCKET = 256,
    OPT_MAC,
    OPT_PORT,
    OPT_RATE,
    OPT_EXACT,
    OPT_STATS,
    OPT_CPU,
    OPT_LOG,
    OPT_HELP
};

static int help(FILE *out)
{
    fputs(usage, out);
    for (unsigned i = 0; emu_model(i); i++)
        fprintf(out, "  %-22s %s\n", emu_model(i)->name, emu_model(i)->summary);
    return out == stdout ? 0 : 1;
}

static int parse_number(const char *name, const char *text, long max, unsigned *value,
                        struct tender_error *error)
{
    char *end;
    long number = strtol(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end || number > max)
        return tender_fail(error, -EINVAL, "%s: '%s' is not a number from 0 to %ld", name, text,
                           max);
    *value = (unsigned)number;
    return 0;
}

static int parse_cpu(struct options *options, const char *text, struct tender_error *error)
{
    cpu_set_t allowed;
    unsigned cpu;

    if (parse_number("--cpu", text, CPU_SETSIZE - 1, &cpu, error) != 0)
        return -EINVAL;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) != 0 || !CPU_ISSET(cpu, &allowed))
        return tender_fail(error, -EINVAL, "--cpu: there is no CPU %u for this process", cpu);
    options->server.cpu = (int)cpu;
    return 0;
}

static int parse_log_level(struct options *options, const char *text, struct tender_error *error)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};

    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(text, names[i]) == 0) {
            options->log_level = (enum emu_log_level)i;
            return 0;
        }
    return tender_fail(error, -EINVAL, "--log-level: '%s' is not error, warn, info or debug", text);
}

/* Notes an option of the device that is being described. */
static int note(const char *name, const char **slot, const char *value, struct tender_error *error)
{
    if (*slot)
        return tender_fail(error, -EINVAL, "%s is given twice for one device", name);
    *slot = value;
    return 0;
}

static int apply(struct options *options, int option, const char *value, struct tender_error *error)
{
    struct nic_options *nic = &options->nics[options->count - 1];

    switch (option) {
    case OPT_SOCKET:
        if (nic->socket && options->count == NICS_MAX)
            return tender_fail(error, -EINVAL, "--socket: %u devices are the most", NICS_MAX);
        if (nic->socket)
            nic = &options->nics[options->count++];
        return note("--socket", &nic->socket, value, error);
    case OPT_MAC:
        return note("--mac", &nic->mac, value, error);
    case OPT_PORT:
        return note("--port", &nic->port, value, error);
    case OPT_RATE:
        return note("--rate", &nic->rate, value, error);
    case OPT_EXACT:
        return note("--exact", &nic->exact, "", error);
    case OPT_STATS:
        options->server.stats = true;
        return value ? parse_number("--stats", value, 86400, &options->server.stats_seconds, error)
                     : 0;
    case OPT_CPU:
        return parse_cpu(options, value, error);
    default:
        return parse_log_level(options, value, error);
    }
}

/* 0, -errno with a message, or 1: help was asked for. */
static int parse_options(int argc, char **argv, struct options *options, struct tender_error *error)
{
    static const struct option known[] = {
        {"socket", required_argument, NULL, OPT_SOCKET},
        {"mac", required_argument, NULL, OPT_MAC},
        {"port", required_argument, NULL, OPT_PORT},
        {"rate", required_argument, NULL, OPT_RATE},
        {"exact", no_argument, NULL, OPT_EXACT},
        {"stats", optional_argument, NULL, OPT_STATS},
        {"cpu", required_argument, NULL, OPT_CPU},
        {"log-level", required_argument, NULL, OPT_LOG},
        {"help", no_argument, NULL, OPT_HELP},
        {NULL, 0, NULL, 0},
    };
    int option, err = 0;

    opterr = 0;
    optind = 1;
    while (!err && (option = getopt_long(argc, argv, "-:", known, NULL)) != -1) {
        if (option == OPT_HELP)
            return 1;
        if (option == ':')
            err = tender_fail(error, -EINVAL, "%s needs a value", argv[optind - 1]);
        else if (option == '?')
            err = tender_fail(error, -EINVAL, "there is no option %s; penstock emulate --help",
                              argv[optind - 1]);
        else if (option == 1)
            err = tender_fail(error, -EINVAL, "what is '%s'? penstock emulate --help", optarg);
        else
            err = apply(options, option, optarg, error);
    }
    if (!err && optind < argc)
        err = tender_fail(error, -EINVAL, "what is '%s'? penstock emulate --help", argv[optind]);
    if (!err && !options->nics[0].socket)
        err = tender_fail(error, -EINVAL, "--socket PATH is missing");
    return err;
}

static int parse_mac(const char *text, uint8_t mac[6], struct tender_error *error)
{
    unsigned byte[6];
    int end = -1;

    sscanf(text, "%2x:%2x:%2x:%2x:%2x:%2x%n", &byte[0], &byte[1], &byte[2], &byte[3], &byte[4],
           &byte[5], &end);
    if (end != 17 || text[17])
        return tender_fail(error, -EINVAL, "--mac: '%s' is not of the form 02:50:53:00:00:01",
                           text);
    if (byte[0] & 1 || (byte[0] | byte[1] | byte[2] | byte[3] | byte[4] | byte[5]) == 0)
        return tender_fail(error, -EINVAL, "--mac: %s is not the address of one card", text);
    for (unsigned i = 0; i < 6; i++)
        mac[i] = (uint8_t)byte[i];
    return 0;
}

/* Makes the device that was described, with its port. */
static int create_device(const struct options *options, unsigned i, struct port_wires *wires,
                         struct emu_device **dev, struct tender_error *error)
{
    const struct nic_options *nic = &options->nics[i];
    struct emu_nic_config config = {.name = nic->socket,
                                    .mac = {0x02, 0x50, 0x53, 0x00, 0x00, (uint8_t)i},
                                    .log_level = options->log_level,
                                    .exact = nic->exact != NULL};
    struct port_config port = {.mac = config.mac, .wires = wires};
    int err = nic->mac ? parse_mac(nic->mac, config.mac, error) : 0;

    if (!err && nic->rate && port_parse_rate(nic->rate, &port.rate) != 0)
        err = tender_fail(error, -EINVAL, "--rate: '%s' is not bits a second, such as 10G",
                          nic->rate);
    if (!err)
        err = port_open(nic->port ? nic->port : "sink", &port, &config.port, error->text,
                        sizeof(error->text));
    if (err)
        return err;
    err = options->model->create(&config, dev);
    if (err) {
        port_close(config.port);
        tender_fail(error, err, "%s: %s", options->model->name, strerror(-err));
    }
    return err;
}

static int add_devices(const struct options *options, struct port_wires *wires,
                       struct emu_server *server, struct tender_error *error)
{
    for (unsigned i = 0; i < options->count; i++) {
        struct emu_device *dev;
        int err = create_device(options, i, wires, &dev, error);

        if (err)
            return err;
        err =
            emu_server_add(server, dev, options->nics[i].socket, error->text, sizeof(error->text));
        if (err) {
            dev->ops->destroy(dev);
            return err;
        }
    }
    return 0;
}

/* The signals arrive through a descriptor; blocked before there are threads. */
static int catch_signals(void)
{
    sigset_t set;
    int fd;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGUSR1);
    if (sigprocmask(SIG_BLOCK, &set, NULL) != 0)
        return -errno;
    fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return fd < 0 ? -errno : fd;
}

static int serve(struct options *options, struct tender_error *error)
{
    struct port_wires *wires = port_wires_create();
    struct emu_server *server = NULL;
    int err = emu_guard_install();

    options->server.signal_fd = catch_signals();
    if (!err && options->server.signal_fd < 0)
        err = options->server.signal_fd;
    if (!err)
        err = wires ? emu_server_create(&options->server, &server) : -ENOMEM;
    if (err)
        tender_fail(error, err, "cannot start: %s", strerror(-err));
    if (!err)
        err = add_devices(options, wires, server, error);
    if (!err) {
        err = emu_server_run(server);
        if (err)
            tender_fail(error, err, "cannot start the data path: %s", strerror(-err));
    }
    emu_server_destroy(server);
    port_wires_destroy(wires);
    return err;
}

int cmd_emulate(int argc, char **argv)
{
    struct options options = {
        .count = 1, .log_level = EMU_LOG_WARN, .server = {.cpu = -1, .out = stdout}};
    struct tender_error error;
    int err;

    if (argc < 2 || strcmp(argv[1], "--help") == 0)
        return help(stdout);
    for (unsigned i = 0; emu_model(i); i++)
        if (strcmp(argv[1], emu_model(i)->name) == 0)
            options.model = emu_model(i);
    if (!options.model) {
        tender_fail(&error, -EINVAL, "emulate: no model '%s'; penstock emulate lists them",
                    argv[1]);
        return cli_refuse(&error);
    }
    err = parse_options(argc - 1, argv + 1, &options, &error);
    if (err > 0)
        return help(stdout);
    if (!err)
        err = serve(&options, &error);
    return err ? cli_refuse(&error) : 0;
}
