/* SPDX-License-Identifier: Apache-2.0 */
/* The standard streams of an exec: the caller's own, or pipes and a terminal that are relayed. */
#ifndef LIGHTER_EXEC_STREAMS_H
#define LIGHTER_EXEC_STREAMS_H

#include "exec_request.h"
#include "fail.h"
#include "relay.h"

/* What the process without a terminal gets as its standard streams; the relay gets the other
 * ends. */
int exec_streams_prepare(
	const struct exec_request *request, struct relay *relay, int stdio[3], struct failure *out);

/* The process has them now: an end kept here would hide the end of file. */
void exec_streams_close(const int stdio[3]);

/* Connects the caller's streams with the process's terminal, whose master end is `console`. */
int exec_streams_terminal(
	const struct exec_request *request, struct relay *relay, int console, struct failure *out);

#endif
