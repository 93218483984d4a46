// SPDX-License-Identifier: ISC
/*
 * The ways in which a unikernel that is a process ends, beside its faults (fault.c). Its devices
 * are stopped first, always; where that is not possible (SIGKILL) their servers, or the kernel, see
 * that it is gone.
 */
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "guest/bindings/native/native.h"

#define STACK_SIZE (128u << 10)

void native_stop_devices(void)
{
    /* Not with the lock, which it takes to end the process. */
    tender_pci_unwatch(&native.pci);
    pthread_mutex_lock(&native.lock);
    tender_pci_stop(&native.pci);
    pthread_mutex_unlock(&native.lock);
}

void solo5_exit(int status)
{
    log_line(&native.log, LOG_INFO, "exit status %d", status);
    native_stop_devices();
    exit(status);
}

void solo5_abort(void)
{
    log_line(&native.log, LOG_INFO, "exit status %d", SOLO5_EXIT_ABORT);
    /* Not with the lock, which it takes to end the process. */
    tender_pci_unwatch(&native.pci);
    pthread_mutex_lock(&native.lock);
    tender_pci_stop(&native.pci);
    fflush(stdout);
    _exit(SOLO5_EXIT_ABORT);
}

/* Ends the process from another thread than the unikernel's, which goes on until the very end: it
 * must find its memory where it is. */
static void end_from_outside(const char *format, ...)
    __attribute__((format(printf, 1, 2), noreturn));

static void end_from_outside(const char *format, ...)
{
    va_list args;

    fprintf(stderr, "%s: ", program_invocation_short_name);
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    pthread_mutex_lock(&native.lock);
    tender_pci_quiesce(&native.pci);
    _exit(EXIT_FAILURE);
}

void native_device_lost(void *arg, const char *reason)
{
    (void)arg;
    end_from_outside("%s", reason);
}

static const int deadly[] = {SIGINT, SIGTERM, SIGHUP};

static void fill(sigset_t *set)
{
    sigemptyset(set);
    for (unsigned i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++)
        sigaddset(set, deadly[i]);
}

static void *wait_for_signal(void *arg)
{
    sigset_t set;
    int signal_number;

    (void)arg;
    fill(&set);
    while (sigwait(&set, &signal_number) != 0)
        ;
    end_from_outside("Exiting on signal %d", signal_number);
}

int native_catch_signals(struct tender_error *error)
{
    pthread_attr_t attr;
    pthread_t thread;
    sigset_t set;
    int rc;

    fill(&set);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
    rc = pthread_attr_init(&attr);
    if (rc == 0) {
        pthread_attr_setstacksize(&attr, STACK_SIZE);
        pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
        rc = pthread_create(&thread, &attr, wait_for_signal, NULL);
        pthread_attr_destroy(&attr);
    }
    if (rc != 0)
        return tender_fail(error, -rc, "cannot wait for signals: %s", strerror(rc));
    return 0;
}
