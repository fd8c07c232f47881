/* SPDX-License-Identifier: Apache-2.0 */
/* User namespaces and their id maps. */
#ifndef LIGHTER_USERNS_H
#define LIGHTER_USERNS_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "fail.h"

struct id_extent {
	uint32_t inside, outside, count;
};

/* The map of the shared user namespace: 0 = the user, 1… = the subuid range. */
struct id_map {
	struct id_extent *uids, *gids;
	size_t uid_count, gid_count;
	char *newuidmap,
		*newgidmap; /* absolute paths; NULL: written directly (root, or a single own id) */
};

/* Moves the calling process into a new user namespace (and those of extra_flags, CLONE_NEW…) with
 * this map, as root of it with all capabilities. A forked helper stays outside for
 * newuidmap/newgidmap. */
int userns_create(const struct id_map *map, int extra_flags, struct failure *out);

/* The same for whoever reads files of the host there: what a supplementary group of the caller may
 * read stays readable. */
int userns_create_with_groups(const struct id_map *map, struct failure *out);

/* As userns_create, with work that is done while the map is being written. There the caller has all
 * capabilities of the new namespace, but no id. */
int userns_create_beside(const struct id_map *map, int (*work)(void *context, struct failure *out),
	void *context, struct failure *out);

/* What follows setns(2) into such a namespace: root there, no supplementary groups, /proc/self
 * readable for the same user. */
int userns_become_root(struct failure *out);

/* Writes the map of process pid, a child namespace of the caller's: the same ids, extent by extent.
 * The caller is root of its user namespace. */
int userns_map_identically(pid_t pid, const struct id_map *map, struct failure *out);

#endif
