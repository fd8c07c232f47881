/* SPDX-License-Identifier: Apache-2.0 */
/* newuidmap and newgidmap: the only setuid programs involved; only userns.c uses this. */
#ifndef LIGHTER_USERNS_PROGRAMS_H
#define LIGHTER_USERNS_PROGRAMS_H

#include <stddef.h>
#include <sys/types.h>

#include "fail.h"
#include "userns.h"

#define USERNS_STEP "user namespace"

/* One of the two maps of a namespace, and who may write it. */
struct userns_map {
	const char *name;    /* the file below /proc/PID */
	const char *subfile; /* where an administrator grants ranges */
	const struct id_extent *extents;
	size_t count;
	const char *program;
};

/* The uid map and the gid map of a process. The two programs run side by side: each costs a
 * millisecond of process start. */
int userns_map_by_programs(pid_t target, const struct userns_map files[2], struct failure *out);

#endif
