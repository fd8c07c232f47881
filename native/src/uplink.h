/* SPDX-License-Identifier: Apache-2.0 */
/* slirp4netns or pasta, the way out of a network namespace. It runs in a session of its own (the
 * shared one also in a systemd scope of its own) and ends when the last write end of its exit pipe
 * closes. */
#ifndef LIGHTER_UPLINK_H
#define LIGHTER_UPLINK_H

#include <stdbool.h>
#include <sys/types.h>

#include "fail.h"
#include "identity.h"
#include "plan.h"

#define UPLINK_LINK "tap0"
#define UPLINK_WAIT_MS 10000

/* The address that the link has, and the gateway that is played at its other end. */
#define UPLINK_ADDRESS "10.0.2.100"
#define UPLINK_GATEWAY "10.0.2.2"
#define UPLINK_PREFIX 24

/* A process that becomes the uplink once it is told the namespace. Forked before the caller enters
 * the shared user namespace it can still reach the systemd manager. */
struct uplink_starter {
	pid_t pid;
	int socket;
	const char *name; /* of the program */
};

#define UPLINK_NO_STARTER                                                                          \
	{                                                                                          \
		0, -1, NULL                                                                        \
	}

/* `record`: the file that names the running uplink, replaced by rename; NULL = a private one.
 * `outside`: the caller has not entered the shared user namespace; the uplink gets a systemd scope
 * and enters it by itself. */
int uplink_prepare(const struct plan *plan, const char *record, bool outside,
	struct uplink_starter *ret, struct failure *out);

/* Ends a starter that is not needed, and reaps one that was used. */
void uplink_dismiss(struct uplink_starter *starter);

struct uplink {
	const char *name;
	pid_t pid;
	int ready;  /* says when the link is there; end of file: it died */
	int errors; /* what it wrote to standard error (capture.h) */
};

/* Starts it in the namespace. exit_pipe: read end of the pipe whose closing ends it. */
int uplink_start(struct uplink_starter *starter, int netns, int exit_pipe, struct uplink *ret,
	struct failure *out);

/* Waits (bounded) until the link is there, and closes its two descriptors. */
int uplink_wait(struct uplink *uplink, struct failure *out);

/* Gives the link what its program does not: then it carries traffic. The default route of IPv4,
 * which others wait for, comes last. `route` stands in the namespace `netns`. */
int uplink_configure(int netns, int route, const struct plan *plan, struct failure *out);

/* The uplink a record names. Returns 1 when it is alive and serves that namespace, 0 when it does
 * not, -1 when there is no record. */
int uplink_read_record(const char *record, int netns, struct identity *ret);

#endif
