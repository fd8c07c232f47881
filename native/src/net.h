/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting a container's network namespace, over netlink, without any program of the host. */
#ifndef LIGHTER_NET_H
#define LIGHTER_NET_H

#include <sys/types.h>

#include "endpoint.h"
#include "fail.h"
#include "plan.h"
#include "shared.h"

struct net_attachment {
	struct net_endpoint *endpoints; /* one per network; none without addresses */
	size_t count;
	pid_t uplink;	      /* the private one (NETWORK_PRIVATE), else 0 */
	int uplink_keepalive; /* write end that ends the private uplink when closed; -1 = none */
};

/* Called from the shared user namespace while the container's process waits before its command:
 * netns is the process's network namespace, -1 = reachable through pid. Loopback up;
 * NETWORK_BRIDGE: an endpoint on each network of the plan (endpoint.h), default route;
 * NETWORK_PRIVATE: an uplink of its own. Each address gets its line in the hosts file. */
int net_connect(const struct plan *plan, struct shared *shared, pid_t pid, int netns,
	struct net_attachment *ret, struct failure *out);

/* Connects a running container to one more network. */
int net_join(const struct plan *plan, struct shared *shared, int netns,
	const struct plan_endpoint *wanted, struct net_attachment *attachment, struct failure *out);

/* Takes it off the network with that id. Returns 1 when it was not on it, 0, or -1. */
int net_part(const struct plan *plan, const struct shared *shared, const char *id,
	struct net_attachment *attachment, struct failure *out);

/* Makes that network of the attachment's the container's way out. */
int net_route(int netns, const struct plan_endpoint *way, const struct net_attachment *attachment,
	struct failure *out);

/* The container ended: its addresses are free at once, so that a restart finds its own again. The
 * kernel would remove the links as well, but when it comes to it. */
void net_leave(const struct shared *shared, struct net_attachment *attachment);

/* Frees the list; what it describes ends with the container's namespace. */
void net_clear(struct net_attachment *attachment);

#endif
