/* SPDX-License-Identifier: Apache-2.0 */
/* Questions that other servers answer: the host's, or a container's own ones, which are asked
 * through sockets in its network namespace. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "names_server.h"
#include "scope.h"

enum { LENGTH = 2, STRAYS_MAX = 32 };

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
	unsigned char length[LENGTH];
	unsigned char *answer;
	/* with its length before it */
	size_t size;
	unsigned char query[];
};

/* Large enough for any datagram; one thread uses it. */
static unsigned char received[DNS_MESSAGE_MAX];

static const struct names_servers *servers_of(
	struct names_server *server, const struct names_member *member)
{
	return member->registration->servers.count > 0 ? &member->registration->servers
						       : names_resolv_servers(&server->resolv);
}

static bool has_own(const struct names_member *member)
{
	return member->registration->servers.count > 0;
}

static socklen_t address_size(const union names_address *address)
{
	return address->any.sa_family == AF_INET ? sizeof(address->v4) : sizeof(address->v6);
}

/* Sockets of containers take both families, where the kernel has both. */
static int map_address(int fd, union names_address *address)
{
	int family = AF_INET;
	socklen_t size = sizeof(family);
	struct sockaddr_in v4 = address->v4;

	(void)getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &family, &size);
	if (family == address->any.sa_family)
		return 0;
	if (family == AF_INET)
		return -1;
	address->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = v4.sin_port};
	memset(address->v6.sin6_addr.s6_addr + 10, 0xff, 2);
	memcpy(address->v6.sin6_addr.s6_addr + 12, &v4.sin_addr, sizeof(v4.sin_addr));
	return 0;
}

static void disconnect(int fd)
{
	const struct sockaddr nobody = {.sa_family = AF_UNSPEC};

	(void)connect(fd, &nobody, sizeof(nobody));
}

static void close_socket(struct names_server *server, struct names_forward *forward)
{
	if (forward->borrowed) {
		names_unwatch(server, &forward->source);
		disconnect(forward->origin.member->outward_stream);
		forward->origin.member->outward_busy = false;
		forward->borrowed = false;
	} else {
		names_close(server, &forward->source);
	}
	free(take(forward->answer));
	forward->have = forward->sent = 0;
	forward->strays = 0;
}

void names_forward_drop(struct names_server *server, struct names_forward *forward)
{
	close_socket(server, forward);
	forward->origin.member->forward_count--;
	server->forward_count--;
	LIST_REMOVE(forward, entry);
	free(forward);
}

void names_forward_drop_stream(
	struct names_server *server, const struct names_stream *stream, struct names_member *member)
{
	struct names_forward *next;

	for (struct names_forward *forward = LIST_FIRST(&member->forwards); forward;
		forward = next) {
		next = LIST_NEXT(forward, entry);
		if (forward->origin.stream == stream)
			names_forward_drop(server, forward);
	}
}

static uint16_t query_id(const struct names_forward *forward)
{
	return dns_get16(forward->query + LENGTH);
}

/* Nobody can guess it. Where one socket serves all of a container's questions it tells them apart,
 * too. */
static int choose_id(struct names_forward *forward)
{
	const struct names_forward *other;
	uint16_t id;

	do {
		if (getrandom(&id, sizeof(id), 0) != sizeof(id))
			return -1;
		LIST_FOREACH(other, &forward->origin.member->forwards, entry)
		if (other != forward && query_id(other) == id)
			break;
	} while (other);
	dns_put16(forward->query + LENGTH, id);
	return 0;
}

static int ask_outward(struct names_forward *forward)
{
	struct names_member *member = forward->origin.member;
	const struct names_forward *other;

	LIST_FOREACH(other, &member->forwards, entry)
	if (other != forward && !other->over_stream)
		break;
	/* Nobody waits for an answer at its port: the next one is another. */
	if (!other)
		disconnect(member->outward.fd);
	if (map_address(member->outward.fd, &forward->server) < 0)
		return -1;
	return sendto(member->outward.fd, forward->query + LENGTH, forward->size - LENGTH,
		       MSG_DONTWAIT | MSG_NOSIGNAL, &forward->server.any,
		       address_size(&forward->server)) < 0
		       ? -1
		       : 0;
}

