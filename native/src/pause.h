/* SPDX-License-Identifier: Apache-2.0 */
/* Stopping all processes of a container for a while: by its cgroup's freezer, or, where it has no
 * cgroup, one by one with SIGSTOP. */
#ifndef LIGHTER_PAUSE_H
#define LIGHTER_PAUSE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "fail.h"

struct pid_namespace {
	dev_t device;
	ino_t inode;
};

struct pause {
	bool paused;
	struct pid_namespace namespace; /* without a cgroup: the container's */
	pid_t *stopped;			/* without a cgroup: those that this pause has stopped */
	size_t count;
};

/* cgroup: the container's, -1 = none; pid: its first process. On failure everything runs on. */
int pause_begin(struct pause *pause, int cgroup, pid_t pid, struct failure *out);

/* Lets go on what was stopped; what the container itself had stopped before stays stopped. */
void pause_end(struct pause *pause, int cgroup);

#endif
