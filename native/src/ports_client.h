/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's half of published ports: listening sockets on the host, and the forwarder that
 * serves them. */
#ifndef LIGHTER_PORTS_CLIENT_H
#define LIGHTER_PORTS_CLIENT_H

#include <stddef.h>
#include <stdint.h>

#include "fail.h"

struct json_t;

/* Ports of the host for one port of a container. */
struct port_binding {
	int protocol;	      /* IPPROTO_TCP or IPPROTO_UDP */
	const char *address;  /* "0.0.0.0", "127.0.0.1", "::" */
	uint16_t first, last; /* the first free one of these; both 0: one that the kernel chooses */
};

/* Binds and listens in the caller's network namespace. Returns the descriptor, or -1: out->error is
 * EADDRINUSE where the port is taken, EAFNOSUPPORT where the host has no such addresses. */
int ports_listen(const struct port_binding *binding, struct failure *out);

/* The same for several addresses, which get the same port: the first free one of the first
 * binding's range on all of them. Fills fds[count]; returns 0, or -1 with nothing open. */
int ports_listen_all(
	const struct port_binding *bindings, size_t count, int *fds, struct failure *out);

/* The port that a socket was bound to. */
uint16_t ports_bound(int fd);

/* Tells the forwarder at the other end of `socket` (helper_connect, "ports") what the container
 * publishes, in place of what it knew, and waits for its word. `registration` is as
 * docs/native-protocol.md has it; fds[0] is N, and the listeners follow. */
int ports_register(
	int socket, struct json_t *registration, const int *fds, size_t count, struct failure *out);

#endif
