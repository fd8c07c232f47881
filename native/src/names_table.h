/* SPDX-License-Identifier: Apache-2.0 */
/* Who is called what on which network, and what a container may learn of it. */
#ifndef LIGHTER_NAMES_TABLE_H
#define LIGHTER_NAMES_TABLE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

#include <jansson.h>

#include "fail.h"
#include "names_packet.h"

enum {
	NAMES_MESSAGE_MAX = 65536, /* of a registration */
	NAMES_ID = 64,		   /* hexadecimal digits of an id */
	NAMES_SERVERS_MAX = 8
};

union names_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

/* Servers to ask, in this order. */
struct names_servers {
	union names_address items[NAMES_SERVERS_MAX];
	size_t count;
};

/* Texts are borrowed from the document. */
struct names_list {
	const char **items;
	size_t count;
};

struct names_network {
	const char *id, *name;
	bool has4, has6;
	struct in_addr address4;
	struct in6_addr address6;
	struct names_list names; /* the first one is its own */
};

struct names_link {
	const char *alias;
	struct names_list targets;
};

/* A container's part, made of one message. */
struct names_registration {
	LIST_ENTRY(names_registration) entry;
	json_t *document;
	const char *id;
	bool forward;
	struct names_servers servers;
	struct names_network *networks;
	size_t network_count;
	struct names_link *links;
	size_t link_count;
};

struct names_table {
	LIST_HEAD(, names_registration) all;
	unsigned turn; /* the first address of an answer changes with it */
};

/* Reads a message. Returns NULL with *out when it is not exactly as docs/native-protocol.md says.
 */
struct names_registration *names_parse(const char *text, size_t size, struct failure *out);
void names_free(struct names_registration *registration);

/* Makes the address of a server from its text. Returns 0 or -1. */
int names_parse_address(const char *text, union names_address *ret);

/* Answers a question of a container's about containers it shares a network with, into a buffer of
 * `limit` bytes (512 or more). Returns the answer's size, 0 when others are to be asked. */
size_t names_answer(struct names_table *table, const struct names_registration *asker,
	const struct dns_query *query, unsigned char *bytes, size_t limit);

#endif
