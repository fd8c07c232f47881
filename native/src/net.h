/* SPDX-License-Identifier: Apache-2.0 */
/* Connecting a container's network namespace, over netlink, without any program of the host. */
#ifndef LIGHTER_NET_H
#define LIGHTER_NET_H

#include <netinet/in.h>
#include <sys/types.h>

#include "fail.h"
#include "plan.h"
#include "shared.h"

struct net_attachment {
	char address[INET_ADDRSTRLEN]; /* "" when the mode gives none */
	unsigned prefix;
	char gateway[INET_ADDRSTRLEN];
	char mac[18];
	pid_t uplink;	      /* private slirp4netns (NETWORK_SLIRP), else 0 */
	int uplink_keepalive; /* write end that ends the private uplink when closed; -1 = none */
};

/* Called from the shared user namespace while the container's process waits before its command:
 * netns is the process's network namespace, -1 = reachable through pid. Loopback up;
 * NETWORK_BRIDGE: a veth pair, the lowest free address (the veth's name in N encodes the address,
 * so that the kernel itself refuses doubles), default route; NETWORK_SLIRP: an uplink of its own.
 */
int net_connect(const struct plan *plan, const struct shared *shared, pid_t pid, int netns,
	struct net_attachment *ret, struct failure *out);

#endif
