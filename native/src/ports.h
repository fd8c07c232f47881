/* SPDX-License-Identifier: Apache-2.0 */
/* The port forwarder: one process for all published ports of a user, and until it is needed one
 * that waits (ports_return.c). It stands in the shared network namespace N, takes connections from
 * listening sockets of the host that monitors hand over (ports_registry.h), and goes on to the
 * containers with the client's own address as source. */
#ifndef LIGHTER_PORTS_H
#define LIGHTER_PORTS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "fail.h"

#define PORTS_MESSAGE_MAX 65536

/* Listeners of one message: the kernel passes at most 253 descriptors at a time. */
#define PORTS_LISTENERS_MAX 200

union ports_address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static inline socklen_t ports_address_size(const union ports_address *address)
{
	return address->any.sa_family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);
}

struct ports;

/* Part of everything the loop waits for. */
struct ports_watch {
	void (*ready)(struct ports *ports, struct ports_watch *watch, uint32_t events);
	void *owner; /* what is freed with it: see ports_discard */
	struct ports_watch *next_discarded;
};

struct ports_connection;
struct ports_flow;

struct ports_flows {
	struct ports_flow *oldest, *newest;
};

/* A container with published ports; lives as long as its monitor's connection. */
struct ports_member {
	struct ports_watch watch;
	int socket;
	bool more; /* the last message announced a further one */
	char id[65];
	struct ports_listener *listeners;
	struct ports_connection *connections;
	struct ports_flows asked, assured; /* without and with traffic both ways; in order of use */
	size_t flow_count;
	struct ports_member *next;
};

struct ports_listener {
	struct ports_watch watch;
	int fd;
	int protocol; /* IPPROTO_TCP or IPPROTO_UDP */
	struct ports_member *member;
	union ports_address target;  /* the container */
	union ports_address gateway; /* who asks when it cannot be the client; port 0 */
	struct ports_listener *next;
};

struct ports_subnet {
	union ports_address address;
	unsigned prefix;
};

#define PORTS_BUCKETS 4096
#define PORTS_PIPES 32

struct ports {
	int epoll;
	int route;     /* rtnetlink in N; -1 before the first registration */
	dev_t nsfs;    /* where N is */
	ino_t netns;   /* and what it is there */
	char *verb;    /* argv[1], which lists of processes show; NULL in tests */
	int way_maker; /* who can have N do this; -1 when it has */
	bool way_asked;
	bool returns4, returns6;      /* N leads the answers to foreign addresses back */
	struct ports_subnet *subnets; /* of N itself */
	size_t subnet_count;
	size_t descriptors, limit;	   /* how many are open, about; the most there may be */
	bool paused;			   /* no further connections for lack of descriptors */
	bool starved;			   /* a connection waits for a pipe */
	bool retired;			   /* another forwarder takes over: connections end */
	bool half_entered;		   /* the way into N ended half way */
	int64_t gone_at;		   /* ms: when those of a retired one are cut */
	int64_t resume_at, expire_at, now; /* ms */
	int changes;			   /* of addresses in N: rtnetlink */
	struct ports_watch accepting, address_watch;
	struct ports_member *members;
	struct ports_connection *queue; /* with work left that no event will announce */
	struct ports_watch *discarded;
	int pipes[PORTS_PIPES][2]; /* empty ones, for whoever needs one */
	size_t pipe_count, pipes_open;
	struct ports_flow *buckets[PORTS_BUCKETS];
	size_t flow_count;
	uint32_t seed;
};

/* --- ports_server.c --- */

int ports_watch(struct ports *ports, int fd, struct ports_watch *watch, uint32_t events);

/* Frees what a watch belongs to once no event of this round can name it. */
void ports_discard(struct ports *ports, struct ports_watch *watch);

/* Takes the watch off and closes. Explicitly: a socket whose description a monitor shares would go
 * on to report. */
void ports_close(struct ports *ports, int fd);

/* Whether `count` more descriptors may be opened; some are kept for registrations. */
bool ports_has_room(const struct ports *ports, size_t count);

/* Stops accepting for a moment. */
void ports_pause(struct ports *ports);

/* --- ports_route.c --- */

/* Follows what subnets N has. */
int ports_route_prepare(struct ports *ports, struct failure *out);

/* --- ports_return.c --- */

/* Starts the process that can have N deliver locally what containers answer to foreign addresses.
 * The caller has all capabilities in N. */
int ports_return_start(struct ports *ports, int netns, struct failure *out);

/* Whether N does that for addresses of the family; has it done at the first call. A kernel that
 * cannot is no failure: then the gateway asks. */
bool ports_returns(struct ports *ports, int family);

/* --- ports_dial.c --- */

/* Whether the container may see that client as its peer: it is neither loopback nor in a subnet of
 * N, where another one answers. */
bool ports_is_foreign(const struct ports *ports, const union ports_address *client);

/* A non-blocking socket towards the container; connected (UDP) or on its way (TCP). The client's
 * port is kept where that is possible; for UDP the caller sees to it that no other socket has it
 * towards the same target, and gives 0 for one of the kernel's choice. Returns -1 with errno. */
int ports_dial(struct ports *ports, int type, const struct ports_listener *listener,
	const union ports_address *client);

/* --- ports_tcp.c --- */

void ports_accept(struct ports *ports, struct ports_watch *watch, uint32_t events);

/* Moves what can be moved on the queued connections. */
void ports_run_queue(struct ports *ports);

/* Queues all: some stopped where no event will wake them. */
void ports_wake_connections(struct ports *ports);

void ports_end_connections(struct ports *ports, struct ports_member *member);

/* --- ports_udp.c --- */

/* Makes a bound socket report which address was asked. */
int ports_prepare_datagrams(const struct ports_listener *listener);

void ports_receive(struct ports *ports, struct ports_watch *watch, uint32_t events);

/* Ends idle flows. */
void ports_expire_flows(struct ports *ports);

/* Ends the flows of a listener; NULL: all of the member's. */
void ports_end_flows(
	struct ports *ports, struct ports_member *member, const struct ports_listener *listener);

#endif
