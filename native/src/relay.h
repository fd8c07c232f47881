/* SPDX-License-Identifier: Apache-2.0 */
/* Carrying bytes and signals between the caller's descriptors and a process that it waits for. */
#ifndef LIGHTER_RELAY_H
#define LIGHTER_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "fail.h"
#include "terminal.h"

enum { RELAY_STREAMS = 3, RELAY_BUFFER = 8192 };

struct relay_stream {
	int from, to;	   /* -1 = nothing (more) to carry */
	bool owns_to;	   /* `to` is closed at the end of `from` */
	bool detaches;	   /* the detach keys are looked for */
	size_t start, end; /* what is read and not yet written */
	unsigned char buffer[RELAY_BUFFER + DETACH_KEYS_MAX];
};

struct relay {
	pid_t pid; /* a child of the caller */
	int pidfd;
	int console; /* gets the caller's window size, -1 = none */
	struct detach_keys keys;
	struct relay_stream streams[RELAY_STREAMS];
};

/* Blocks the signals that are forwarded; before the process is started, so that none is lost. */
int relay_block_signals(struct failure *out);

/* Carries until the process ends (*ret_status is its wait status) or the detach keys are typed
 * (*ret_detached). */
int relay_run(struct relay *relay, int *ret_status, bool *ret_detached, struct failure *out);

/* Leaves a process of its own behind that keeps the terminal's output flowing until its last user
 * closed it. */
int relay_leave_drain(int console, struct failure *out);

#endif
