/* SPDX-License-Identifier: Apache-2.0 */
/* The namespaces all containers of a user share: user namespace U and network namespace N. Every
 * monitor holds them, so that any live monitor lends them to the next one. */
#ifndef LIGHTER_SHARED_H
#define LIGHTER_SHARED_H

#include <stdbool.h>

#include "fail.h"
#include "identity.h"
#include "plan.h"

/* Descriptor numbers every monitor keeps open, so that another process of the user finds them in
 * /proc/PID/fd. They are checked by type and inode before use. */
enum lent_fd {
	LENT_NETNS = 3,	 /* the shared network namespace */
	LENT_UPLINK = 4, /* write end of the pipe whose closing ends the uplink */
};

struct shared {
	int netns;	   /* LENT_NETNS */
	int uplink;	   /* LENT_UPLINK */
	int uplink_ready;  /* read end: end of file or a byte when the uplink carries traffic; -1 =
			      not ours to hear */
	int uplink_errors; /* what our uplink said on standard error, or -1 */
	bool uplink_pending;		 /* another start's uplink is still on its way */
	struct identity uplink_identity; /* of the one that is waited for */
	int route;			 /* rtnetlink socket that stands in N */
};

/* Keeps LENT_NETNS and LENT_UPLINK from being given to other files. A monitor calls it before it
 * opens anything; shared_join fails when the two numbers hold something else. Returns 0, or -1 with
 * errno. */
int shared_reserve(void);

/* Puts the calling process into the shared user namespace (all capabilities there, host mount and
 * network namespaces kept) and makes sure that N, and for NETWORK_BRIDGE the uplink, exist and
 * live; with a new N also the plan's bridges. Registers the caller as a lender. Serialised between
 * processes by a lock file in the runtime directory. */
int shared_join(const struct plan *plan, struct shared *ret, struct failure *out);

/* Makes the bridge of an endpoint where there is none: another start may have taken it away while
 * nobody was on it. */
int shared_ensure_bridge(struct shared *shared, const struct plan *plan,
	const struct plan_endpoint *endpoint, struct failure *out);

/* Waits (bounded) until the uplink carries traffic. */
int shared_wait_uplink(struct shared *shared, const struct plan *plan, struct failure *out);

/* The uplink died under running containers, which the pipe tells (POLLERR): another one takes its
 * place, started by whoever is first, and is waited for. */
int shared_renew_uplink(struct shared *shared, const struct plan *plan, struct failure *out);

/* Takes the caller off the list of lenders. */
void shared_leave(const struct plan *plan);

#endif
