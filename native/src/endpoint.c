/* SPDX-License-Identifier: Apache-2.0 */
#include "endpoint.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bridge.h"
#include "ipv6.h"
#include "link_size.h"
#include "neighbours.h"
#include "netlink.h"
#include "netns.h"
#include "routes.h"
#include "scope.h"
#include "uplink.h"

#define STEP "network"
#define LOOPBACK 1

enum { LINK_LOCAL_PREFIX = 16, LINK_LOCAL_PREFIX6 = 64, IPV6_TRIES = 65536 };

/* The addresses of a bridge's subnet that are in use, one bit each, from `base` on. */
struct used_addresses {
	uint32_t base, end; /* host byte order: network and broadcast address */
	unsigned char *bits;
};

static void mark_used(struct used_addresses *used, uint32_t address)
{
	if (address >= used->base && address <= used->end)
		used->bits[(address - used->base) / 8] |=
			(unsigned char)(1U << (address - used->base) % 8);
}

static bool is_used(const struct used_addresses *used, uint32_t address)
{
	return used->bits[(address - used->base) / 8] & 1U << (address - used->base) % 8;
}

static void mark_veth(const char *name, void *context)
{
	unsigned address;
	char rest;

	if (strlen(name) == 9 && sscanf(name, "v%8x%c", &address, &rest) == 1)
		mark_used(context, address);
}

static void mark_reserved(const struct plan_endpoint *wanted, struct used_addresses *used)
{
	for (size_t i = 0; i < wanted->reserved.count; i++) {
		struct in_addr address;

		if (inet_pton(AF_INET, wanted->reserved.items[i], &address) == 1)
			mark_used(used, ntohl(address.s_addr));
	}
}

/* What addresses are taken from: the network's range, or its subnet without the two ends. */
static int choose_range(const struct plan_endpoint *wanted, const struct used_addresses *used,
	uint32_t *first, uint32_t *last, struct failure *out)
{
	uint32_t low, high;
	struct subnet range;

	*first = used->base + 1;
	*last = used->end - 1;
	if (!wanted->range)
		return 0;
	if (cidr_parse(wanted->range, &range) < 0)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "not a range of addresses: %s",
			wanted->range);
	low = ntohl(range.network);
	high = low | ~ntohl(subnet_mask(range.prefix));
	*first = low > *first ? low : *first;
	*last = high < *last ? high : *last;
	return 0;
}

struct claim {
	int route, netns;
	const struct plan_endpoint *wanted;
	const struct bridge *bridge;
	struct net_endpoint *endpoint;
};

static int parse_mac(const char *text, unsigned char mac[6])
{
	char rest;

	return sscanf(text, "%2hhx:%2hhx:%2hhx:%2hhx:%2hhx:%2hhx%c", &mac[0], &mac[1], &mac[2],
		       &mac[3], &mac[4], &mac[5], &rest) == 6
		       ? 0
		       : -1;
}

/* Returns 1 when another container has the address. */
static int try_address(const struct claim *claim, uint32_t address, struct failure *out)
{
	struct net_endpoint *endpoint = claim->endpoint;
	struct veth veth = {.name = endpoint->link,
		.bridge = claim->bridge,
		.mtu = claim->wanted->mtu,
		.isolated = claim->wanted->isolated,
		.peer_netns = claim->netns,
		.peer_name = claim->wanted->interface};
	in_addr_t network_order = htonl(address);
	const unsigned char *mac = veth.peer_mac;
	int result;

	mac_of_address(network_order, veth.peer_mac);
	if (claim->wanted->mac && parse_mac(claim->wanted->mac, veth.peer_mac) < 0)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "not a MAC address: %s",
			claim->wanted->mac);
	snprintf(endpoint->link, sizeof(endpoint->link), "v%08x", address);
	result = veth_create(claim->route, &veth, out);
	if (result != 0)
		return result;
	link_allow_large(claim->route, veth.name);
	link_allow_large(claim->route, claim->wanted->bridge);
	inet_ntop(AF_INET, &network_order, endpoint->address, sizeof(endpoint->address));
	snprintf(endpoint->mac, sizeof(endpoint->mac), "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
		mac[1], mac[2], mac[3], mac[4], mac[5]);
	return 0;
}

