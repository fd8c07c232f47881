/* SPDX-License-Identifier: Apache-2.0 */
/* The last steps of a process that enters a container, shared by launch and exec: everything after
 * the change of root and before the command. */
#ifndef LIGHTER_PROCESS_H
#define LIGHTER_PROCESS_H

#include <stdbool.h>

#include "fail.h"
#include "seccomp.h"
#include "spec.h"

struct process {
	const struct spec_process *spec;
	const struct seccomp_filter *filter; /* NULL = none */
	bool make_cwd;			     /* create a missing working directory */
	bool die_with_parent;
	/* filled by process_restrict */
	char *command; /* the file to execute */
	char **environment;
};

/* Signal dispositions and mask as a new program expects them. */
int process_reset_signals(struct failure *out);

/* Puts descriptors in the places 0, 1, 2; -1 keeps what is there. */
int process_place_stdio(const int stdio[3], struct failure *out);

/* Takes the terminal as 0, 1, 2 and as the controlling terminal of this session. */
int process_take_terminal(int slave, struct failure *out);

/* Limits, directory, user, groups, capabilities, environment, and the search for the command.
 * Nothing but process_seal and process_execute comes after it. */
int process_restrict(struct process *process, struct failure *out);

/* The seccomp filter, when it can wait until the end (with no_new_privs); and no descriptor above 2
 * outlives the exec. */
int process_seal(const struct process *process, struct failure *out);

/* Returns only on failure. */
int process_execute(const struct process *process, struct failure *out);

#endif
