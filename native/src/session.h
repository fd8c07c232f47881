/* SPDX-License-Identifier: Apache-2.0 */
/* The client of a monitor: the caller's terminal, streams and signals on one side, frames on the
 * other. */
#ifndef LIGHTER_SESSION_H
#define LIGHTER_SESSION_H

#include "attach_options.h"
#include "clients.h"
#include "plan.h"

/* What the client asks for: the caller's wishes as far as the container has them. */
struct attachment session_attachment(const struct attach_options *options, const struct plan *plan);

/* The same of a client that is connected before the start. */
struct attachment session_early_attachment(struct attachment wanted, const struct plan *plan);

/* The size of the caller's terminal, zeros when there is none. */
struct winsize session_size(void);

/* Connects to the monitor's control socket; -1 with errno. */
int session_connect(const struct plan *plan);

enum session_origin { SESSION_RUN, SESSION_ATTACH };

/* Docker's words for a container that does not run. */
#define ATTACH_STOPPED "You cannot attach to a stopped container, start it first"

/* What session_serve returns for a container that another command has started. */
enum { SESSION_RUNS_ALREADY = -2 };

/* Serves until the container ended, the user detached, or, with --detach, the container runs.
 * Returns the exit code. The socket is closed at the end. */
int session_serve(const struct attach_options *options, const struct plan *plan, int socket,
	enum session_origin origin);

/* Attaches to a running container. Returns the exit code, or -1. */
int session_attach(const struct attach_options *options, struct failure *out);

#endif