static bool is_reserved(const struct plan_endpoint *wanted, int family, const void *address)
{
	size_t size = family == AF_INET ? sizeof(struct in_addr) : sizeof(struct in6_addr);
	struct in6_addr reserved;

	for (size_t i = 0; i < wanted->reserved.count; i++)
		if (inet_pton(family, wanted->reserved.items[i], &reserved) == 1 &&
			memcmp(&reserved, address, size) == 0)
			return true;
	return false;
}

/* A packet to such an address goes to the uplink, whatever network has it. */
static bool is_of_uplink(uint32_t address)
{
	struct in_addr gateway;

	inet_pton(AF_INET, UPLINK_GATEWAY, &gateway);
	return ((address ^ ntohl(gateway.s_addr)) >> (32 - UPLINK_PREFIX)) == 0;
}

/* The gateway, the network's own address and the broadcast address; and those set aside. */
static bool is_nobodys(const struct claim *claim, const struct in_addr *address)
{
	in_addr_t host = address->s_addr & ~subnet_mask(claim->bridge->prefix);

	return address->s_addr == claim->bridge->address || host == 0 ||
	       host == ~subnet_mask(claim->bridge->prefix) ||
	       is_reserved(claim->wanted, AF_INET, address);
}

static int claim_wished(const struct claim *claim, struct failure *out)
{
	struct in_addr address;
	int result;

	if (inet_pton(AF_INET, claim->wanted->address, &address) != 1)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "not an address: %s",
			claim->wanted->address);
	result = is_nobodys(claim, &address) ? 1 : try_address(claim, ntohl(address.s_addr), out);
	return result > 0 ? fail(out, 0, STEP, "Address already in use") : result;
}

static int claim_free(const struct claim *claim, struct failure *out)
{
	uint32_t first, last, mask = ntohl(subnet_mask(claim->bridge->prefix));
	auto_free unsigned char *bits = NULL;
	struct used_addresses used;

	/* A subnet larger than a /16 is used in its first part only. */
	if (claim->bridge->prefix < 16 && !claim->wanted->range)
		mask = 0xffff0000;
	used.base = ntohl(claim->bridge->address) & mask;
	used.end = used.base | ~mask;
	used.bits = bits = calloc(1, (used.end - used.base) / 8 + 1);
	if (!bits)
		return fail(out, ENOMEM, STEP, "cannot choose an address");
	mark_used(&used, ntohl(claim->bridge->address));
	mark_reserved(claim->wanted, &used);
	if (choose_range(claim->wanted, &used, &first, &last, out) < 0 ||
		link_each_name(claim->route, mark_veth, &used, out) < 0)
		return -1;
	for (uint32_t address = first; address <= last; address++) {
		int result = is_used(&used, address) || is_of_uplink(address)
				     ? 1
				     : try_address(claim, address, out);

		if (result <= 0)
			return result;
	}
	return fail(out, 0, STEP,
		"no available IPv4 addresses on this network's address pools: %s (%s)",
		claim->wanted->name, claim->wanted->id);
}

struct container_visit {
	const char *interface;
	bool ipv6;
	int route;
};

/* IPv6 stays off on a link that has no IPv6 address, as with Docker; loopback keeps ::1. */
static int prepare_container(void *context, struct failure *out)
{
	struct container_visit *visit = context;
	char no_ipv6[96];

	visit->route = nl_open(NETLINK_ROUTE);
	if (visit->route < 0)
		return fail(out, errno, STEP, "cannot open a netlink socket");
	/* Switched on with the address. */
	if (visit->ipv6)
		return 0;
	snprintf(no_ipv6, sizeof(no_ipv6), "/proc/sys/net/ipv6/conf/%s/disable_ipv6",
		visit->interface);
	return access(no_ipv6, F_OK) == 0 ? netns_sysctl(no_ipv6, "1", out) : 0;
}

