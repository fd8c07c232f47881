/* SPDX-License-Identifier: Apache-2.0 */
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bridge.h"
#include "netlink.h"
#include "netns.h"
#include "scope.h"
#include "uplink.h"

#define STEP "network"
#define LOOPBACK 1

/* The address slirp4netns gives its namespace, and the gateway it plays. */
#define SLIRP_ADDRESS "10.0.2.100"
#define SLIRP_GATEWAY "10.0.2.2"
#define SLIRP_PREFIX 24

static int open_netns(pid_t pid, struct failure *out)
{
	char path[64];
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		fail(out, errno, STEP, "cannot open the container's network namespace");
	return fd;
}

/* The addresses of a bridge's subnet that are in use, one bit each, from the network address on. */
struct used_addresses {
	uint32_t first, last; /* host byte order: network and broadcast address */
	unsigned char *bits;
};

static void mark_used(struct used_addresses *used, uint32_t address)
{
	if (address >= used->first && address <= used->last)
		used->bits[(address - used->first) / 8] |=
			(unsigned char)(1U << (address - used->first) % 8);
}

static void mark_veth(const char *name, void *context)
{
	unsigned address;
	char rest;

	if (strlen(name) == 9 && sscanf(name, "v%8x%c", &address, &rest) == 1)
		mark_used(context, address);
}

/* Finds the lowest free address after `after`; 0 when there is none. */
static uint32_t next_free(const struct used_addresses *used, uint32_t after)
{
	for (uint32_t address = after + 1; address < used->last; address++)
		if (!(used->bits[(address - used->first) / 8] & 1U << (address - used->first) % 8))
			return address;
	return 0;
}

/* The veth's name is the claim on its address: the kernel refuses the second of two equal names,
 * and frees it with the link. Returns the address in network byte order, or 0 with *out. */
static in_addr_t claim_address(
	int route, const struct bridge *bridge, unsigned mtu, int peer, struct failure *out)
{
	struct used_addresses used;
	auto_free unsigned char *bits = NULL;
	uint32_t address, mask = ntohl(subnet_mask(bridge->prefix));

	/* A subnet larger than a /16 is used in its first part only. */
	if (bridge->prefix < 16)
		mask = 0xffff0000;
	used.first = ntohl(bridge->address) & mask;
	used.last = used.first | ~mask;
	bits = calloc(1, (used.last - used.first) / 8 + 1);
	used.bits = bits;
	if (!bits) {
		fail(out, ENOMEM, STEP, "cannot choose an address");
		return 0;
	}
	mark_used(&used, ntohl(bridge->address));
	if (link_each_name(route, mark_veth, &used, out) < 0)
		return 0;
	for (address = used.first; (address = next_free(&used, address)) != 0;) {
		unsigned char mac[6];
		char name[16];
		int result;

		mac_of_address(htonl(address), mac);
		snprintf(name, sizeof(name), "v%08x", address);
		result = veth_create(route, name, bridge, mtu, peer, mac, out);
		if (result == 0)
			return htonl(address);
		if (result < 0)
			return 0;
	}
	fail(out, 0, STEP, "no free address is left in the network");
	return 0;
}

struct container_visit {
	int route;
	bool has_eth0;
};

/* IPv6 stays off on the link that has no IPv6 address, as with Docker; loopback keeps ::1. */
static int prepare_container(void *context, struct failure *out)
{
	static const char no_ipv6[] = "/proc/sys/net/ipv6/conf/eth0/disable_ipv6";
	struct container_visit *visit = context;

	visit->route = nl_open(NETLINK_ROUTE);
	if (visit->route < 0)
		return fail(out, errno, STEP, "cannot open a netlink socket");
	if (visit->has_eth0 && access(no_ipv6, F_OK) == 0)
		return netns_sysctl(no_ipv6, "1", out);
	return 0;
}

static int set_up_loopback(int netns, struct failure *out)
{
	auto_close int route = netns_socket(netns, NETLINK_ROUTE, out);

	return route < 0 ? -1 : link_up(route, LOOPBACK, out);
}

