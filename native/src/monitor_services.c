/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor_services.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <jansson.h>

#include "helper.h"
#include "ports_client.h"
#include "scope.h"

#define STEP "network"

void services_init(struct services *services)
{
	*services = (struct services){.names = -1, .ports = -1};
	for (size_t i = 0; i < NAMES_SOCKETS; i++)
		services->name_sockets[i] = -1;
}

/* --- the host's ports --- */

static int listen_port(const struct plan_port *port, size_t count, struct published_port *published,
	struct failure *out)
{
	struct port_binding bindings[PLAN_PORT_ADDRESSES];
	int fds[PLAN_PORT_ADDRESSES];

	for (size_t i = 0; i < count; i++)
		bindings[i] = (struct port_binding){
			port->protocol, port->addresses.items[i], port->first, port->last};
	if (ports_listen_all(bindings, count, fds, out) < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		published[i] = (struct published_port){.protocol = port->protocol,
			.port = port->port,
			.number = ports_bound(fds[i]),
			.fd = fds[i]};
		snprintf(published[i].address, sizeof(published[i].address), "%s",
			port->addresses.items[i]);
	}
	return 0;
}

int services_publish(struct services *services, const struct plan_port *port, struct failure *out)
{
	struct published_port *grown = reallocarray(services->published,
		services->published_count + PLAN_PORT_ADDRESSES, sizeof(*services->published));
	size_t count = port->addresses.count;
	int result;

	if (!grown)
		return fail(out, ENOMEM, STEP, "cannot publish the ports");
	services->published = grown;
	result = listen_port(port, count, &grown[services->published_count], out);
	/* A host without IPv6: the address of IPv4 comes first. */
	if (result < 0 && count > 1 && out->error == EAFNOSUPPORT)
		result = listen_port(port, count = 1, &grown[services->published_count], out);
	if (result < 0)
		return -1;
	services->published_count += count;
	return 0;
}

int services_unpublish(struct services *services, int protocol, uint16_t port, uint16_t number,
	struct failure *out)
{
	size_t kept = 0;

	for (size_t i = 0; i < services->published_count; i++) {
		struct published_port *published = &services->published[i];

		if (published->protocol == protocol && published->port == port &&
			(number == 0 || published->number == number))
			close(published->fd);
		else
			services->published[kept++] = *published;
	}
	if (kept == services->published_count)
		return fail(out, 0, STEP, "port %u/%s is not published", port,
			protocol == IPPROTO_TCP ? "tcp" : "udp");
	services->published_count = kept;
	return 0;
}

/* What inspect shows as the id of the endpoint: container and network in one. */
static void endpoint_id(const char *container, const char *network, char ret[65])
{
	static const char digits[] = "0123456789abcdef";

	memset(ret, 0, 65);
	for (size_t i = 0; i < 64 && container[i] && network[i]; i++) {
		const char *a = strchr(digits, container[i]), *b = strchr(digits, network[i]);

		ret[i] = digits[(a ? a - digits : 0) ^ (b ? b - digits : 0)];
	}
}

/* Docker's sentence around the reason. */
static int fail_publish(const struct plan *plan, struct failure *out)
{
	const char *slash = plan->name_claim ? strrchr(plan->name_claim, '/') : NULL;
	const struct plan_network *network = &plan->network;
	struct failure reason = *out;
	char id[65] = "";

	if (network->endpoint_count > 0)
		endpoint_id(plan->id, network->endpoints[0].id, id);
	fail_kind(out, reason.kind, 0, reason.step,
		"driver failed programming external connectivity on endpoint %.120s (%s): %s",
		slash ? slash + 1 : "", id, reason.message);
	out->error = reason.error;
	return -1;
}

static int publish(struct services *services, const struct plan *plan, struct failure *out)
{
	for (size_t i = 0; i < plan->network.port_count; i++)
		if (services_publish(services, &plan->network.ports[i], out) < 0)
			return fail_publish(plan, out);
	return 0;
}

/* --- registrations --- */

static json_t *pack_strings(const struct string_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, json_string(list->items[i]));
	return array;
}

static const struct net_endpoint *find_endpoint(
	const struct net_attachment *network, const char *id)
{
	for (size_t i = 0; i < network->count; i++)
		if (strcmp(network->endpoints[i].id, id) == 0)
			return &network->endpoints[i];
	return NULL;
}

static json_t *pack_networks(const struct plan_network *plan, const struct net_attachment *network)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->endpoint_count; i++) {
		const struct plan_endpoint *endpoint = &plan->endpoints[i];
		const struct net_endpoint *found = find_endpoint(network, endpoint->id);

		json_t *packed;

		if (!found || endpoint->names.count == 0)
			continue;
		packed = json_pack("{s:s, s:s, s:s, s:o}", "id", endpoint->id, "name",
			endpoint->name, "address", found->address, "names",
			pack_strings(&endpoint->names));
		if (packed && found->address6[0])
			json_object_set_new(packed, "address6", json_string(found->address6));
		json_array_append_new(list, packed);
	}
	return list;
}

