/* SPDX-License-Identifier: Apache-2.0 */
/* A further process in a running container: joining its namespaces and cgroup, and the last steps.
 */
#ifndef LIGHTER_EXEC_PROCESS_H
#define LIGHTER_EXEC_PROCESS_H

#include <sys/types.h>

#include "exec_request.h"
#include "fail.h"

struct exec_process {
	pid_t pid; /* a child of the caller */
	int pidfd;
	int console; /* pty master when the request asks for a terminal, else -1 */
};

/* Starts the process with stdio as its descriptors 0-2 (ignored with a terminal) and returns once
 * it executes its command, or -1 with the reason and nothing left behind. */
int exec_process_start(const struct exec_request *request, const int stdio[3],
	struct exec_process *ret, struct failure *out);

#endif
