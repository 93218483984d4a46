// SPDX-License-Identifier: ISC
/* Servers for the tests of flows, and peers that keep them busy. */
#ifndef PENSTOCK_TESTS_FLOW_SERVERS_H
#define PENSTOCK_TESTS_FLOW_SERVERS_H

#include <penstock/task.h>

#include "fake_net.h"

#define ECHO_PORT   7
#define SLEEPY_PORT 9  /* does nothing until it is woken, then reads all there is, and closes */
#define SOURCE_PORT 19 /* writes source_bytes, and closes */
#define MUTE_PORT   21 /* closes at once */
#define POOL        1024

struct servers {
    struct task_queue morning; /* what the sleepy server waits for */
    size_t source_bytes;
    size_t got_bytes;     /* that the sleepy server has read */
    int last_error;       /* what ended the last flow */
    unsigned ended;       /* flows */
    uint8_t big[3 << 20]; /* what drain has received */
};

extern struct servers servers;

/* For cmocka: before all tests, before each, and after each, when nothing of it may be left. */
int servers_start(void **state);
int servers_reset(void **state);
int servers_all_gone(void **state);

#define FLOW_TEST(name) cmocka_unit_test_setup_teardown(name, servers_reset, servers_all_gone)

struct stack_stats stats(void);

/* A port that no connection has been opened from. */
uint16_t new_port(void);

/* Reads what the source writes, with the acknowledgements of an ordinary peer. How much it was. */
size_t drain(struct peer *peer);

/* Checks that what was drained is all that the source writes. */
void check_source(size_t n);

/* Sends data until the window is full. How much that was. */
size_t fill_window(struct peer *peer, size_t chunk);

#endif
