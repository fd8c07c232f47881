/* SPDX-License-Identifier: Apache-2.0 */
/* One run of a health check, in a process of its own: the monitor must not wait. */
#ifndef LIGHTER_HEALTH_CHECK_H
#define LIGHTER_HEALTH_CHECK_H

#include <sys/types.h>
#include <time.h>

#include "plan.h"

/* Docker keeps as much of the output, and marks what was cut. */
enum { HEALTH_OUTPUT_MAX = 4096, HEALTH_OUTPUT_SIZE = HEALTH_OUTPUT_MAX + 4 };

/* What a process ends with that is killed because it was too slow, or not wanted any more. */
enum { HEALTH_KILLED = 128 + 9 };

struct health_result {
	int exit_code; /* -1: it did not start, or was too slow */
	int died;      /* what the process itself ended with; -1: it did not start */
	struct timespec end;
	size_t length;
	char output[HEALTH_OUTPUT_SIZE + 64];
};

/* Starts the process; *ret_fd is where its struct health_result arrives. -1 with errno. */
pid_t health_check_start(const struct plan *plan, int *ret_fd);

#endif
