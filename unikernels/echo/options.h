// SPDX-License-Identifier: ISC
#ifndef ECHO_OPTIONS_H
#define ECHO_OPTIONS_H

#include <penstock/stack.h>

struct echo_options {
    struct stack_ipv4 ipv4;
    char address[16]; /* the same address as text */
    uint16_t port;
};

/* Parses "--ipv4=10.0.0.2/24[,GATEWAY] [--port=N]". 0, or -1 after a message. */
int echo_options_parse(const char *cmdline, struct echo_options *options);

#endif
