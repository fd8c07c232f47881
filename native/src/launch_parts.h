/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of the parent half of a start share; only launch*.c use this. */
#ifndef LIGHTER_LAUNCH_PARTS_H
#define LIGHTER_LAUNCH_PARTS_H

#include <sys/types.h>
#include <unistd.h>

#include "child.h"
#include "fail.h"
#include "join.h"
#include "launch.h"

/* Both ends of everything the two halves share, and what the parent learns on the way. */
struct launch {
	const struct spec *spec;
	const struct launch_options *options;
	struct child_context child;
	struct join_list joins;
	int new_flags;
	int sync, report, gate; /* the parent's ends */
	pid_t pid;
	int pidfd;
	int console;
	int netns;
	struct stragglers stragglers;
};

static inline void launch_close(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* Says why the other half stopped talking. */
int launch_explain_silence(const struct launch *launch, struct failure *out);

/* Answers the child until it waits at the gate. */
int launch_serve(struct launch *launch, struct failure *out);

#endif
