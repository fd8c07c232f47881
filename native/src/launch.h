/* SPDX-License-Identifier: Apache-2.0 */
/* Starting a container's first process, in two halves: launch_create builds the namespaces and the
 * root filesystem and leaves the process waiting; launch_start lets it execute the command.
 * The OCI verbs and the monitor both use this. */
#ifndef LIGHTER_LAUNCH_H
#define LIGHTER_LAUNCH_H

#include <sys/types.h>

#include "fail.h"
#include "spec.h"
#include "stragglers.h"

struct launch_options {
	const char *id;
	const char *bundle; /* absolute path of the bundle directory */
	int stdio[3]; /* given to the process as 0, 1, 2; ignored with a terminal; -1 = keep the
			 caller's */
	const char *exec_fifo; /* NULL: released by launch_start; else the process waits by opening
				* this fifo for writing, so that a later `start` can release it; a
				* failure after that is written there (failure_receive), end of
				* file = it executed the command */
	int cgroup_fd; /* directory of the container's cgroup (CLONE_INTO_CGROUP), -1 = none */
	int donor;     /* pidfd of the container whose mounts the spec may name, -1 = none */
	int lock;      /* the container's: one whose process waits for ever can be removed, for the
			  process does not hold it; -1 = none */
	bool die_with_parent;	   /* the monitor sets it: SIGKILL when the monitor dies */
	const char *seccomp_cache; /* directory for compiled filters, NULL = none */
};

struct launched {
	pid_t pid;
	int pidfd;
	int console; /* pty master when process.terminal, else -1 */
	int gate;    /* launch_start writes here; -1 with exec_fifo */
	int netns;   /* the process's network namespace, for a caller that may not look into it */
	int report;  /* the process reports a failure here; end of file = it executed the command */
	struct stragglers stragglers;
};

/* Returns 0 with every resource in *ret, or -1 with nothing left behind (the process is reaped). */
int launch_create(const struct spec *spec, const struct launch_options *options,
	struct launched *ret, struct failure *out);

/* Lets the process execute its command and waits until it did. -1: *out says why, the process is
 * gone and reaped by the caller's waitpid. kind is not-found / not-executable when the command is
 * at fault. */
int launch_start(struct launched *launched, struct failure *out);

/* Kills the process, reaps it, closes the descriptors. */
void launch_abort(struct launched *launched);

#endif