static size_t count_sockets(const struct services *services)
{
	size_t count = 0;

	while (count < NAMES_SOCKETS && services->name_sockets[count] >= 0)
		count++;
	return count;
}

static int register_names(struct services *services, const struct plan *plan,
	const struct net_attachment *network, struct failure *out)
{
	const struct plan_names *names = &plan->network.names;
	json_t *root = json_pack("{s:s, s:b, s:o, s:o, s:O}", "id", plan->id, "forward",
		names->forward, "servers", pack_strings(&names->servers), "networks",
		pack_networks(&plan->network, network), "links", names->links);
	auto_free char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;

	json_decref(root);
	if (!text)
		return fail(out, ENOMEM, STEP, "cannot tell the names");
	return names_register(
		services->names, text, services->name_sockets, count_sockets(services), out);
}

/* Where published ports lead: the network that is the container's way out. */
static const struct net_endpoint *find_outlet(
	const struct plan_network *plan, const struct net_attachment *network)
{
	for (size_t i = 0; i < plan->endpoint_count; i++)
		if (plan->endpoints[i].route)
			return find_endpoint(network, plan->endpoints[i].id);
	return NULL;
}

static int register_ports(struct services *services, const struct plan *plan,
	const struct net_attachment *network, struct failure *out)
{
	const struct net_endpoint *outlet = find_outlet(&plan->network, network);
	bool six = outlet && outlet->address6[0];
	auto_free int *fds = calloc(services->published_count + 1, sizeof(*fds));
	json_t *ports = json_array(), *root;
	int result;

	fds[0] = LENT_NETNS;
	for (size_t i = 0; outlet && i < services->published_count; i++) {
		const struct published_port *port = &services->published[i];

		fds[i + 1] = port->fd;
		json_array_append_new(
			ports, json_pack("{s:s, s:s, s:s*, s:i, s:i}", "protocol",
				       port->protocol == IPPROTO_TCP ? "tcp" : "udp", "address",
				       outlet->address, "address6", six ? outlet->address6 : NULL,
				       "port", (int)port->port, "listener", (int)i + 1));
	}
	root = json_pack("{s:s, s:s, s:s*, s:o}", "id", plan->id, "gateway",
		outlet ? outlet->gateway : "0.0.0.0", "gateway6", six ? outlet->gateway6 : NULL,
		"ports", ports);
	result = root ? ports_register(services->ports, root, fds,
				outlet ? services->published_count + 1 : 1, out)
		      : fail(out, ENOMEM, STEP, "cannot tell the ports");
	json_decref(root);
	return result;
}

/* --- both --- */

static int connect_servers(struct services *services, const struct plan *plan, struct failure *out)
{
	if (plan->network.names.served && services->names < 0) {
		services->names = helper_connect(plan->runtime_dir, "names", out);
		if (services->names < 0)
			return -1;
	}
	if (services->published_count > 0 && services->ports < 0) {
		services->ports = helper_connect(plan->runtime_dir, "ports", out);
		if (services->ports < 0)
			return -1;
	}
	return 0;
}

int services_prepare(struct services *services, const struct plan *plan, struct failure *out)
{
	if (plan->network.port_count > 0 && publish(services, plan, out) < 0)
		return -1;
	return connect_servers(services, plan, out);
}

static void drop(int *fd)
{
	if (*fd >= 0)
		close(take_fd(fd));
}

static int register_all(struct services *services, const struct plan *plan,
	const struct net_attachment *network, struct failure *out)
{
	if (services->published_count == 0)
		drop(&services->ports);
	if (connect_servers(services, plan, out) < 0)
		return -1;
	if (services->names >= 0 && register_names(services, plan, network, out) < 0) {
		drop(&services->names);
		return -1;
	}
	if (services->ports >= 0 && register_ports(services, plan, network, out) < 0) {
		drop(&services->ports);
		return -1;
	}
	return 0;
}

int services_register(struct services *services, const struct plan *plan,
	const struct net_attachment *network, int netns, struct failure *out)
{
	const struct plan_names *names = &plan->network.names;

	if (netns >= 0 && names->served && services->name_sockets[0] < 0 &&
		names_open_sockets(netns, names->servers.count > 0, services->name_sockets, out) <
			0)
		return -1;
	/* A server may have died since it was connected to: once more. */
	if (register_all(services, plan, network, out) == 0)
		return 0;
	return register_all(services, plan, network, out);
}

static bool is_broken(int fd)
{
	struct pollfd event = {.fd = fd, .events = POLLIN};
	char byte;

	return fd >= 0 && poll(&event, 1, 0) > 0 &&
	       recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) <= 0;
}

int services_renew(
	struct services *services, const struct plan *plan, const struct net_attachment *network)
{
	struct failure ignored;

	if (is_broken(services->names))
		drop(&services->names);
	if (is_broken(services->ports))
		drop(&services->ports);
	return services_register(services, plan, network, -1, &ignored);
}

void services_withdraw(struct services *services)
{
	drop(&services->names);
	drop(&services->ports);
	for (size_t i = 0; i < NAMES_SOCKETS; i++)
		drop(&services->name_sockets[i]);
}
