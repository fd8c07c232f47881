/* SPDX-License-Identifier: Apache-2.0 */
/* What a container changed in its root filesystem, found in its upper directory alone. */
#ifndef LIGHTER_CHANGES_H
#define LIGHTER_CHANGES_H

#include <stdbool.h>

#include "fail.h"
#include "pack.h"
#include "plan.h"

enum change_kind { CHANGE_ADDED = 'A', CHANGE_CHANGED = 'C', CHANGE_DELETED = 'D' };

struct change_sink {
	void *context;
	/* Told of each change; a directory before what is in it. The path has no slash in front. Of
	 * a directory there is only what was read before its contents were visited: directory is
	 * -1. Returns -1 to end the walk. */
	int (*change)(void *context, enum change_kind kind, const char *path, int directory,
		const char *name, const struct packed *packed);
	/* Reads directories for `change`; NULL: it gets none. */
	struct pack *pack;
};

/* Walks the upper directory of a root filesystem. As Docker's, this compares modes, owners, sizes
 * and times, never contents; the mount points that every container gets are no changes. */
int changes_walk(
	const struct plan_rootfs *rootfs, const struct change_sink *sink, struct failure *out);

#endif
