/* SPDX-License-Identifier: Apache-2.0 */
/* Registrations, from their text. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "names_table.h"
#include "scope.h"

#define STEP "names"

static int refuse(struct failure *out, const char *what)
{
	return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "registration of names: %s", what);
}

static bool is_id(const char *text)
{
	return strlen(text) == NAMES_ID && strspn(text, "0123456789abcdef") == NAMES_ID;
}

/* Names are compared with what questions can hold. */
static bool is_name(const char *text)
{
	size_t length = strlen(text);

	return length > 0 && length < DNS_NAME_MAX - 1;
}

static int read_list(json_t *array, struct names_list *ret, struct failure *out)
{
	size_t count = json_array_size(array);

	if (!json_is_array(array) || count == 0)
		return refuse(out, "names are missing");
	ret->items = calloc(count, sizeof(*ret->items));
	if (!ret->items)
		return fail(out, ENOMEM, STEP, "cannot keep names");
	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(array, i));

		if (!text || !is_name(text))
			return refuse(out, "not a name");
		ret->items[ret->count++] = text;
	}
	return 0;
}

int names_parse_address(const char *text, union names_address *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (inet_pton(AF_INET, text, &ret->v4.sin_addr) == 1)
		ret->any.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &ret->v6.sin6_addr) == 1)
		ret->any.sa_family = AF_INET6;
	else
		return -1;
	return 0;
}

static int read_servers(json_t *array, struct names_servers *ret, struct failure *out)
{
	size_t count = json_array_size(array);

	if (!json_is_array(array) || count > NAMES_SERVERS_MAX)
		return refuse(out, "no list of servers, or too many");
	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(array, i));

		if (!text || names_parse_address(text, &ret->items[ret->count++]) < 0)
			return refuse(out, "not the address of a server");
	}
	return 0;
}

static int read_network(json_t *object, struct names_network *ret, struct failure *out)
{
	const char *address4 = NULL, *address6 = NULL;
	json_t *names;

	if (json_unpack(object, "{s:s, s:s, s?s, s?s, s:o !}", "id", &ret->id, "name", &ret->name,
		    "address", &address4, "address6", &address6, "names", &names) < 0)
		return refuse(out, "not a network");
	ret->has4 = address4 != NULL;
	ret->has6 = address6 != NULL;
	if (!is_id(ret->id) || !is_name(ret->name) ||
		(address4 && inet_pton(AF_INET, address4, &ret->address4) != 1) ||
		(address6 && inet_pton(AF_INET6, address6, &ret->address6) != 1))
		return refuse(out, "not a network's id, name or address");
	return read_list(names, &ret->names, out);
}

static int read_networks(json_t *array, struct names_registration *ret, struct failure *out)
{
	size_t count = json_array_size(array);

	if (!json_is_array(array))
		return refuse(out, "no list of networks");
	ret->networks = calloc(count + 1, sizeof(*ret->networks));
	if (!ret->networks)
		return fail(out, ENOMEM, STEP, "cannot keep networks");
	for (size_t i = 0; i < count; i++)
		if (read_network(json_array_get(array, i), &ret->networks[ret->network_count++],
			    out) < 0)
			return -1;
	return 0;
}

static int read_links(json_t *object, struct names_registration *ret, struct failure *out)
{
	const char *alias;
	json_t *targets;

	if (!json_is_object(object))
		return refuse(out, "no table of links");
	ret->links = calloc(json_object_size(object) + 1, sizeof(*ret->links));
	if (!ret->links)
		return fail(out, ENOMEM, STEP, "cannot keep links");
	json_object_foreach(object, alias, targets)
	{
		struct names_link *link = &ret->links[ret->link_count++];

		link->alias = alias;
		if (!is_name(alias))
			return refuse(out, "not an alias");
		if (read_list(targets, &link->targets, out) < 0)
			return -1;
	}
	return 0;
}

static int read_registration(struct names_registration *ret, struct failure *out)
{
	json_t *servers, *networks, *links;
	int forward;

	if (json_unpack(ret->document, "{s:s, s:b, s:o, s:o, s:o !}", "id", &ret->id, "forward",
		    &forward, "servers", &servers, "networks", &networks, "links", &links) < 0 ||
		!is_id(ret->id))
		return refuse(out, "not a container");
	ret->forward = forward;
	if (read_servers(servers, &ret->servers, out) < 0 ||
		read_networks(networks, ret, out) < 0 || read_links(links, ret, out) < 0)
		return -1;
	return 0;
}

struct names_registration *names_parse(const char *text, size_t size, struct failure *out)
{
	struct names_registration *registration = calloc(1, sizeof(*registration));

	if (!registration) {
		fail(out, ENOMEM, STEP, "cannot keep names");
		return NULL;
	}
	registration->document = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	if (!registration->document) {
		refuse(out, "not JSON");
	} else if (read_registration(registration, out) == 0) {
		return registration;
	}
	names_free(registration);
	return NULL;
}

void names_free(struct names_registration *registration)
{
	if (!registration)
		return;
	for (size_t i = 0; i < registration->network_count; i++)
		free(registration->networks[i].names.items);
	for (size_t i = 0; i < registration->link_count; i++)
		free(registration->links[i].targets.items);
	free(registration->networks);
	free(registration->links);
	json_decref(registration->document);
	free(registration);
}
