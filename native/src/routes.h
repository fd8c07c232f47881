/* SPDX-License-Identifier: Apache-2.0 */
/* Default routes of the namespace that a netlink socket stands in. */
#ifndef LIGHTER_ROUTES_H
#define LIGHTER_ROUTES_H

#include <stdbool.h>

#include "fail.h"

/* Sends what has no better route to the gateway, an address of that family, in place of the one
 * that got it until now. `link`: its index, where the gateway is link-local, else 0. */
int route_set_default(int route, int family, const void *gateway, int link, struct failure *out);

/* Whether the namespace has a default route: the uplink makes it as its last step. */
int route_has_default(int route, bool *ret, struct failure *out);

#endif
