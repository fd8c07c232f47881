/* SPDX-License-Identifier: Apache-2.0 */
/* Whether a user can have networks: a namespace, a bridge with an end of a container, and rules. */
#include "probe.h"

#include <errno.h>
#include <fcntl.h>

#include "bridge.h"
#include "nat.h"
#include "netlink.h"
#include "netns.h"
#include "scope.h"
#include "userns.h"

static int open_own_netns(void *context, struct failure *out)
{
	int *ret = context;

	*ret = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	return *ret < 0 ? fail(out, errno, STEP, "cannot open a network namespace") : 0;
}

static int make_netns(const struct probe *probe, int *ret, struct failure *out)
{
	if (userns_create(&probe->map, 0, out) < 0)
		return -1;
	return netns_run(-1, open_own_netns, ret, out);
}

int probe_netns(const struct probe *probe, struct failure *out)
{
	auto_close int netns = -1;

	return make_netns(probe, &netns, out);
}

int probe_bridge(const struct probe *probe, struct failure *out)
{
	auto_close int netns = -1;
	struct subnet subnet;
	struct bridge bridge;

	if (make_netns(probe, &netns, out) < 0 ||
		subnet_parse("172.17.0.0/16", "172.17.0.1", &subnet, out) < 0)
		return -1;
	auto_close int route = netns_socket(netns, NETLINK_ROUTE, out);

	if (route < 0 ||
		bridge_create(route,
			&(struct bridge_wish){.name = "probe0", .subnet = &subnet, .mtu = 1500},
			out) < 0)
		return -1;
	if (bridge_find(route, "probe0", &bridge, out) != 1)
		return fail(out, 0, STEP, "the bridge is not there");
	struct veth veth = {.name = "probe1",
		.bridge = &bridge,
		.mtu = 1500,
		.peer_netns = netns,
		.peer_name = "eth0"};

	mac_of_address(subnet.gateway, veth.peer_mac);
	return veth_create(route, &veth, out);
}

int probe_nftables(const struct probe *probe, struct failure *out)
{
	auto_close int netns = -1;
	struct subnet subnet;

	if (make_netns(probe, &netns, out) < 0 ||
		subnet_parse("172.17.0.0/16", "172.17.0.1", &subnet, out) < 0)
		return -1;
	return nat_guard(netns, "probe0", &subnet, false, out);
}
