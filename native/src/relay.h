/* SPDX-License-Identifier: Apache-2.0 */
/* Carrying bytes between the caller's descriptors and a process that is waited for. */
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
	bool owns_from;	   /* `from` is closed when `to` takes nothing any more */
	bool detaches;	   /* the detach keys are looked for */
	bool splices;	   /* both ends are pipes: the kernel moves the bytes */
	bool drops;	   /* what nobody reads is dropped, and the process not told */
	bool full;	   /* splices: `to` is waited for, not `from` */
	size_t start, end; /* what is read and not yet written */
	unsigned char buffer[RELAY_BUFFER + DETACH_KEYS_MAX];
};

struct relay {
	pid_t pid; /* a child of the caller */
	int pidfd;
	int console; /* gets the caller's window size, -1 = none */
	int client;  /* a pipe whose reader is the command that the caller sees, -1 = none */
	int control; /* a socket whose end is that of the client; -1 = none */
	const char *request; /* the exec's: sizes of the terminal are left beside it, each followed
				by SIGWINCH; NULL = none */
	struct detach_keys keys;
	struct relay_stream streams[RELAY_STREAMS];
};

/* Blocks what a terminal sends to everybody on it: it is meant for the command that the caller
 * sees. Before the process is started, so that no change of the window is lost. */
int relay_block_signals(struct failure *out);

/* Carries until the process ends (*ret_status is its wait status) or the detach keys are typed
 * (*ret_detached). Without its client the process goes on: it reads an end of file, and what it
 * writes is taken and dropped. */
int relay_run(struct relay *relay, int *ret_status, bool *ret_detached, struct failure *out);

/* Nobody waits for the process any more: puts the terminal back and lets the caller's descriptors
 * go. */
void relay_leave_client(struct relay *relay);

/* Takes and drops what others than the process may still write, until the last of them is gone. */
void relay_drop_rest(struct relay *relay);

#endif
