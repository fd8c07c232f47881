/* SPDX-License-Identifier: Apache-2.0 */
/* What a monitor does for names: sockets for its container's queries, and its registration with the
 * name server (the verb `names`, found by helper_connect). */
#ifndef LIGHTER_NAMES_CLIENT_H
#define LIGHTER_NAMES_CLIENT_H

#include <stdbool.h>
#include <stddef.h>

#include "fail.h"

/* The resolver that a container on a user-defined network finds in its resolv.conf. */
#define NAMES_ADDRESS "127.0.0.11"

/* A datagram socket and a listening stream socket for the container's queries, then one of each to
 * ask servers of its own with. */
#define NAMES_SOCKETS 4

/* Opens sockets in the container's network namespace and sends what is meant for port 53 of
 * NAMES_ADDRESS to them; the port itself stays free. Without `own_servers` the last two are -1.
 * Needs capabilities over the namespace. Called once more for a namespace it replaces the rule. */
int names_open_sockets(int netns, bool own_servers, int fds[NAMES_SOCKETS], struct failure *out);

/* Sends a registration (docs/native-protocol.md) and waits until it holds. `count` is 2, or
 * NAMES_SOCKETS with own servers; 0: the server keeps the sockets of the last one. */
int names_register(int socket, const char *json, const int *fds, size_t count, struct failure *out);

#endif