/* Returns 1 when another container has the address, or none can. */
static int try_ipv6(const struct claim *claim, const struct subnet6 *subnet,
	const struct in6_addr *address, struct failure *out)
{
	if (memcmp(address, &subnet->gateway, sizeof(*address)) == 0 ||
		memcmp(address, &subnet->network, sizeof(*address)) == 0 ||
		is_reserved(claim->wanted, AF_INET6, address))
		return 1;
	return ipv6_claim(claim->route, claim->endpoint->link, address, out);
}

/* The first free one of the network's range; without a range, from where the other address stands
 * in its subnet. */
static int claim_free_ipv6(const struct claim *claim, const struct subnet6 *subnet,
	struct in6_addr *ret, struct failure *out)
{
	in_addr_t mask = subnet_mask(claim->bridge->prefix);
	const struct plan_endpoint *wanted = claim->wanted;
	struct subnet6 range = *subnet;
	struct in_addr address;
	uint32_t offset = 0;

	inet_pton(AF_INET, claim->endpoint->address, &address);
	if (!wanted->range6)
		offset = ntohl(address.s_addr & ~mask);
	else if (range6_parse(wanted->range6, &range, out) < 0)
		return -1;
	for (int tries = 0; tries < IPV6_TRIES && subnet6_at(&range, offset, ret) == 0;
		tries++, offset++) {
		int result = try_ipv6(claim, subnet, ret, out);

		if (result <= 0)
			return result;
	}
	return fail(out, 0, STEP,
		"no available IPv6 addresses on this network's address pools: %s (%s)",
		wanted->name, wanted->id);
}

static int claim_ipv6(const struct claim *claim, const struct subnet6 *subnet, struct in6_addr *ret,
	struct failure *out)
{
	const char *wished = claim->wanted->address6;
	int result;

	if (!wished)
		return claim_free_ipv6(claim, subnet, ret, out);
	if (inet_pton(AF_INET6, wished, ret) != 1)
		return fail_kind(
			out, FAILURE_BAD_INPUT, 0, STEP, "not an IPv6 address: %s", wished);
	result = try_ipv6(claim, subnet, ret, out);
	return result > 0 ? fail(out, 0, STEP, "Address already in use") : result;
}

/* Only one network of the container's is its way out. */
static int set_way_out(int route, const struct plan_endpoint *wanted, int family,
	const void *gateway, struct failure *out)
{
	const struct default_route way = {
		family, gateway, 0, family == AF_INET ? wanted->way_mtu : 0};

	return wanted->route ? route_set_default(route, &way, out) : 0;
}

static int add_ipv6(const struct claim *claim, int route, struct failure *out)
{
	const struct plan_endpoint *wanted = claim->wanted;
	struct net_endpoint *endpoint = claim->endpoint;
	struct in6_addr address;
	struct subnet6 subnet;

	if (subnet6_parse(wanted->subnet6, wanted->gateway6, &subnet, out) < 0 ||
		claim_ipv6(claim, &subnet, &address, out) < 0)
		return -1;
	if (ipv6_add_address(claim->netns, route, wanted->interface, &address, subnet.prefix, out) <
			0 ||
		set_way_out(route, wanted, AF_INET6, &subnet.gateway, out) < 0)
		return -1;
	inet_ntop(AF_INET6, &address, endpoint->address6, sizeof(endpoint->address6));
	inet_ntop(AF_INET6, &subnet.gateway, endpoint->gateway6, sizeof(endpoint->gateway6));
	endpoint->prefix6 = subnet.prefix;
	return 0;
}

