/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor_network.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "monitor_start.h"
#include "net.h"
#include "plan_parts.h"
#include "scope.h"

#define STEP "network"

static int open_netns(const struct monitor *monitor, struct failure *out)
{
	char path[64];
	int fd;

	/* Its entry in /proc stays until it is reaped, which only this process does. */
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)monitor->pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 ? fd
		       : fail(out, errno, STEP, "cannot open the container's network namespace");
}

/* The container's way out is the network with that id from now on; NULL = there is none. Returns
 * its endpoint. */
static const struct plan_endpoint *mark_route(struct plan_network *network, const char *id)
{
	const struct plan_endpoint *way = NULL;

	for (size_t i = 0; i < network->endpoint_count; i++) {
		struct plan_endpoint *endpoint = &network->endpoints[i];

		endpoint->route = id && strcmp(endpoint->id, id) == 0;
		if (endpoint->route)
			way = endpoint;
	}
	return way;
}

/* Takes over what *endpoint holds. */
static int remember(
	struct plan_network *network, struct plan_endpoint *endpoint, struct failure *out)
{
	struct plan_endpoint *grown = reallocarray(
		network->endpoints, network->endpoint_count + 1, sizeof(*network->endpoints));

	if (!grown)
		return fail(out, ENOMEM, STEP, "cannot connect the container");
	network->endpoints = grown;
	grown[network->endpoint_count++] = *endpoint;
	*endpoint = (struct plan_endpoint){0};
	return 0;
}

static void forget(struct plan_network *network, size_t index)
{
	struct plan_endpoint *endpoint = &network->endpoints[index];

	plan_clear_endpoint(endpoint);
	memmove(endpoint, endpoint + 1, (network->endpoint_count - index - 1) * sizeof(*endpoint));
	network->endpoint_count--;
}

static int connect_to(struct monitor *monitor, json_t *wanted, struct failure *out)
{
	struct plan_network *network = &monitor->plan->network;
	struct plan_endpoint endpoint = {0};
	auto_close int netns = open_netns(monitor, out);
	int result = netns < 0 ? -1 : plan_read_endpoint(wanted, network->uplink, &endpoint, out);

	if (result == 0)
		result = net_join(
			monitor->plan, &monitor->shared, netns, &endpoint, &monitor->network, out);
	if (result == 0 && endpoint.route)
		(void)mark_route(network, NULL);
	if (result == 0)
		result = remember(network, &endpoint, out);
	plan_clear_endpoint(&endpoint);
	return result;
}

/* `out_id`: the network that is the way out afterwards, NULL = none. */
static int disconnect_from(
	struct monitor *monitor, const char *id, const char *out_id, struct failure *out)
{
	struct plan_network *network = &monitor->plan->network;
	auto_close int netns = open_netns(monitor, out);

	if (netns < 0)
		return -1;
	for (size_t i = 0; i < network->endpoint_count; i++) {
		bool route = network->endpoints[i].route;
		const struct plan_endpoint *way;

		if (strcmp(network->endpoints[i].id, id) != 0)
			continue;
		if (net_part(monitor->plan, &monitor->shared, id, &monitor->network, out) < 0)
			return -1;
		forget(network, i);
		if (!route || !out_id)
			return 0;
		way = mark_route(network, out_id);
		return way ? net_route(netns, way, &monitor->network, out) : 0;
	}
	return fail(out, 0, STEP, "container %s is not connected to network %.12s",
		monitor->plan->id, id);
}

