/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "plan.h"
#include "plan_parts.h"
#include "scope.h"

enum { ENDPOINTS_MAX = 256, PORTS_MAX = 65536, SLIRP4NETNS_BEST_MTU = 32800 };

static int read_mtu(json_t *object, enum need need, unsigned *ret, struct failure *out)
{
	json_t *mtu = json_object_get(object, "mtu");

	if (!mtu)
		return need == REQUIRED ? plan_bad(out, "network.mtu", "is missing") : 0;
	if (!json_is_integer(mtu) || json_integer_value(mtu) < 68 ||
		json_integer_value(mtu) > 65535)
		return plan_bad(out, "network.mtu", "must be a number between 68 and 65535");
	*ret = (unsigned)json_integer_value(mtu);
	return 0;
}

/* Names of links, and of the files that set them up. */
static int check_link(const char *name, const char *member, struct failure *out)
{
	if (!name[0] || strlen(name) >= IFNAMSIZ || strpbrk(name, "/ :\t\n") ||
		strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return plan_bad(out, member, "must be the name of a link");
	return 0;
}

/* slirp4netns has a window of 64 KiB for what comes from a container: of full packets one is on its
 * way at a time, and both ends wait for each other. Two fit so. Measured: as much as with full
 * packets out of a container, and a quarter more into it. For pasta each packet costs more. Not for
 * IPv6: large datagrams would be fragmented there, which was not tried. */
static unsigned way_mtu(enum uplink_kind uplink, unsigned link_mtu)
{
	return uplink == UPLINK_SLIRP4NETNS && link_mtu > SLIRP4NETNS_BEST_MTU
		       ? SLIRP4NETNS_BEST_MTU
		       : 0;
}

int plan_read_endpoint(
	json_t *object, enum uplink_kind uplink, struct plan_endpoint *ret, struct failure *out)
{
	static const char *const known[] = {"id", "name", "bridge", "subnet", "gateway",
		"interface", "address", "mac", "subnet6", "gateway6", "address6", "range", "range6",
		"reserved", "linkLocal", "names", "mtu", "internal", "isolated", "route", NULL};

	if (plan_check_members(object, "network.endpoints", known, out) < 0 ||
		plan_get_text(object, "id", REQUIRED, &ret->id, out) < 0 ||
		plan_get_text(object, "name", REQUIRED, &ret->name, out) < 0 ||
		plan_get_text(object, "bridge", REQUIRED, &ret->bridge, out) < 0 ||
		plan_get_text(object, "subnet", REQUIRED, &ret->subnet, out) < 0 ||
		plan_get_text(object, "gateway", REQUIRED, &ret->gateway, out) < 0 ||
		plan_get_text(object, "interface", REQUIRED, &ret->interface, out) < 0 ||
		plan_get_text(object, "address", OPTIONAL, &ret->address, out) < 0 ||
		plan_get_text(object, "mac", OPTIONAL, &ret->mac, out) < 0 ||
		plan_get_text(object, "subnet6", OPTIONAL, &ret->subnet6, out) < 0 ||
		plan_get_text(object, "gateway6", ret->subnet6 ? REQUIRED : OPTIONAL,
			&ret->gateway6, out) < 0 ||
		plan_get_text(object, "address6", OPTIONAL, &ret->address6, out) < 0 ||
		plan_get_text(object, "range", OPTIONAL, &ret->range, out) < 0 ||
		plan_get_text(object, "range6", OPTIONAL, &ret->range6, out) < 0 ||
		plan_get_list(object, "reserved", false, &ret->reserved, out) < 0 ||
		plan_get_list(object, "linkLocal", false, &ret->link_local, out) < 0 ||
		plan_get_list(object, "names", false, &ret->names, out) < 0 ||
		read_mtu(object, REQUIRED, &ret->mtu, out) < 0 ||
		plan_get_flag(object, "internal", &ret->internal, out) < 0 ||
		plan_get_flag(object, "isolated", &ret->isolated, out) < 0 ||
		plan_get_flag(object, "route", &ret->route, out) < 0 ||
		check_link(ret->bridge, "network.endpoints.bridge", out) < 0 ||
		check_link(ret->interface, "network.endpoints.interface", out) < 0)
		return -1;
	ret->way_mtu = way_mtu(uplink, ret->mtu);
	return 0;
}

static int read_endpoints(json_t *list, struct plan_network *ret, struct failure *out)
{
	size_t count = json_array_size(list);

	if (!json_is_array(list) || count == 0 || count > ENDPOINTS_MAX)
		return plan_bad(out, "network.endpoints", "must be a list of networks");
	ret->endpoints = calloc(count, sizeof(*ret->endpoints));
	if (!ret->endpoints)
		return fail(out, ENOMEM, "plan", "cannot read the plan");
	for (size_t i = 0; i < count; i++) {
		/* Counted first: what was read of a broken one is freed too. */
		ret->endpoint_count++;
		if (plan_read_endpoint(
			    json_array_get(list, i), ret->uplink, &ret->endpoints[i], out) < 0)
			return -1;
	}
	return 0;
}

static int read_names(json_t *object, struct plan_names *ret, struct failure *out)
{
	static const char *const known[] = {"forward", "servers", "links", NULL};

	if (!object)
		return 0;
	if (plan_check_members(object, "network.names", known, out) < 0 ||
		plan_get_flag(object, "forward", &ret->forward, out) < 0 ||
		plan_get_list(object, "servers", false, &ret->servers, out) < 0)
		return -1;
	ret->links = json_incref(json_object_get(object, "links"));
	if (!json_is_object(ret->links))
		return plan_bad(out, "network.names.links", "must be an object");
	ret->served = true;
	return 0;
}

static int get_port(
	json_t *object, const char *name, uint16_t least, uint16_t *ret, struct failure *out)
{
	json_t *value = json_object_get(object, name);

	if (!json_is_integer(value) || json_integer_value(value) < least ||
		json_integer_value(value) > 65535)
		return plan_bad(out, name, "must be the number of a port");
	*ret = (uint16_t)json_integer_value(value);
	return 0;
}

int plan_read_port(json_t *object, struct plan_port *ret, struct failure *out)
{
	static const char *const known[] = {"protocol", "port", "addresses", "first", "last", NULL};
	static const char *const protocols[] = {"tcp", "udp"};
	int protocol = 0;

	if (plan_check_members(object, "network.ports", known, out) < 0 ||
		plan_get_choice(
			object, "protocol", protocols, array_size(protocols), &protocol, out) < 0 ||
		get_port(object, "port", 0, &ret->port, out) < 0 ||
		plan_get_list(object, "addresses", false, &ret->addresses, out) < 0 ||
		get_port(object, "first", 0, &ret->first, out) < 0 ||
		get_port(object, "last", ret->first, &ret->last, out) < 0)
		return -1;
	if (ret->addresses.count == 0 || ret->addresses.count > PLAN_PORT_ADDRESSES)
		return plan_bad(out, "network.ports.addresses", "must be one or two addresses");
	ret->protocol = protocol == 0 ? IPPROTO_TCP : IPPROTO_UDP;
	return 0;
}

static int read_ports(json_t *list, struct plan_network *ret, struct failure *out)
{
	size_t count = json_array_size(list);

	if (!list || count == 0)
		return 0;
	if (count > PORTS_MAX)
		return plan_bad(out, "network.ports", "are too many");
	ret->ports = calloc(count, sizeof(*ret->ports));
	if (!ret->ports)
		return fail(out, ENOMEM, "plan", "cannot read the plan");
	for (size_t i = 0; i < count; i++) {
		ret->port_count++;
		if (plan_read_port(json_array_get(list, i), &ret->ports[i], out) < 0)
			return -1;
	}
	return 0;
}

static int read_uplink(json_t *object, struct plan_network *ret, struct failure *out)
{
	static const char *const kinds[] = {"slirp4netns", "pasta"};
	bool needed = ret->mode == NETWORK_BRIDGE || ret->mode == NETWORK_PRIVATE;
	enum need need = needed ? REQUIRED : OPTIONAL;
	int kind = 0;

	if (needed && plan_get_choice(object, "uplink", kinds, array_size(kinds), &kind, out) < 0)
		return -1;
	ret->uplink = (enum uplink_kind)kind;
	if (plan_get_path(object, "uplinkScript", need, &ret->uplink_script, out) < 0 ||
		plan_get_path(object, "uplinkProgram", need, &ret->uplink_program, out) < 0)
		return -1;
	if (read_mtu(object, need, &ret->mtu, out) < 0)
		return -1;
	ret->way_mtu = ret->mode == NETWORK_PRIVATE ? way_mtu(ret->uplink, ret->mtu) : 0;
	return 0;
}

int plan_read_network(json_t *object, struct plan_network *ret, struct failure *out)
{
	static const char *const known[] = {"mode", "endpoints", "names", "ports", "mtu", "uplink",
		"uplinkScript", "uplinkProgram", "hostsFile", "hostsNames", "sysctls", NULL};
	static const char *const modes[] = {"none", "host", "bridge", "private", "container"};
	int mode = 0;

	if (plan_check_members(object, "network", known, out) < 0 ||
		plan_get_choice(object, "mode", modes, array_size(modes), &mode, out) < 0)
		return -1;
	ret->mode = (enum network_mode)mode;
	if (read_uplink(object, ret, out) < 0 ||
		plan_get_path(object, "hostsFile", OPTIONAL, &ret->hosts_file, out) < 0 ||
		plan_get_text(object, "hostsNames", OPTIONAL, &ret->hosts_names, out) < 0)
		return -1;
	ret->sysctls = json_incref(json_object_get(object, "sysctls"));
	if (ret->sysctls && !json_is_object(ret->sysctls))
		return plan_bad(out, "network.sysctls", "must be an object");
	if (mode != NETWORK_BRIDGE)
		return 0;
	if (read_endpoints(json_object_get(object, "endpoints"), ret, out) < 0 ||
		read_names(json_object_get(object, "names"), &ret->names, out) < 0)
		return -1;
	return read_ports(json_object_get(object, "ports"), ret, out);
}

void plan_clear_endpoint(struct plan_endpoint *endpoint)
{
	free(endpoint->id);
	free(endpoint->name);
	free(endpoint->bridge);
	free(endpoint->subnet);
	free(endpoint->gateway);
	free(endpoint->interface);
	free(endpoint->address);
	free(endpoint->mac);
	free(endpoint->range);
	free(endpoint->range6);
	free(endpoint->subnet6);
	free(endpoint->gateway6);
	free(endpoint->address6);
	plan_clear_list(&endpoint->reserved);
	plan_clear_list(&endpoint->link_local);
	plan_clear_list(&endpoint->names);
}

void plan_clear_network(struct plan_network *network)
{
	for (size_t i = 0; i < network->endpoint_count; i++)
		plan_clear_endpoint(&network->endpoints[i]);
	free(network->endpoints);
	for (size_t i = 0; i < network->port_count; i++)
		plan_clear_list(&network->ports[i].addresses);
	free(network->ports);
	plan_clear_list(&network->names.servers);
	json_decref(network->names.links);
	free(network->uplink_script);
	free(network->uplink_program);
	free(network->hosts_file);
	free(network->hosts_names);
	json_decref(network->sysctls);
}
