/* SPDX-License-Identifier: Apache-2.0 */
/* A container's place on a network: a veth pair with an address, between its network namespace and
 * a bridge of the shared one. */
#ifndef LIGHTER_ENDPOINT_H
#define LIGHTER_ENDPOINT_H

#include <net/if.h>
#include <netinet/in.h>

#include "fail.h"
#include "plan.h"

struct net_endpoint {
	char id[65]; /* of the network; "" = an uplink of the container's own */
	char interface[IFNAMSIZ];
	char link[IFNAMSIZ]; /* the other end, in the shared namespace */
	int index;	     /* of that link */
	char address[INET_ADDRSTRLEN];
	unsigned prefix;
	char gateway[INET_ADDRSTRLEN];
	char mac[18];
	char address6[INET6_ADDRSTRLEN]; /* "" = none */
	unsigned prefix6;
	char gateway6[INET6_ADDRSTRLEN];
};

/* Makes it: the address wished, or the lowest free one. The name of the link in the shared
 * namespace encodes the address, so that the kernel itself refuses doubles. route = a netlink
 * socket in the shared namespace. Returns 1 when there is no bridge. */
int endpoint_create(int route, int netns, const struct plan_endpoint *wanted,
	struct net_endpoint *ret, struct failure *out);

/* Brings the loopback device of a namespace up. */
int endpoint_loopback(int netns, struct failure *out);

#endif