/* A socket of its own for each question: its port is as hard to guess as the number. */
static int ask_datagram(struct names_server *server, struct names_forward *forward)
{
	auto_close int fd =
		socket(forward->server.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (fd < 0 || connect(fd, &forward->server.any, address_size(&forward->server)) < 0 ||
		send(fd, forward->query + LENGTH, forward->size - LENGTH, MSG_NOSIGNAL) < 0 ||
		names_watch(server, &forward->source, EVENT_FORWARD, fd, forward, EPOLLIN) < 0)
		return -1;
	(void)take_fd(&fd);
	return 0;
}

static int ask_stream(struct names_server *server, struct names_forward *forward)
{
	struct names_member *member = forward->origin.member;
	bool own = has_own(member);
	auto_close int fd = own ? -1
				: socket(forward->server.any.sa_family,
					  SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int used = own ? member->outward_stream : fd;

	if (used < 0 || (own && map_address(used, &forward->server) < 0) ||
		(connect(used, &forward->server.any, address_size(&forward->server)) < 0 &&
			errno != EINPROGRESS) ||
		names_watch(server, &forward->source, EVENT_FORWARD, used, forward, EPOLLOUT) < 0) {
		if (own && used >= 0)
			disconnect(used);
		return -1;
	}
	forward->borrowed = member->outward_busy = own;
	(void)take_fd(&fd);
	return 0;
}

static uint64_t last_moment(const struct names_server *server, const struct names_forward *forward)
{
	return forward->started + NAMES_WHOLE / server->options.hurry;
}

static int ask(struct names_server *server, struct names_forward *forward)
{
	struct names_member *member = forward->origin.member;
	const struct names_servers *servers = servers_of(server, member);
	uint64_t attempt = server->now + NAMES_ATTEMPT / server->options.hurry;
	uint64_t last = last_moment(server, forward);

	forward->server = servers->items[forward->attempt % servers->count];
	/* The port stands in the same place for both families. */
	forward->server.v4.sin_port = htons(server->options.port);
	forward->deadline = attempt < last ? attempt : last;
	names_wake_at(server, forward->deadline);
	/* The one stream socket of a container is for one question at a time; a shortened answer
	 * is better than none. */
	forward->over_stream =
		forward->origin.stream &&
		(!has_own(member) || (member->outward_stream >= 0 && !member->outward_busy));
	if (choose_id(forward) < 0)
		return -1;
	if (forward->over_stream)
		return ask_stream(server, forward);
	return has_own(member) ? ask_outward(forward) : ask_datagram(server, forward);
}

static void finish(struct names_server *server, struct names_forward *forward,
	unsigned char *packet, size_t size)
{
	dns_put16(packet, forward->asked_id);
	if (!forward->origin.stream)
		size = dns_shorten(packet, size, forward->udp_size, forward->edns);
	names_reply(server, &forward->origin, packet, size);
	names_forward_drop(server, forward);
}

static void give_up(struct names_server *server, struct names_forward *forward)
{
	unsigned char answer[512];
	struct dns_query query;

	dns_put16(forward->query + LENGTH, forward->asked_id);
	/* It was a question when it came. */
	(void)dns_read_query(forward->query + LENGTH, forward->size - LENGTH, &query);
	names_reply(
		server, &forward->origin, answer, dns_answer_empty(&query, answer, DNS_SERVFAIL));
	names_forward_drop(server, forward);
}

/* Servers that cannot be asked are passed over. */
static int ask_on(struct names_server *server, struct names_forward *forward)
{
	size_t count = servers_of(server, forward->origin.member)->count;

	for (;;) {
		if (ask(server, forward) == 0)
			return 0;
		if (++forward->attempt >= count)
			return -1;
	}
}

/* After a server that answered with an error, or not at all. */
static void ask_next(struct names_server *server, struct names_forward *forward)
{
	close_socket(server, forward);
	if (++forward->attempt >= servers_of(server, forward->origin.member)->count ||
		ask_on(server, forward) < 0)
		give_up(server, forward);
}

int names_forward(struct names_server *server, const struct names_origin *origin,
	const struct dns_query *query)
{
	struct names_member *member = origin->member;
	struct names_forward *forward;

	if (member->forward_count >= NAMES_FORWARDS_MAX ||
		server->forward_count >= server->forward_limit)
		return -1;
	forward = calloc(1, sizeof(*forward) + LENGTH + query->size);
	if (!forward)
		return -1;
	forward->origin = *origin;
	forward->source.fd = -1;
	forward->started = server->now;
	forward->asked_id = dns_get16(query->packet);
	forward->udp_size = query->udp_size;
	forward->edns = query->edns;
	forward->size = LENGTH + query->size;
	dns_put16(forward->query, (uint16_t)query->size);
	memcpy(forward->query + LENGTH, query->packet, query->size);
	member->forward_count++;
	server->forward_count++;
	LIST_INSERT_HEAD(&member->forwards, forward, entry);
	if (ask_on(server, forward) == 0)
		return 0;
	names_forward_drop(server, forward);
	return -1;
}

/* A datagram from the server that was asked. */
static void take_datagram(struct names_server *server, struct names_forward *forward,
	unsigned char *packet, size_t size)
{
	enum dns_rcode code;

	if (!dns_is_answer(packet, size, forward->query + LENGTH, forward->size - LENGTH,
		    query_id(forward))) {
		if (++forward->strays > STRAYS_MAX)
			ask_next(server, forward);
		return;
	}
	code = dns_answer_code(packet);
	if ((code == DNS_SERVFAIL || code == DNS_REFUSED) &&
		forward->attempt + 1 < servers_of(server, forward->origin.member)->count)
		ask_next(server, forward);
	else
		finish(server, forward, packet, size);
}

/* Returns whether the question is out. */
static bool write_query(struct names_server *server, struct names_forward *forward)
{
	ssize_t sent = send(forward->source.fd, forward->query + forward->sent,
		forward->size - forward->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent < 0)
		return errno == EAGAIN || errno == EINTR;
	forward->sent += (size_t)sent;
	return forward->sent < forward->size ||
	       names_rewatch(server, &forward->source, EPOLLIN) == 0;
}

/* Returns whether the connection is any good. */
static bool read_answer(struct names_server *server, struct names_forward *forward)
{
	size_t want = dns_get16(forward->length);
	ssize_t got;

	if (forward->have < LENGTH)
		got = recv(forward->source.fd, forward->length + forward->have,
			LENGTH - forward->have, MSG_DONTWAIT);
	else
		got = recv(forward->source.fd, forward->answer + forward->have - LENGTH,
			want - (forward->have - LENGTH), MSG_DONTWAIT);
	if (got < 0)
		return errno == EAGAIN || errno == EINTR;
	if (got == 0)
		return false;
	forward->have += (size_t)got;
	want = dns_get16(forward->length);
	if (forward->have == LENGTH) {
		forward->answer = want < DNS_HEADER ? NULL : malloc(want);
		return forward->answer != NULL;
	}
	if (forward->have < LENGTH || forward->have - LENGTH < want)
		return true;
	if (!dns_is_answer(forward->answer, want, forward->query + LENGTH, forward->size - LENGTH,
		    query_id(forward)))
		return false;
	take_datagram(server, forward, forward->answer, want);
	return true;
}

void names_forward_event(struct names_server *server, struct names_forward *forward)
{
	ssize_t got;

	if (forward->over_stream) {
		if (forward->sent < forward->size ? !write_query(server, forward)
						  : !read_answer(server, forward))
			ask_next(server, forward);
		return;
	}
	got = recv(forward->source.fd, received, sizeof(received), MSG_DONTWAIT);
	if (got >= 0)
		take_datagram(server, forward, received, (size_t)got);
	else if (errno != EAGAIN && errno != EINTR)
		ask_next(server, forward);
}

static bool is_same(const union names_address *a, const union names_address *b)
{
	if (a->any.sa_family != b->any.sa_family || a->v4.sin_port != b->v4.sin_port)
		return false;
	if (a->any.sa_family == AF_INET)
		return a->v4.sin_addr.s_addr == b->v4.sin_addr.s_addr;
	return memcmp(&a->v6.sin6_addr, &b->v6.sin6_addr, sizeof(a->v6.sin6_addr)) == 0;
}

void names_outward_event(struct names_server *server, struct names_member *member)
{
	union names_address sender = {0};
	socklen_t length = sizeof(sender);
	ssize_t got = recvfrom(
		member->outward.fd, received, sizeof(received), MSG_DONTWAIT, &sender.any, &length);
	struct names_forward *forward;

	if (got < DNS_HEADER)
		return;
	LIST_FOREACH(forward, &member->forwards, entry)
	if (forward->source.fd < 0 && query_id(forward) == dns_get16(received) &&
		is_same(&forward->server, &sender)) {
		take_datagram(server, forward, received, (size_t)got);
		return;
	}
}

static void expire(struct names_server *server, struct names_forward *forward)
{
	if (server->now >= last_moment(server, forward)) {
		give_up(server, forward);
		return;
	}
	/* Perhaps only a packet was lost: after the last server the first one is asked again. */
	close_socket(server, forward);
	forward->attempt++;
	if (ask_on(server, forward) < 0)
		give_up(server, forward);
}

void names_forwards_sweep(struct names_server *server, struct names_member *member)
{
	struct names_forward *next;

	for (struct names_forward *forward = LIST_FIRST(&member->forwards); forward;
		forward = next) {
		next = LIST_NEXT(forward, entry);
		if (forward->deadline <= server->now)
			expire(server, forward);
		else
			names_wake_at(server, forward->deadline);
	}
}
