/* SPDX-License-Identifier: Apache-2.0 */
/* Servers that all monitors of a user share: the name server and the port forwarder. Each is found
 * by its socket in the runtime directory, is started by whoever needs it first, and lives as long
 * as somebody is connected: the kernel counts the members. */
#ifndef LIGHTER_HELPER_H
#define LIGHTER_HELPER_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "fail.h"

/* The descriptor on which a server finds its listening socket. */
#define HELPER_LISTENER 3

/* Of what servers and monitors tell each other; part of the socket's name. Programs of several
 * versions share the servers as long as it is the same; it changes with the messages. */
#define HELPER_PROTOCOL "1"

/* Connects to the server `name`, a verb of this program, and starts it where none answers. The
 * socket is a SOCK_SEQPACKET with close-on-exec; the server has greeted, so that it will not end
 * before the socket is closed. Works before and after the caller entered the shared user namespace;
 * before, the server gets a systemd scope of its own. A server of an older version is replaced: it
 * retires, and its members connect to the new one. So is one that has stalled: it is killed.
 * Returns the socket, or -1. */
int helper_connect(const char *runtime_dir, const char *name, struct failure *out);

/* Inside the shared user namespace the starter has its container's root file system mounted, in a
 * mount namespace that a server must not keep: the file system would outlive the container, and a
 * fuse-overlayfs with it. Outside, this is refused or finds nothing. */
void helper_leave_root_file_system(void);

/* The server's half: takes a connection of the same user and greets. Returns the socket
 * (non-blocking), -1 with errno when there is nothing to take. */
int helper_accept(int listener);

/* Asks a server to retire, and tells such a wish from other messages: the server closes its
 * connections as soon as it can, and ends. */
int helper_retire(int socket);
bool helper_is_retirement(const void *data, size_t size);

/* Sends one message with descriptors. Returns 0, or -1 with errno. */
int helper_send(int socket, const void *data, size_t size, const int *fds, size_t count);

/* Receives one message and at most `capacity` descriptors (close-on-exec); more than that are
 * closed. Returns the message's size, 0 at end of file, -1 with errno. */
ssize_t helper_receive(
	int socket, void *data, size_t size, int *fds, size_t capacity, size_t *ret_count);

#endif
