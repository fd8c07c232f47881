/* SPDX-License-Identifier: Apache-2.0 */
/* The container's own half of a start: a table of named steps, then exec. */
#ifndef LIGHTER_CHILD_H
#define LIGHTER_CHILD_H

#include <stdbool.h>

#include "launch.h"
#include "seccomp.h"
#include "spec.h"

/* What the child inherits from launch.c. All descriptors are close-on-exec. */
struct child_context {
	const struct spec *spec;
	const struct launch_options *options;
	const struct seccomp_filter *filter; /* compiled by the parent, NULL = none */
	int sync;			     /* the child's end of the handshake */
	int report;			     /* failures */
	int gate;			     /* read end; -1 with exec_fifo */
	int fifo;			     /* O_PATH descriptor of exec_fifo, else -1 */
	int proc;			     /* root of the host's procfs, verified */
	int bundle;			     /* O_PATH descriptor of the bundle directory */
	bool new_userns;
	bool joined_userns;
	bool new_cgroupns; /* the child makes it once it is in its cgroup */
};

/* Runs in the new process and never returns. */
void child_main(struct child_context *context) __attribute__((noreturn));

#endif