static int set_up_container(
	int netns, in_addr_t address, const struct bridge *bridge, struct failure *out)
{
	struct container_visit visit = {-1, true};
	int index, result = netns_run(netns, prepare_container, &visit, out);
	auto_close int route = visit.route;
	bool up = false;

	if (result < 0 || link_up(route, LOOPBACK, out) < 0)
		return -1;
	index = link_find(route, "eth0", &up, out);
	if (index == 0)
		return fail(out, 0, STEP, "the container's link vanished");
	if (index < 0 || link_add_address(route, index, address, bridge->prefix, out) < 0 ||
		link_up(route, index, out) < 0)
		return -1;
	return route_add_default(route, bridge->address, out);
}

/* One write, so that a reader never sees half a line. */
static int append_host(const struct plan_network *network, const char *address, struct failure *out)
{
	auto_free char *line = NULL;
	int length;

	if (!network->hosts_file || !network->hosts_names || !network->hosts_names[0])
		return 0;
	length = asprintf(&line, "%s\t%s\n", address, network->hosts_names);
	if (length < 0)
		return fail(out, ENOMEM, STEP, "cannot write %s", network->hosts_file);
	auto_close int fd = open(network->hosts_file, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || retry_eintr(write(fd, line, (size_t)length)) != length)
		return fail(out, errno, STEP, "cannot write %s", network->hosts_file);
	return 0;
}

static int connect_bridge(const struct plan *plan, const struct shared *shared, int netns,
	struct net_attachment *ret, struct failure *out)
{
	const struct plan_network *network = &plan->network;
	struct bridge bridge;
	in_addr_t address;
	unsigned char mac[6];
	int found = bridge_find(shared->route, network->bridge, &bridge, out);

	if (found == 0)
		return fail(out, 0, STEP, "the bridge %s vanished", network->bridge);
	if (found < 0)
		return -1;
	address = claim_address(shared->route, &bridge, network->mtu, netns, out);
	if (!address || set_up_container(netns, address, &bridge, out) < 0)
		return -1;
	mac_of_address(address, mac);
	inet_ntop(AF_INET, &address, ret->address, sizeof(ret->address));
	inet_ntop(AF_INET, &bridge.address, ret->gateway, sizeof(ret->gateway));
	ret->prefix = bridge.prefix;
	snprintf(ret->mac, sizeof(ret->mac), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0], mac[1],
		mac[2], mac[3], mac[4], mac[5]);
	return append_host(network, ret->address, out);
}

static int connect_slirp(
	const struct plan *plan, int netns, struct net_attachment *ret, struct failure *out)
{
	struct uplink_starter starter = UPLINK_NO_STARTER;
	struct uplink uplink;
	int ends[2], result;

	if (set_up_loopback(netns, out) < 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(out, errno, STEP, "cannot make a pipe");
	auto_close int reader = ends[0];
	auto_close int writer = ends[1];

	if (uplink_prepare(plan, NULL, false, &starter, out) < 0)
		return -1;
	result = uplink_start(&starter, netns, reader, &uplink, out);
	uplink_dismiss(&starter);
	if (result < 0 || uplink_wait(&uplink, out) < 0 ||
		append_host(&plan->network, SLIRP_ADDRESS, out) < 0)
		return -1;
	snprintf(ret->address, sizeof(ret->address), SLIRP_ADDRESS);
	snprintf(ret->gateway, sizeof(ret->gateway), SLIRP_GATEWAY);
	ret->prefix = SLIRP_PREFIX;
	ret->uplink = uplink.pid;
	ret->uplink_keepalive = take_fd(&writer);
	return 0;
}

int net_connect(const struct plan *plan, const struct shared *shared, pid_t pid, int netns,
	struct net_attachment *ret, struct failure *out)
{
	struct net_attachment attachment = {.uplink_keepalive = -1};
	auto_close int opened = -1;
	int result = 0;

	if (plan->network.mode != NETWORK_HOST && plan->network.mode != NETWORK_CONTAINER &&
		netns < 0) {
		netns = opened = open_netns(pid, out);
		if (netns < 0)
			return -1;
	}
	switch (plan->network.mode) {
	case NETWORK_HOST:
	case NETWORK_CONTAINER:
		break;
	case NETWORK_NONE:
		result = set_up_loopback(netns, out);
		break;
	case NETWORK_BRIDGE:
		result = connect_bridge(plan, shared, netns, &attachment, out);
		break;
	case NETWORK_SLIRP:
		result = connect_slirp(plan, netns, &attachment, out);
		break;
	}
	if (result < 0)
		return -1;
	*ret = attachment;
	return 0;
}
