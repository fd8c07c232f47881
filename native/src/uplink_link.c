/* SPDX-License-Identifier: Apache-2.0 */
/* The uplink's end in the network namespace. */
#include <arpa/inet.h>
#include <unistd.h>

#include "bridge.h"
#include "ipv6.h"
#include "routes.h"
#include "uplink.h"

#define STEP "uplink"

/* A single address of a random private prefix: with a subnet, networks of the user's in it would be
 * cut off. At the gateway's address, which no subnet holds either, both programs answer. */
#define ADDRESS6 "fd5d:a1c0:7e42::100"
#define GATEWAY6 "fe80::2"

/* slirp4netns leaves IPv6 to the kernel, which is to do nothing by itself here. */
static int add_ipv6(int netns, int route, int index, struct failure *out)
{
	struct in6_addr address, gateway;

	if (access("/proc/sys/net/ipv6", F_OK) < 0)
		return 0;
	inet_pton(AF_INET6, ADDRESS6, &address);
	inet_pton(AF_INET6, GATEWAY6, &gateway);
	if (ipv6_add_address(netns, route, UPLINK_LINK, &address, 128, out) < 0)
		return -1;
	return route_set_default(route, &(struct default_route){AF_INET6, &gateway, index, 0}, out);
}

int uplink_configure(int netns, int route, const struct plan *plan, struct failure *out)
{
	bool bare = plan->network.uplink == UPLINK_PASTA, up = false;
	int index = link_find(route, UPLINK_LINK, &up, out);
	struct in_addr address, gateway;

	if (index <= 0)
		return index < 0 ? -1 : fail(out, 0, STEP, "the link of the uplink vanished");
	inet_pton(AF_INET, UPLINK_ADDRESS, &address);
	inet_pton(AF_INET, UPLINK_GATEWAY, &gateway);
	if (bare &&
		(link_set_mtu(route, index, plan->network.mtu, out) < 0 ||
			link_add_address(route, index, address.s_addr, UPLINK_PREFIX, out) < 0 ||
			link_up(route, index, out) < 0))
		return -1;
	if (add_ipv6(netns, route, index, out) < 0)
		return -1;
	/* slirp4netns has made its own, which knows nothing of packets of another size. */
	if (!bare && plan->network.way_mtu == 0)
		return 0;
	return route_set_default(
		route, &(struct default_route){AF_INET, &gateway, 0, plan->network.way_mtu}, out);
}
