/* SPDX-License-Identifier: Apache-2.0 */
/* The uplink's end in the network namespace. */
#include <arpa/inet.h>
#include <stdbool.h>
#include <unistd.h>

#include "bridge.h"
#include "ipv6.h"
#include "netns.h"
#include "routes.h"
#include "uplink.h"

#define STEP "uplink"

/* A single address of a random private prefix: with a subnet, networks of the user's in it would be
 * cut off. At the gateway's address, which no subnet holds either, both programs answer. */
#define ADDRESS6 "fd5d:a1c0:7e42::100"
#define GATEWAY6 "fe80::2"

/* What the kernel itself says on the link, it says from here. */
#define LINK_LOCAL6 "fe80::100"

static bool has_ipv6(void)
{
	return access("/proc/sys/net/ipv6", F_OK) == 0;
}

#define LINK_SYSCTL "/proc/sys/net/ipv6/conf/" UPLINK_LINK "/"

static int refuse_addresses(void *context, struct failure *out)
{
	(void)context;
	return netns_sysctl(LINK_SYSCTL "addr_gen_mode", "1", out) < 0
		       ? -1
		       : netns_sysctl(LINK_SYSCTL "accept_ra", "0", out);
}

/* pasta until 2023 sends what it has for us to whoever spoke last. So nobody but our address may
 * speak: not "::", from which the kernel asks for seconds whether addresses that it has made are
 * free. To be called before the link is up. */
static int keep_kernel_quiet(int netns, struct failure *out)
{
	return has_ipv6() ? netns_run(netns, refuse_addresses, NULL, out) : 0;
}

/* What the kernel has to say all the same (which groups it listens to) pasta does not take for ours
 * when it comes from an address of the link. */
static int add_link_local(int netns, int route, struct failure *out)
{
	struct in6_addr address;

	inet_pton(AF_INET6, LINK_LOCAL6, &address);
	return ipv6_add_address(netns, route, UPLINK_LINK, &address, 64, out);
}

/* slirp4netns leaves IPv6 to the kernel, which is to do nothing by itself here. */
static int add_ipv6(int netns, int route, int index, struct failure *out)
{
	struct in6_addr address, gateway;

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
		(keep_kernel_quiet(netns, out) < 0 ||
			link_set_mtu(route, index, plan->network.mtu, out) < 0 ||
			link_add_address(route, index, address.s_addr, UPLINK_PREFIX, out) < 0 ||
			link_up(route, index, out) < 0))
		return -1;
	if (has_ipv6() && ((bare && add_link_local(netns, route, out) < 0) ||
				  add_ipv6(netns, route, index, out) < 0))
		return -1;
	/* slirp4netns has made its own, which knows nothing of packets of another size. */
	if (!bare && plan->network.way_mtu == 0)
		return 0;
	return route_set_default(
		route, &(struct default_route){AF_INET, &gateway, 0, plan->network.way_mtu}, out);
}
