/* SPDX-License-Identifier: Apache-2.0 */
/* Questions on their way to other servers, shared by names_forward.c and names_ask.c. */
#ifndef LIGHTER_NAMES_FORWARD_H
#define LIGHTER_NAMES_FORWARD_H

#include "names_server.h"

/* Stands before each message of a stream. */
enum { NAMES_LENGTH = 2 };

/* A question that waits for an answer. */
struct names_forward {
	LIST_ENTRY(names_forward) entry;
	struct names_source source; /* without descriptor: asked through the member's `outward` */
	struct names_origin origin;
	uint64_t started, deadline;
	union names_address server; /* that is being asked */
	size_t attempt;		    /* its place in the list, and rounds of the list */
	unsigned strays;	    /* packets that are no answer */
	bool over_stream, borrowed; /* the member's `outward_stream` */
	uint16_t asked_id, udp_size;
	bool edns;
	/* over a stream */
	size_t sent, have;
	unsigned char length[NAMES_LENGTH];
	unsigned char *answer;
	/* with its length before it */
	size_t size;
	unsigned char query[];
};

/* Asks the server at the place `attempt`. Returns 0, or -1 when it cannot be asked. */
int names_ask(struct names_server *server, struct names_forward *forward);

/* Forgets that a server was asked. */
void names_ask_end(struct names_server *server, struct names_forward *forward);

/* Whom a container's questions go to. */
const struct names_servers *names_servers_of(
	struct names_server *server, const struct names_member *member);

/* The number that the answer must have. */
uint16_t names_query_id(const struct names_forward *forward);

/* When there must be an answer, whoever gives it. */
uint64_t names_last_moment(const struct names_server *server, const struct names_forward *forward);

#endif
