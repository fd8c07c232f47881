/* SPDX-License-Identifier: Apache-2.0 */
/* What is made for the mounts of a step, in the monitor's own mount namespace. */
#ifndef LIGHTER_STEP_SOURCES_H
#define LIGHTER_STEP_SOURCES_H

#include <sys/types.h>

#include "fail.h"
#include "plan.h"

/* fuse-overlayfs of each source that is a tree. */
struct step_sources {
	struct fuse_waiting *waiting;
	size_t count;
};

/* Before the mount namespace is entered: programs that serve a mount in it must live outside. */
int step_sources_begin(const struct plan_step *step, struct step_sources *ret, struct failure *out);

/* Makes them in the plan's order. client: the caller's connection; while a cache is waited for, its
 * end is the end of the waiting. */
int step_sources_mount(
	struct plan_step *step, struct step_sources *sources, int client, struct failure *out);

/* The mounts must be gone for the programs to end: takes them away. */
void step_sources_end(const struct plan_step *step, struct step_sources *sources);

/* Gives an open file its owner and mode. Ids that this user does not have are passed over: nothing
 * in the step can be of one. Returns 0 or -1 with errno. */
int step_give(int fd, const struct step_source *source);

#endif
