/* SPDX-License-Identifier: Apache-2.0 */
/* Links, addresses and routes, over rtnetlink sockets that stand in the namespace they work on. */
#ifndef LIGHTER_BRIDGE_H
#define LIGHTER_BRIDGE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "fail.h"
#include "ipv6.h"

struct bridge {
	int index;
	in_addr_t address; /* network byte order; what containers use as gateway */
	unsigned prefix;
};

/* A network from its text: "172.17.0.0/16", "172.17.0.1". */
struct subnet {
	in_addr_t network, gateway;
	unsigned prefix;
};

/* "172.17.0.0/16" without a gateway; host bits are cut. Returns 0, or -1 when it is none. */
int cidr_parse(const char *text, struct subnet *ret);

int subnet_parse(const char *subnet, const char *gateway, struct subnet *ret, struct failure *out);

/* The netmask of a prefix length, network byte order. */
in_addr_t subnet_mask(unsigned prefix);

/* Looks for a complete bridge: up and with an address. Returns 1, 0 when it is missing or was left
 * unfinished, -1 on error. */
int bridge_find(int route, const char *name, struct bridge *ret, struct failure *out);

/* Makes it, in place of an unfinished one. The link goes up last: what is up is complete. */
struct bridge_wish {
	const char *name;
	const struct subnet *subnet;
	const struct subnet6 *subnet6; /* NULL = none */
	unsigned mtu;
	int netns; /* where `route` stands; needed for IPv6 only */
};

int bridge_create(int route, const struct bridge_wish *wish, struct failure *out);

/* Removes the bridges that no link is in, the default one aside, and their rules: each packet would
 * go through those of every network there ever was. `netns`: where `route` stands. */
int bridge_sweep(int netns, int route, struct failure *out);

/* The index of a link, 0 when there is none, -1 on error. *ret_up: whether it is up. */
int link_find(int route, const char *name, bool *ret_up, struct failure *out);

int link_up(int route, int index, struct failure *out);
int link_set_mtu(int route, int index, unsigned mtu, struct failure *out);
int link_remove(int route, const char *name, struct failure *out);

/* By index, which no later link gets; one that is gone already is no error. */
int link_remove_index(int route, int index, struct failure *out);

int link_add_address(int route, int index, in_addr_t address, unsigned prefix, struct failure *out);

/* Docker's choice of MAC address: 02:42 and the address. */
void mac_of_address(in_addr_t address, unsigned char mac[6]);

/* A pair of links: `name` in the namespace of the netlink socket, up and in the bridge; its peer in
 * a container. */
struct veth {
	const char *name;
	const struct bridge *bridge;
	unsigned mtu;
	bool isolated; /* reaches the bridge itself only, no other link of it */
	int peer_netns;
	const char *peer_name;
	unsigned char peer_mac[6];
};

/* Returns 1 when the name is taken, 0 or -1. */
int veth_create(int route, const struct veth *veth, struct failure *out);

/* Calls `take` with the name of every link of the namespace. */
int link_each_name(int route, void (*take_name)(const char *name, void *context), void *context,
	struct failure *out);

#endif
