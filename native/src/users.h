/* SPDX-License-Identifier: Apache-2.0 */
/* Docker's rules for `--user`, against /etc/passwd and /etc/group of a root filesystem that is not
 * trusted. */
#ifndef LIGHTER_USERS_H
#define LIGHTER_USERS_H

#include "fail.h"
#include "spec.h"

/* Resolves "", "name", "uid", "name:group", "uid:gid", … and the additional groups (names or
 * numbers; may be NULL). Fills uid, gid and additional_gids of *ret (its umask is left alone; an
 * old list of gids is freed). *ret_home is the user's home directory, "/" when passwd does not know
 * one; the caller frees it. NULL = not wanted. root_fd is the root directory of the container;
 * missing files are fine for numbers. */
int users_resolve(int root_fd, const char *user, const struct string_list *groups,
	struct spec_user *ret, char **ret_home, struct failure *out);

/* The owner that a text of `--chown` names: "name", "uid", "name:group", …, looked up in the open
 * files passwd and group (-1: there is none). A uid alone has the gid of the same number. As with
 * BuildKit an unknown user is 0:0, and an unknown group leaves that of the user. */
int users_find_owner(int passwd_fd, int group_fd, const char *text, uid_t *ret_uid, gid_t *ret_gid,
	struct failure *out);

/* The home directory of a uid, "/" when passwd does not know it. */
int users_home(int root_fd, uid_t uid, char **ret, struct failure *out);

#endif