/* Beside the addresses of the subnet, with the prefixes that these have everywhere. */
static int add_link_local(const struct claim *claim, int route, int index, struct failure *out)
{
	const struct plan_endpoint *wanted = claim->wanted;

	for (size_t i = 0; i < wanted->link_local.count; i++) {
		const char *text = wanted->link_local.items[i];
		struct in_addr address;
		struct in6_addr address6;
		int result;

		if (inet_pton(AF_INET, text, &address) == 1)
			result = link_add_address(
				route, index, address.s_addr, LINK_LOCAL_PREFIX, out);
		else if (inet_pton(AF_INET6, text, &address6) != 1)
			result = fail_kind(
				out, FAILURE_BAD_INPUT, 0, STEP, "not an address: %s", text);
		else if (!wanted->subnet6)
			result = fail(out, 0, STEP,
				"error setting interface \"%s\" link local IPs to [%s/%d]: "
				"permission denied",
				wanted->interface, text, LINK_LOCAL_PREFIX6);
		else
			result = ipv6_add_address(claim->netns, route, wanted->interface, &address6,
				LINK_LOCAL_PREFIX6, out);
		if (result < 0)
			return -1;
	}
	return 0;
}

static int set_up_container(const struct claim *claim, struct failure *out)
{
	const struct plan_endpoint *wanted = claim->wanted;
	struct container_visit visit = {wanted->interface, wanted->subnet6 != NULL, -1};
	int index, result = netns_run(claim->netns, prepare_container, &visit, out);
	auto_close int route = visit.route;
	struct in_addr address;
	bool up = false;

	if (result < 0 || link_up(route, LOOPBACK, out) < 0)
		return -1;
	index = link_find(route, wanted->interface, &up, out);
	if (index == 0)
		return fail(out, 0, STEP, "the container's link vanished");
	inet_pton(AF_INET, claim->endpoint->address, &address);
	link_allow_large(route, wanted->interface);
	if (index < 0 ||
		link_add_address(route, index, address.s_addr, claim->bridge->prefix, out) < 0 ||
		link_up(route, index, out) < 0)
		return -1;
	if (neighbours_doubt(route, AF_INET, index, out) < 0 ||
		(wanted->subnet6 && neighbours_doubt(route, AF_INET6, index, out) < 0))
		return -1;
	if (set_way_out(route, wanted, AF_INET, &claim->bridge->address, out) < 0)
		return -1;
	if (wanted->subnet6 && add_ipv6(claim, route, out) < 0)
		return -1;
	return add_link_local(claim, route, index, out);
}

int endpoint_loopback(int netns, struct failure *out)
{
	auto_close int route = netns_socket(netns, NETLINK_ROUTE, out);

	return route < 0 ? -1 : link_up(route, LOOPBACK, out);
}

int endpoint_create(int route, int netns, const struct plan_endpoint *wanted,
	struct net_endpoint *ret, struct failure *out)
{
	struct net_endpoint endpoint = {.prefix = 0};
	struct bridge bridge;
	struct failure ignored;
	const struct claim claim = {route, netns, wanted, &bridge, &endpoint};
	bool up = false;
	int found = bridge_find(route, wanted->bridge, &bridge, out);

	if (found <= 0)
		return found < 0 ? -1 : 1;
	if ((wanted->address ? claim_wished(&claim, out) : claim_free(&claim, out)) < 0)
		return bridge_find(route, wanted->bridge, &bridge, &ignored) == 0 ? 1 : -1;
	endpoint.index = link_find(route, endpoint.link, &up, out);
	if (endpoint.index < 0 || set_up_container(&claim, out) < 0) {
		(void)link_remove(route, endpoint.link, &ignored);
		return -1;
	}
	snprintf(endpoint.id, sizeof(endpoint.id), "%s", wanted->id);
	snprintf(endpoint.interface, sizeof(endpoint.interface), "%s", wanted->interface);
	inet_ntop(AF_INET, &bridge.address, endpoint.gateway, sizeof(endpoint.gateway));
	endpoint.prefix = bridge.prefix;
	*ret = endpoint;
	return 0;
}
