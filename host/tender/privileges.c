// SPDX-License-Identifier: ISC
#include "host/tender/privileges.h"

#include <ctype.h>
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NAME_SIZE 64u

/* A number that is an id; (uid_t)-1 is none. */
static bool parse_id(const char *text, unsigned *id)
{
    unsigned long value;
    char *end;

    if (!isdigit((unsigned char)text[0]))
        return false;
    errno = 0;
    value = strtoul(text, &end, 10);
    if (*end != '\0' || errno != 0 || value >= 0xffffffffu)
        return false;
    *id = (unsigned)value;
    return true;
}

/*
 * The machine's own users and groups. Not those of name services: these come as shared libraries,
 * which a tender that is linked statically cannot have; their users have numbers as well.
 */
static const struct passwd *user_entry(const char *name, bool numeric, uid_t uid)
{
    FILE *file = fopen("/etc/passwd", "re");
    const struct passwd *entry = NULL;

    while (file != NULL && (entry = fgetpwent(file)) != NULL)
        if (numeric ? entry->pw_uid == uid : strcmp(entry->pw_name, name) == 0)
            break;
    if (file != NULL)
        fclose(file);
    return entry;
}

static const struct group *group_entry(const char *name)
{
    FILE *file = fopen("/etc/group", "re");
    const struct group *entry = NULL;

    while (file != NULL && (entry = fgetgrent(file)) != NULL)
        if (strcmp(entry->gr_name, name) == 0)
            break;
    if (file != NULL)
        fclose(file);
    return entry;
}

static int find_user(struct tender_privileges *privileges, const char *name, bool group_given,
                     struct tender_error *error)
{
    bool numeric = parse_id(name, &privileges->uid);
    const struct passwd *entry = user_entry(name, numeric, privileges->uid);

    if (entry != NULL) {
        privileges->uid = entry->pw_uid;
        privileges->gid = entry->pw_gid;
        return 0;
    }
    if (!numeric)
        return tender_fail(error, -EINVAL, "--user: there is no user '%s'", name);
    return group_given ? 0
                       : tender_fail(error, -EINVAL,
                                     "--user: there is no user %s, whose group it could be; give "
                                     "it as UID:GID",
                                     name);
}

static int find_group(struct tender_privileges *privileges, const char *name,
                      struct tender_error *error)
{
    const struct group *entry;

    if (parse_id(name, &privileges->gid))
        return 0;
    entry = group_entry(name);
    if (entry == NULL)
        return tender_fail(error, -EINVAL, "--user: there is no group '%s'", name);
    privileges->gid = entry->gr_gid;
    return 0;
}

int tender_user_option(struct tender_privileges *privileges, const char *value,
                       struct tender_error *error)
{
    size_t length = strcspn(value, ":");
    const char *group = value[length] == ':' ? value + length + 1 : NULL;
    char name[NAME_SIZE];
    int rc;

    if (length == 0 || length >= sizeof name || (group != NULL && group[0] == '\0'))
        return tender_fail(error, -EINVAL,
                           "Malformed argument to --user: '%s' (NAME or UID, :GROUP or :GID)",
                           value);
    memcpy(name, value, length);
    name[length] = '\0';
    rc = find_user(privileges, name, group != NULL, error);
    if (rc == 0 && group != NULL)
        rc = find_group(privileges, group, error);
    if (rc == 0)
        privileges->user = value;
    return rc;
}

int tender_chroot_option(struct tender_privileges *privileges, const char *value,
                         struct tender_error *error)
{
    if (value[0] == '\0')
        return tender_fail(error, -EINVAL, "Malformed argument to --chroot: '' (a directory)");
    privileges->root = value;
    return 0;
}

static int leave_root(const char *root, struct tender_error *error)
{
    int rc;

    if (chdir(root) == 0 && chroot(".") == 0)
        return 0;
    rc = -errno;
    return tender_fail(error, rc, "--chroot=%s: %s%s", root, strerror(-rc),
                       rc == -EPERM ? "; it takes root (CAP_SYS_CHROOT)" : "");
}

static int become(const struct tender_privileges *privileges, struct tender_error *error)
{
    uid_t uid = privileges->uid;
    gid_t gid = privileges->gid;
    int rc;

    if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0) {
        rc = -errno;
        return tender_fail(error, rc, "--user=%s: cannot become that user: %s%s", privileges->user,
                           strerror(-rc), rc == -EPERM ? "; it takes root" : "");
    }
    if (uid != 0 && setuid(0) == 0)
        return tender_fail(error, -EPERM, "--user=%s: the way back to root stays open",
                           privileges->user);
    return 0;
}

int tender_privileges_drop(const struct tender_privileges *privileges, struct tender_error *error)
{
    int rc = privileges->root != NULL ? leave_root(privileges->root, error) : 0;

    return rc == 0 && privileges->user != NULL ? become(privileges, error) : rc;
}
