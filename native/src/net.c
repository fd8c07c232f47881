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
#include "hosts.h"
#include "netns.h"
#include "routes.h"
#include "scope.h"
#include "sysctl.h"
#include "uplink.h"

#define STEP "network"

enum { ATTEMPTS = 5 };

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

static struct net_endpoint *add_slot(struct net_attachment *attachment, struct failure *out)
{
	struct net_endpoint *grown = reallocarray(
		attachment->endpoints, attachment->count + 1, sizeof(*attachment->endpoints));

	if (!grown) {
		fail(out, ENOMEM, STEP, "cannot connect the container");
		return NULL;
	}
	attachment->endpoints = grown;
	return &grown[attachment->count];
}

int net_join(const struct plan *plan, struct shared *shared, int netns,
	const struct plan_endpoint *wanted, struct net_attachment *attachment, struct failure *out)
{
	struct net_endpoint *slot = add_slot(attachment, out);
	int result = slot ? endpoint_create(shared->route, netns, wanted, slot, out) : -1;

	for (int attempt = 0; result > 0 && attempt < ATTEMPTS; attempt++)
		result = shared_ensure_bridge(shared, plan, wanted, out) < 0
				 ? -1
				 : endpoint_create(shared->route, netns, wanted, slot, out);
	if (result > 0)
		return fail(out, 0, STEP, "the bridge %s vanished", wanted->bridge);
	if (result < 0)
		return -1;
	attachment->count++;
	if (hosts_add(&plan->network, slot->address, out) < 0)
		return -1;
	return slot->address6[0] ? hosts_add(&plan->network, slot->address6, out) : 0;
}

int net_part(const struct plan *plan, const struct shared *shared, const char *id,
	struct net_attachment *attachment, struct failure *out)
{
	for (size_t i = 0; i < attachment->count; i++) {
		struct net_endpoint *endpoint = &attachment->endpoints[i];

		if (strcmp(endpoint->id, id) != 0)
			continue;
		if (link_remove(shared->route, endpoint->link, out) < 0 ||
			hosts_remove(&plan->network, endpoint->address, out) < 0 ||
			(endpoint->address6[0] &&
				hosts_remove(&plan->network, endpoint->address6, out) < 0))
			return -1;
		memmove(endpoint, endpoint + 1, (attachment->count - i - 1) * sizeof(*endpoint));
		attachment->count--;
		return 0;
	}
	return 1;
}

int net_route(int netns, const struct plan_endpoint *way, const struct net_attachment *attachment,
	struct failure *out)
{
	auto_close int route = netns_socket(netns, NETLINK_ROUTE, out);

	if (route < 0)
		return -1;
	for (size_t i = 0; i < attachment->count; i++) {
		const struct net_endpoint *endpoint = &attachment->endpoints[i];
		struct in6_addr gateway6;
		struct in_addr gateway;
		const struct default_route four = {AF_INET, &gateway, 0, way->way_mtu};
		const struct default_route six = {AF_INET6, &gateway6, 0, 0};

		if (strcmp(endpoint->id, way->id) != 0)
			continue;
		if (inet_pton(AF_INET, endpoint->gateway, &gateway) == 1 &&
			route_set_default(route, &four, out) < 0)
			return -1;
		return inet_pton(AF_INET6, endpoint->gateway6, &gateway6) == 1
			       ? route_set_default(route, &six, out)
			       : 0;
	}
	return 0;
}

static int connect_bridges(const struct plan *plan, struct shared *shared, int netns,
	struct net_attachment *ret, struct failure *out)
{
	for (size_t i = 0; i < plan->network.endpoint_count; i++)
		if (net_join(plan, shared, netns, &plan->network.endpoints[i], ret, out) < 0)
			return -1;
	return 0;
}

static int connect_privately(
	const struct plan *plan, int netns, struct net_attachment *ret, struct failure *out)
{
	struct uplink_starter starter = UPLINK_NO_STARTER;
	struct net_endpoint *slot;
	struct uplink uplink;
	int ends[2], result;

	if (endpoint_loopback(netns, out) < 0)
		return -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(out, errno, STEP, "cannot make a pipe");
	auto_close int reader = ends[0];
	auto_close int writer = ends[1];

	if (uplink_prepare(plan, NULL, false, &starter, out) < 0)
		return -1;
	result = uplink_start(&starter, netns, reader, &uplink, out);
	uplink_dismiss(&starter);
	auto_close int route = netns_socket(netns, NETLINK_ROUTE, out);

	if (result < 0 || route < 0 || uplink_wait(&uplink, out) < 0 ||
		uplink_configure(netns, route, plan, out) < 0 ||
		hosts_add(&plan->network, UPLINK_ADDRESS, out) < 0)
		return -1;
	slot = add_slot(ret, out);
	if (!slot)
		return -1;
	*slot = (struct net_endpoint){.prefix = UPLINK_PREFIX,
		.address = UPLINK_ADDRESS,
		.gateway = UPLINK_GATEWAY,
		.interface = UPLINK_LINK};
	ret->count++;
	ret->uplink = uplink.pid;
	ret->uplink_keepalive = take_fd(&writer);
	return 0;
}

static int connect_in_mode(const struct plan *plan, struct shared *shared, int netns,
	struct net_attachment *ret, struct failure *out)
{
	switch (plan->network.mode) {
	case NETWORK_HOST:
	case NETWORK_CONTAINER:
		break;
	case NETWORK_NONE:
		return endpoint_loopback(netns, out);
	case NETWORK_BRIDGE:
		return connect_bridges(plan, shared, netns, ret, out);
	case NETWORK_PRIVATE:
		return connect_privately(plan, netns, ret, out);
	}
	return 0;
}

static int apply_sysctls(void *context, struct failure *out)
{
	const struct plan *plan = context;

	if (sysctl_apply_network(plan->network.sysctls, out) == 0)
		return 0;
	failure_within(out, "failed to create task for container");
	return -1;
}

int net_connect(const struct plan *plan, struct shared *shared, pid_t pid, int netns,
	struct net_attachment *ret, struct failure *out)
{
	auto_close int opened = -1;

	ret->count = 0;
	if (plan->network.mode != NETWORK_HOST && plan->network.mode != NETWORK_CONTAINER &&
		netns < 0) {
		netns = opened = open_netns(pid, out);
		if (netns < 0)
			return -1;
	}
	if (connect_in_mode(plan, shared, netns, ret, out) < 0)
		return -1;
	return plan->network.sysctls ? netns_run(netns, apply_sysctls, (void *)plan, out) : 0;
}

void net_leave(const struct shared *shared, struct net_attachment *attachment)
{
	struct failure ignored;

	for (size_t i = 0; i < attachment->count; i++)
		if (attachment->endpoints[i].index > 0)
			(void)link_remove_index(
				shared->route, attachment->endpoints[i].index, &ignored);
	attachment->count = 0;
}

void net_clear(struct net_attachment *attachment)
{
	free(attachment->endpoints);
	attachment->endpoints = NULL;
	attachment->count = 0;
}
