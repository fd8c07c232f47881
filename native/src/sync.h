/* SPDX-License-Identifier: Apache-2.0 */
/* The named handshake between the two halves of a start. One message is one packet, so a half
 * message does not exist; a peer that died is end of file. Failures travel on the report pipe. */
#ifndef LIGHTER_SYNC_H
#define LIGHTER_SYNC_H

#include <stdint.h>

enum sync_message {
	SYNC_MAP_IDS,	       /* child to parent: write my uid_map and gid_map */
	SYNC_IDS_MAPPED,       /* parent to child */
	SYNC_SOURCE_WANTED,    /* child to parent: value = a mount whose source I may not reach,
				  or SYNC_ROOTFS */
	SYNC_SOURCE_OPENED,    /* parent to child: with the detached mount as descriptor */
	SYNC_NAMESPACES_READY, /* child to parent: all mounts are made, run the runtime's hooks */
	SYNC_HOOKS_RAN,	       /* parent to child: pivot now */
	SYNC_CONSOLE,	       /* child to parent: with the pty's master as descriptor */
	SYNC_NAMESPACE, /* child to parent: by which its processes are known; value = its flag,
			   with a descriptor */
	SYNC_READY,	/* child to parent: waiting at the gate; with its network namespace */
};

/* In place of the number of a mount: the root filesystem itself. */
#define SYNC_ROOTFS (-1)

/* Makes a connected pair of close-on-exec sockets. Returns 0 or -1 with errno. */
int sync_pair(int ret[2]);

/* Sends one message; fd = -1 sends none. Returns 0 or -1 with errno. */
int sync_send(int socket, enum sync_message message, int32_t value, int fd);

/* Waits for one message. Returns 1, 0 when the peer is gone, -1 with errno (EPROTO for anything
 * that is no message). *ret_fd is the descriptor that came with it, or -1; it is the caller's to
 * close. */
int sync_receive(int socket, enum sync_message *ret, int32_t *ret_value, int *ret_fd);

/* Waits for that very message, without a descriptor. Returns 0 or -1 with errno (EPIPE = peer
 * gone). */
int sync_expect(int socket, enum sync_message message);

#endif
