/* SPDX-License-Identifier: Apache-2.0 */
/* What the servers that all containers share do for this one: names on its networks, and published
 * ports (names_client.h, ports_client.h). */
#ifndef LIGHTER_MONITOR_SERVICES_H
#define LIGHTER_MONITOR_SERVICES_H

#include <netinet/in.h>
#include <stddef.h>
#include <stdint.h>

#include "fail.h"
#include "names_client.h"
#include "net.h"
#include "plan.h"

/* One listening socket of the host. */
struct published_port {
	int protocol;
	uint16_t port;
	char address[INET6_ADDRSTRLEN]; /* of the host */
	uint16_t number;
	int fd;
};

struct services {
	int names; /* connection to the name server; -1 = none */
	int name_sockets[NAMES_SOCKETS];
	int ports; /* connection to the forwarder; -1 = none */
	struct published_port *published;
	size_t published_count;
};

void services_init(struct services *services);

/* Before the container exists: takes the host's ports, so that a conflict is found, and connects to
 * the servers, while a systemd manager can still be reached. */
int services_prepare(struct services *services, const struct plan *plan, struct failure *out);

/* Takes one more port of the host, or gives back those that lead to a port of the container: all,
 * or the one with that number (0 = all). Who is to serve them is told by services_register. */
int services_publish(struct services *services, const struct plan_port *port, struct failure *out);
int services_unpublish(struct services *services, int protocol, uint16_t port, uint16_t number,
	struct failure *out);

/* Tells the servers where the container is; netns = its namespace, -1 = the sockets are there
 * already. A server that died is started again. */
int services_register(struct services *services, const struct plan *plan,
	const struct net_attachment *network, int netns, struct failure *out);

/* A connection broke: another server takes over. Returns -1 where none can be had now. */
int services_renew(
	struct services *services, const struct plan *plan, const struct net_attachment *network);

/* The container ended, or will be started again: nobody finds it any more. The host's ports stay.
 */
void services_withdraw(struct services *services);

#endif
