/* SPDX-License-Identifier: Apache-2.0 */
/* Default routes of the namespace that a netlink socket stands in. */
#ifndef LIGHTER_ROUTES_H
#define LIGHTER_ROUTES_H

#include <stdbool.h>

#include "fail.h"

struct default_route {
	int family;
	const void *gateway; /* an address of that family */
	int link;	     /* its index, where the gateway is link-local, else 0 */
	unsigned mtu;	     /* no larger than the link's; 0 = that of the link */
};

/* Sends what has no better route there, in place of the gateway that got it until now. */
int route_set_default(int route, const struct default_route *wanted, struct failure *out);

/* Whether the namespace has a default route: the uplink makes it as its last step. */
int route_has_default(int route, bool *ret, struct failure *out);

#endif
