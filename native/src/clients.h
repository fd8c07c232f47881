/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's clients: its control socket, who is connected, and what they are sent. */
#ifndef LIGHTER_CLIENTS_H
#define LIGHTER_CLIENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "fail.h"
#include "frames.h"
#include "plan.h"
#include "streams.h"

enum { CLIENTS_MAX = 128 };

struct attachment {
	bool input;
	bool outputs[STREAM_COUNT];
};

struct client {
	int fd;	      /* -1 = to be forgotten */
	bool deaf;    /* it takes nothing any more; what it sent is still read */
	bool leaving; /* dropped once it has taken what is queued */
	struct attachment attached;
	struct frame_reader reader;
	struct frame_queue queue;
	struct frame input; /* standard input that the container has not taken yet */
	bool input_pending;
};

struct clients {
	int directory; /* of the socket; -1 = not listening */
	int listener;
	char name[80];
	struct client *items;
	size_t count;
};

void clients_init(struct clients *clients);

/* Makes RUNTIMEDIR/containers/ID.sock. Called again, it replaces a socket that has vanished. */
int clients_listen(struct clients *clients, const struct plan *plan, struct failure *out);
void clients_unlisten(struct clients *clients);

/* Takes over a connected socket. NULL: no memory or too many; the socket is closed. */
struct client *clients_add(struct clients *clients, int fd);

/* Accepts one connection of the same user; NULL = none. */
struct client *clients_accept(struct clients *clients);

/* Queues a frame; a client that cannot be served becomes deaf. */
void client_send(struct client *client, enum frame_type type, const void *payload, size_t length);
void clients_send(struct clients *clients, enum frame_type type, const char *json);
void clients_output(struct clients *clients, int stream, const unsigned char *bytes, size_t length);
void client_flush(struct client *client);

/* Whether a client that wants this stream cannot take more of it. */
bool clients_blocked(const struct clients *clients, int stream);

void client_drop(struct client *client);

/* Forgets dropped clients; pointers to clients are invalid afterwards. Returns whether one of them
 * fed standard input. */
bool clients_sweep(struct clients *clients);

#endif