/* {"publish": [port as in plan.json], "unpublish": [{"protocol", "port", "number"}]} */
static int change_ports(struct services *services, json_t *root, struct failure *out)
{
	json_t *item;
	size_t i;

	json_array_foreach(json_object_get(root, "unpublish"), i, item)
	{
		const char *protocol = "";
		int port = 0, number = 0;

		if (json_unpack(item, "{s:s, s:i, s:i}", "protocol", &protocol, "port", &port,
			    "number", &number) < 0)
			return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "not a port");
		if (services_unpublish(services,
			    strcmp(protocol, "udp") == 0 ? IPPROTO_UDP : IPPROTO_TCP,
			    (uint16_t)port, (uint16_t)number, out) < 0)
			return -1;
	}
	json_array_foreach(json_object_get(root, "publish"), i, item)
	{
		struct plan_port port = {0};
		int result = plan_read_port(item, &port, out);

		if (result == 0)
			result = services_publish(services, &port, out);
		plan_clear_list(&port.addresses);
		if (result < 0)
			return -1;
	}
	return 0;
}

/* The first network with names on a container that had none brings the name server. */
static int announce(struct monitor *monitor, struct failure *out)
{
	struct plan_network *network = &monitor->plan->network;
	struct plan_names *names = &network->names;
	auto_close int netns = open_netns(monitor, out);

	if (netns < 0)
		return -1;
	names->forward = false;
	for (size_t i = 0; i < network->endpoint_count; i++) {
		names->served = names->served || network->endpoints[i].names.count > 0;
		names->forward = names->forward || !network->endpoints[i].internal;
	}
	if (!names->links)
		names->links = json_object();
	return services_register(&monitor->services, monitor->plan, &monitor->network, netns, out);
}

/* {"id of a network": ["name", …]}: what the container is called there from now on. */
static int rename_on(struct plan_network *network, json_t *names, struct failure *out)
{
	for (size_t i = 0; i < network->endpoint_count; i++) {
		struct plan_endpoint *endpoint = &network->endpoints[i];

		if (!json_object_get(names, endpoint->id))
			continue;
		plan_clear_list(&endpoint->names);
		endpoint->names = (struct string_list){0};
		if (plan_get_list(names, endpoint->id, false, &endpoint->names, out) < 0)
			return -1;
	}
	return 0;
}

/* What the container calls others from now on. */
static void relink(struct plan_names *names, json_t *links)
{
	if (!json_is_object(links))
		return;
	json_decref(names->links);
	names->links = json_incref(links);
}

int monitor_change_network(struct monitor *monitor, const struct frame *frame, struct failure *out)
{
	json_t *root = json_loadb(
		(const char *)frame->payload, frame->length, JSON_REJECT_DUPLICATES, NULL);
	const char *id = json_string_value(json_object_get(root, "disconnect"));
	json_t *wanted = json_object_get(root, "connect");
	json_t *names = json_object_get(root, "names");
	struct failure ignored;
	int result;

	if (monitor->reaped && !monitor->restarting) {
		json_decref(root);
		return fail_kind(out, FAILURE_ENDED, 0, STEP, "container %s is not running",
			monitor->plan->id);
	}
	if (monitor->restarting) {
		json_decref(root);
		return fail_kind(out, FAILURE_ALREADY, 0, STEP,
			"container %s is restarting, wait until the container is running",
			monitor->plan->id);
	}
	if (monitor->plan->network.mode != NETWORK_BRIDGE) {
		json_decref(root);
		return fail(out, 0, STEP,
			monitor->plan->network.mode == NETWORK_NONE
				? "container %s was started without networks: stop it before one is "
				  "connected"
				: "container %s has no networks to change",
			monitor->plan->id);
	}
	if (wanted)
		result = connect_to(monitor, wanted, out);
	else if (json_object_get(root, "publish"))
		result = change_ports(&monitor->services, root, out);
	else if (names)
		result = rename_on(&monitor->plan->network, names, out);
	else if (id)
		result = disconnect_from(
			monitor, id, json_string_value(json_object_get(root, "route")), out);
	else
		result = fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "not a change of networks");
	if (result == 0)
		relink(&monitor->plan->network.names, json_object_get(root, "links"));
	json_decref(root);
	/* A part may be done all the same: what is true is told. */
	if (announce(monitor, result < 0 ? &ignored : out) < 0 ||
		monitor_record_running(monitor, result < 0 ? &ignored : out) < 0)
		return -1;
	return result;
}
