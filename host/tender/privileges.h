// SPDX-License-Identifier: ISC
/*
 * What a tender that was started by root gives up once everything is open: the file system, and
 * root.
 */
#ifndef PENSTOCK_TENDER_PRIVILEGES_H
#define PENSTOCK_TENDER_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

#include "host/tender/error.h"

struct tender_privileges {
    const char *root; /* the new /; the caller's text; NULL: as it is */
    const char *user; /* as the option named it; NULL: stay who we are */
    uid_t uid;
    gid_t gid;
};

/* Options' values: NAME or UID, and a group if not the user's own, NAME|UID[:GROUP|GID]. Names are
 * those of /etc/passwd and /etc/group. */
int tender_user_option(struct tender_privileges *privileges, const char *value,
                       struct tender_error *error);
int tender_chroot_option(struct tender_privileges *privileges, const char *value,
                         struct tender_error *error);

/* Gives it all up: the root directory, then supplementary groups, group and user. -EPERM: it takes
 * root to do so. */
int tender_privileges_drop(const struct tender_privileges *privileges, struct tender_error *error);

#endif
