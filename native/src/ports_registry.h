/* SPDX-License-Identifier: Apache-2.0 */
/* What monitors tell the port forwarder: which listening sockets lead to which container. */
#ifndef LIGHTER_PORTS_REGISTRY_H
#define LIGHTER_PORTS_REGISTRY_H

#include <stdbool.h>

#include "ports.h"

struct ports_entry {
	int protocol;
	uint16_t port;
	union ports_address target, target6; /* target6: sa_family 0 when the container has none */
	size_t listener;		     /* which of the message's descriptors */
};

struct ports_registration {
	char id[65];
	bool more;			       /* another message adds to this one */
	union ports_address gateway, gateway6; /* gateway6: sa_family 0 when absent */
	struct ports_entry entries[PORTS_LISTENERS_MAX];
	size_t count;
};

/* Reads a message that came with `descriptors` descriptors. Unknown members are refused. */
int ports_registration_parse(const char *text, size_t size, size_t descriptors,
	struct ports_registration *ret, struct failure *out);

/* A monitor's connection became readable. */
void ports_hear(struct ports *ports, struct ports_watch *watch, uint32_t events);

/* Its container is gone. */
void ports_remove_member(struct ports *ports, struct ports_member *member);

/* Another forwarder takes over: monitors go to it with their listeners, connections stay here. */
void ports_retire(struct ports *ports);

/* Forgets the containers of a retired forwarder that have no connection left; `cut`: all of them.
 * Returns whether there are others. */
bool ports_drop_idle(struct ports *ports, bool cut);

/* Enters the user namespace of N and N, prepares the routes and gives up what is not needed any
 * more (ports_server.c). */
int ports_enter(struct ports *ports, int netns, struct failure *out);

#endif
