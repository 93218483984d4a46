// SPDX-License-Identifier: ISC
//
// The lab's hand inside a machine: runs what the runner says, any number of commands at a time.
// It is the first process (its own children and everybody's orphans end here) and speaks over a
// serial port:
//
//   to it     "run ID COMMAND-LENGTH INPUT-LENGTH\n" command input
//                                     sh -c command, in a session of its own
//             "kill ID SIGNAL WHOM\n" WHOM: 0 that process, 1 all of its group
//   from it   "ready\n"               once, at the start
//             "out ID LENGTH\n" bytes stdout and stderr of a command, as they come
//             "end ID STATUS\n"       128 + signal as a shell says it
//
// A machine in which this goes wrong is of no use: every error ends it, and with it (the first
// process) the machine.
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

enum { MAX_JOBS = 64, MAX_LINE = 128, MAX_TEXT = 64 << 20, CHUNK = 4096 };

struct job {
    unsigned long id; // the runner's; 0: this slot is free
    pid_t pid;        // 0: it has ended, but somebody still has its output open
    int output;
};

struct agent {
    int port;
    int signals;
    sigset_t mask; // as it was at the start: what a command gets
    struct job jobs[MAX_JOBS];
};

static void send_all(int port, const void *data, size_t size)
{
    const char *at = data;
    while (size > 0) {
        ssize_t n = write(port, at, size);
        if (n < 0 && errno != EINTR)
            err(1, "write to the port");
        if (n > 0) {
            at += n;
            size -= (size_t)n;
        }
    }
}

static void receive_all(int port, void *data, size_t size)
{
    char *at = data;
    while (size > 0) {
        ssize_t n = read(port, at, size);
        if (n == 0 || (n < 0 && errno != EINTR))
            err(1, "read from the port");
        if (n > 0) {
            at += n;
            size -= (size_t)n;
        }
    }
}

static void receive_line(int port, char line[MAX_LINE])
{
    for (int i = 0; i < MAX_LINE; i++) {
        receive_all(port, &line[i], 1);
        if (line[i] == '\n') {
            line[i] = '\0';
            return;
        }
    }
    errx(1, "a line of more than %d characters", MAX_LINE);
}

// Passes on what there is to read; false when nobody has the other end any more.
static int forward(struct agent *agent, struct job *job)
{
    char data[CHUNK], head[64];
    for (;;) {
        ssize_t n = read(job->output, data, sizeof data);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        if (n == 0)
            return 0;
        int length = snprintf(head, sizeof head, "out %lu %zd\n", job->id, n);
        send_all(agent->port, head, (size_t)length);
        send_all(agent->port, data, (size_t)n);
    }
}

static void close_output(struct job *job)
{
    close(job->output);
    job->output = -1;
    if (job->pid == 0)
        job->id = 0;
}

static void report_end(struct agent *agent, unsigned long id, int status)
{
    char line[64];
    int length = snprintf(line, sizeof line, "end %lu %d\n", id, status);
    send_all(agent->port, line, (size_t)length);
}

// All that it has said comes before its end.
static void finish(struct agent *agent, struct job *job, int status)
{
    unsigned long id = job->id;
    job->pid = 0;
    if (job->output < 0)
        job->id = 0;
    else if (!forward(agent, job))
        close_output(job);
    report_end(agent, id, WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
}

static void reap(struct agent *agent)
{
    struct signalfd_siginfo ignored;
    pid_t pid;
    int status;
    if (read(agent->signals, &ignored, sizeof ignored) < 0 && errno != EAGAIN)
        err(1, "signalfd");
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        for (int i = 0; i < MAX_JOBS; i++)
            if (agent->jobs[i].id != 0 && agent->jobs[i].pid == pid)
                finish(agent, &agent->jobs[i], status);
}

static void become(const struct agent *agent, const char *command, int input, int output)
{
    setsid();
    sigprocmask(SIG_SETMASK, &agent->mask, NULL);
    if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(output, 2) < 0)
        err(127, "dup2");
    execl("/bin/sh", "sh", "-c", command, (char *)NULL);
    err(127, "/bin/sh");
}

