/* SPDX-License-Identifier: Apache-2.0 */
#include "names_table.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "scope.h"

enum { TTL = 600, FOUND_MAX = 256 };

static bool has_name(const struct names_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++)
		if (strcasecmp(list->items[i], name) == 0)
			return true;
	return false;
}

/* The name by itself, or what the asker's own links call it. */
static bool is_called(const struct names_registration *asker, const struct names_network *network,
	const char *name)
{
	if (has_name(&network->names, name))
		return true;
	for (size_t i = 0; i < asker->link_count; i++) {
		const struct names_link *link = &asker->links[i];

		if (strcasecmp(link->alias, name) != 0)
			continue;
		for (size_t j = 0; j < link->targets.count; j++)
			if (has_name(&network->names, link->targets.items[j]))
				return true;
	}
	return false;
}

/* Cuts ".<network>" off. Returns whether it was there. */
static bool without_network(const char *name, const char *network, char ret[DNS_NAME_MAX])
{
	size_t length = strlen(name), suffix = strlen(network);

	if (length < suffix + 2 || name[length - suffix - 1] != '.' ||
		strcasecmp(name + length - suffix, network) != 0)
		return false;
	memcpy(ret, name, length - suffix - 1);
	ret[length - suffix - 1] = '\0';
	return true;
}

/* Calls `visit` with the part of everybody, the asker included, in each network the asker is on. */
static void each_peer(const struct names_table *table, const struct names_registration *asker,
	void (*visit)(const struct names_network *network, void *context), void *context)
{
	const struct names_registration *peer;

	LIST_FOREACH(peer, &table->all, entry)
	for (size_t i = 0; i < asker->network_count; i++)
		for (size_t j = 0; j < peer->network_count; j++)
			if (strcmp(asker->networks[i].id, peer->networks[j].id) == 0)
				visit(&peer->networks[j], context);
}

struct search {
	const struct names_registration *asker;
	const struct dns_query *query;
	bool known;
	size_t count, size; /* of the addresses */
	unsigned char found[FOUND_MAX][sizeof(struct in6_addr)];
};

static void visit_name(const struct names_network *network, void *context)
{
	struct search *search = context;
	const char *name = search->query->name;
	char bare[DNS_NAME_MAX];

	if (!is_called(search->asker, network, name) &&
		!(without_network(name, network->name, bare) &&
			is_called(search->asker, network, bare)))
		return;
	search->known = true;
	if (search->count == FOUND_MAX)
		return;
	if (search->query->type == DNS_A && network->has4)
		memcpy(search->found[search->count++], &network->address4, search->size);
	if (search->query->type == DNS_AAAA && network->has6)
		memcpy(search->found[search->count++], &network->address6, search->size);
}

/* A known name without such records gets an empty answer: "no such name" would make resolvers
 * give up on its other addresses. */
static size_t answer_name(struct names_table *table, const struct names_registration *asker,
	const struct dns_query *query, unsigned char *bytes, size_t limit)
{
	struct search search = {.asker = asker,
		.query = query,
		.size = query->type == DNS_A ? sizeof(struct in_addr) : sizeof(struct in6_addr)};
	struct dns_answer answer;
	unsigned turn;

	each_peer(table, asker, visit_name, &search);
	if (!search.known)
		return 0;
	turn = search.count > 1 ? table->turn++ : 0;
	dns_answer_begin(&answer, query, bytes, limit, DNS_NOERROR);
	for (size_t i = 0; i < search.count; i++)
		dns_answer_add(&answer, query->type, TTL, search.found[(turn + i) % search.count],
			search.size);
	return dns_answer_end(&answer);
}

struct reverse {
	int family;
	unsigned char address[sizeof(struct in6_addr)];
	bool known, asked;
	struct dns_answer answer;
};

static void visit_address(const struct names_network *network, void *context)
{
	struct reverse *reverse = context;
	unsigned char name[DNS_NAME_MAX];
	char text[2 * DNS_NAME_MAX];
	size_t size;

	if (reverse->family == AF_INET
			? !network->has4 || memcmp(&network->address4, reverse->address,
						    sizeof(network->address4)) != 0
			: !network->has6 || memcmp(&network->address6, reverse->address,
						    sizeof(network->address6)) != 0)
		return;
	reverse->known = true;
	snprintf(text, sizeof(text), "%s.%s", network->names.items[0], network->name);
	size = dns_write_name(text, name);
	if (reverse->asked && size > 0)
		dns_answer_add(&reverse->answer, DNS_PTR, TTL, name, size);
}

static size_t answer_reverse(struct names_table *table, const struct names_registration *asker,
	const struct dns_query *query, unsigned char *bytes, size_t limit)
{
	struct reverse reverse = {.asked = query->type == DNS_PTR};

	reverse.family = dns_read_reverse(query->name, reverse.address);
	if (reverse.family == 0)
		return 0;
	dns_answer_begin(&reverse.answer, query, bytes, limit, DNS_NOERROR);
	each_peer(table, asker, visit_address, &reverse);
	return reverse.known ? dns_answer_end(&reverse.answer) : 0;
}

size_t names_answer(struct names_table *table, const struct names_registration *asker,
	const struct dns_query *query, unsigned char *bytes, size_t limit)
{
	size_t size;

	if (query->class != DNS_IN || query->name[0] == '\0')
		return 0;
	size = answer_name(table, asker, query, bytes, limit);
	return size > 0 ? size : answer_reverse(table, asker, query, bytes, limit);
}
