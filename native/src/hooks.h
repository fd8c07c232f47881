/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks: programs of the bundle's author, run at fixed points with the container's state on stdin.
 */
#ifndef LIGHTER_HOOKS_H
#define LIGHTER_HOOKS_H

#include <sys/types.h>

#include "fail.h"
#include "spec.h"

struct hook_state {
	const char *id;
	const char *bundle;
	const char *status; /* "creating", "created", "running", "stopped" */
	pid_t pid;	    /* 0 when there is none */
};

/* The state document of the runtime spec, with the spec's annotations. The caller frees it; NULL =
 * no memory. */
char *hook_state_json(const struct spec *spec, const struct hook_state *state);

/* Runs the hooks of one stage in order, each with its timeout; the first that fails ends it. */
int hooks_run(const struct spec *spec, enum spec_hook_stage stage, const struct hook_state *state,
	struct failure *out);

#endif
