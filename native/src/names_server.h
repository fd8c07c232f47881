/* SPDX-License-Identifier: Apache-2.0 */
/* The name server's insides, shared by the files names_*.c: one thread, one epoll. */
#ifndef LIGHTER_NAMES_SERVER_H
#define LIGHTER_NAMES_SERVER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "fail.h"
#include "names_client.h"
#include "names_resolv.h"
#include "names_table.h"

enum {
	NAMES_FORWARDS_MAX = 100, /* unanswered questions of one container */
	NAMES_STREAMS_MAX = 16	  /* its connections */
};

/* Milliseconds. */
enum {
	NAMES_IDLE = 10000,   /* for a question to arrive on a connection, for an answer to leave */
	NAMES_ATTEMPT = 2000, /* for one server to answer */
	NAMES_WHOLE = 4000    /* for all of them */
};

/* What tests do otherwise. */
struct names_options {
	const char *resolv_conf;
	uint16_t port;	/* of the servers that are asked */
	unsigned hurry; /* all times are divided by it */
};

enum names_event {
	EVENT_LISTENER,	    /* of the monitors */
	EVENT_REGISTRATION, /* a monitor's connection */
	EVENT_QUERIES,	    /* a container's datagrams */
	EVENT_CONNECTIONS,  /* its listening socket */
	EVENT_OUTWARD,	    /* answers of its own servers */
	EVENT_STREAM,	    /* one of its connections */
	EVENT_FORWARD	    /* a socket that asks for it */
};

/* A descriptor that epoll watches, inside the object it belongs to; -1 = none. */
struct names_source {
	enum names_event event;
	int fd;
	void *owner;
};

struct names_member;
struct names_stream;
struct names_forward;

/* Where an answer goes. */
struct names_origin {
	struct names_member *member;
	struct names_stream *stream; /* NULL: a datagram to `address` */
	struct sockaddr_in address;
};

/* A container, as long as its monitor is connected. */
struct names_member {
	LIST_ENTRY(names_member) entry;
	struct names_registration *registration;
	struct names_source control, queries, connections, outward;
	int outward_stream; /* used by one question at a time */
	bool outward_busy;
	unsigned forward_count, stream_count;
	LIST_HEAD(, names_forward) forwards;
	LIST_HEAD(, names_stream) streams;
};

struct names_server {
	bool retired; /* another one takes over */
	int epoll;
	int reserve;   /* closed to get rid of a connection when there is no other descriptor */
	uint64_t now;  /* milliseconds, as of the last event */
	uint64_t wake; /* not later than the first deadline; 0 = none */
	struct names_options options;
	unsigned forward_count, forward_limit;
	struct names_source listener;
	struct names_table table;
	struct names_resolv resolv;
	LIST_HEAD(, names_member) members;
};

/* Watching. names_watch also makes a source; names_close ends it and closes the descriptor. */
int names_watch(struct names_server *server, struct names_source *source, enum names_event event,
	int fd, void *owner, uint32_t events);
int names_rewatch(struct names_server *server, struct names_source *source, uint32_t events);
void names_close(struct names_server *server, struct names_source *source);

/* Ends it and leaves the descriptor open. */
void names_unwatch(struct names_server *server, struct names_source *source);

/* Takes a connection off a queue and closes it, where no descriptor is left to keep it: in the
 * queue it would wake the server forever. */
void names_refuse_connection(struct names_server *server, int listener);

/* Has the server look at deadlines at that time. */
void names_wake_at(struct names_server *server, uint64_t time);

/* names_query.c */
/* Answers a query or has it forwarded. False: there is nothing that could be answered. */
bool names_serve_query(struct names_server *server, const struct names_origin *origin,
	const unsigned char *packet, size_t size);
void names_reply(struct names_server *server, const struct names_origin *origin,
	const unsigned char *packet, size_t size);
void names_take_datagrams(struct names_server *server, struct names_member *member);

/* names_stream.c: connections from containers */
void names_take_connection(struct names_server *server, struct names_member *member);
void names_stream_event(struct names_server *server, struct names_stream *stream, uint32_t events);
void names_stream_reply(struct names_server *server, struct names_stream *stream,
	const unsigned char *packet, size_t size);
void names_stream_close(struct names_server *server, struct names_stream *stream);
void names_streams_sweep(struct names_server *server, struct names_member *member);

/* names_forward.c: questions to other servers */
/* Returns 0, or -1 when the question cannot be forwarded now. */
int names_forward(struct names_server *server, const struct names_origin *origin,
	const struct dns_query *query);
void names_forward_event(struct names_server *server, struct names_forward *forward);
void names_outward_event(struct names_server *server, struct names_member *member);
void names_forward_drop(struct names_server *server, struct names_forward *forward);
/* Drops those that a connection waits for. */
void names_forward_drop_stream(struct names_server *server, const struct names_stream *stream,
	struct names_member *member);
void names_forwards_sweep(struct names_server *server, struct names_member *member);

/* names_member.c */
void names_take_member(struct names_server *server);
void names_member_event(struct names_server *server, struct names_member *member);

/* Serves until the last monitor is gone. Returns the exit code. */
int names_serve(int listener, const struct names_options *options, struct failure *out);

#endif
