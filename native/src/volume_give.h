/* SPDX-License-Identifier: Apache-2.0 */
/* The mount option `U`: the source of a mount is given to the container's user. */
#ifndef LIGHTER_VOLUME_GIVE_H
#define LIGHTER_VOLUME_GIVE_H

#include <sys/types.h>

#include "fail.h"

/* Gives the file or directory `source`, or `subpath` in it (NULL: none; links in it count inside
 * the source), and everything below to uid and gid, which are ids of the caller's user namespace.
 * Links are given themselves, never followed. What belongs to them already is left alone. */
int volume_give(const char *source, const char *subpath, uid_t uid, gid_t gid, struct failure *out);

#endif
