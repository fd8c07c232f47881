/* SPDX-License-Identifier: Apache-2.0 */
/* IPv6 on the links of networks that have it. */
#ifndef LIGHTER_IPV6_H
#define LIGHTER_IPV6_H

#include <netinet/in.h>

#include "fail.h"

struct subnet6 {
	struct in6_addr network, gateway;
	unsigned prefix;
};

/* "fd00::/64" and "fd00::1" */
int subnet6_parse(
	const char *subnet, const char *gateway, struct subnet6 *ret, struct failure *out);

/* "fd00::100/120": a part of a subnet; it has no gateway. */
int range6_parse(const char *range, struct subnet6 *ret, struct failure *out);

/* The address at a distance from the beginning of the subnet. Returns 0, or -1 when it is not in
 * it. */
int subnet6_at(const struct subnet6 *subnet, uint32_t offset, struct in6_addr *ret);

/* Switches IPv6 on for a link of the namespace `netns`, in which the netlink socket `route` stands,
 * and gives it the address, to be used at once. */
int ipv6_add_address(int netns, int route, const char *link, const struct in6_addr *address,
	unsigned prefix, struct failure *out);

/* Lets the namespace forward from one link to another, those that come later too. */
int ipv6_forward(int netns, struct failure *out);

/* Gives a link a second name that encodes the address: the kernel refuses it to another one.
 * Returns 1 when another link has it, 0 or -1. */
int ipv6_claim(int route, const char *link, const struct in6_addr *address, struct failure *out);

#endif