static void start(struct agent *agent, struct job *job, unsigned long id, const char *command,
                  int input)
{
    int ends[2];
    if (pipe2(ends, O_CLOEXEC) < 0 || fcntl(ends[0], F_SETFL, O_NONBLOCK) < 0)
        err(1, "pipe");
    pid_t pid = fork();
    if (pid < 0)
        err(1, "fork");
    if (pid == 0)
        become(agent, command, input, ends[1]);
    close(ends[1]);
    *job = (struct job){.id = id, .pid = pid, .output = ends[0]};
}

static void run(struct agent *agent, unsigned long id, size_t command_length, size_t input_length)
{
    struct job *job = NULL;
    if (command_length > MAX_TEXT || input_length > MAX_TEXT)
        errx(1, "a command or input of more than %d bytes", MAX_TEXT);
    char *command = calloc(1, command_length + 1), *text = calloc(1, input_length + 1);
    int input = memfd_create("input", MFD_CLOEXEC);
    if (!command || !text || input < 0)
        err(1, "a command");
    receive_all(agent->port, command, command_length);
    receive_all(agent->port, text, input_length);
    send_all(input, text, input_length);
    if (lseek(input, 0, SEEK_SET) < 0)
        err(1, "a command's input");
    for (int i = 0; i < MAX_JOBS && !job; i++)
        job = agent->jobs[i].id == 0 ? &agent->jobs[i] : NULL;
    if (job)
        start(agent, job, id, command, input);
    else
        report_end(agent, id, 126);
    close(input);
    free(text);
    free(command);
}

static void signal_job(struct agent *agent, unsigned long id, int number, int all)
{
    for (int i = 0; i < MAX_JOBS; i++)
        if (agent->jobs[i].id == id && agent->jobs[i].pid > 0)
            kill(all ? -agent->jobs[i].pid : agent->jobs[i].pid, number);
}

static void obey(struct agent *agent)
{
    char line[MAX_LINE];
    unsigned long id;
    size_t command, input;
    int number, all;
    receive_line(agent->port, line);
    if (sscanf(line, "run %lu %zu %zu", &id, &command, &input) == 3 && id != 0)
        run(agent, id, command, input);
    else if (sscanf(line, "kill %lu %d %d", &id, &number, &all) == 3)
        signal_job(agent, id, number, all);
    else
        errx(1, "no such order: %s", line);
}

static void serve(struct agent *agent)
{
    struct pollfd wait[MAX_JOBS + 2] = {{.fd = agent->port, .events = POLLIN},
                                        {.fd = agent->signals, .events = POLLIN}};
    for (;;) {
        for (int i = 0; i < MAX_JOBS; i++)
            wait[i + 2] = (struct pollfd){.fd = agent->jobs[i].id ? agent->jobs[i].output : -1,
                                          .events = POLLIN};
        if (poll(wait, MAX_JOBS + 2, -1) < 0 && errno != EINTR)
            err(1, "poll");
        for (int i = 0; i < MAX_JOBS; i++)
            if (wait[i + 2].revents && !forward(agent, &agent->jobs[i]))
                close_output(&agent->jobs[i]);
        if (wait[1].revents)
            reap(agent);
        if (wait[0].revents)
            obey(agent);
    }
}

int main(int argc, char **argv)
{
    static struct agent agent;
    struct termios raw;
    sigset_t children;
    if (argc != 2)
        errx(1, "usage: agent PORT");
    for (int i = 0; i < MAX_JOBS; i++)
        agent.jobs[i].output = -1;
    agent.port = open(argv[1], O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (agent.port < 0 || tcgetattr(agent.port, &raw) < 0)
        err(1, "%s", argv[1]);
    cfmakeraw(&raw);
    raw.c_cc[VMIN] = 1;
    if (tcsetattr(agent.port, TCSAFLUSH, &raw) < 0)
        err(1, "%s", argv[1]);
    sigemptyset(&children);
    sigaddset(&children, SIGCHLD);
    if (sigprocmask(SIG_BLOCK, &children, &agent.mask) < 0)
        err(1, "sigprocmask");
    agent.signals = signalfd(-1, &children, SFD_NONBLOCK | SFD_CLOEXEC);
    if (agent.signals < 0)
        err(1, "signalfd");
    send_all(agent.port, "ready\n", 6);
    serve(&agent);
}
