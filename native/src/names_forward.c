/* SPDX-License-Identifier: Apache-2.0 */
/* Questions that other servers answer: the host's, or a container's own ones, which are asked
 * through sockets in its network namespace. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "names_forward.h"
#include "scope.h"

enum { LENGTH = NAMES_LENGTH, STRAYS_MAX = 32 };

/* Large enough for any datagram; one thread uses it. */
static unsigned char received[DNS_MESSAGE_MAX];

void names_forward_drop(struct names_server *server, struct names_forward *forward)
{
	names_ask_end(server, forward);
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
	size_t count = names_servers_of(server, forward->origin.member)->count;

	for (;;) {
		if (names_ask(server, forward) == 0)
			return 0;
		if (++forward->attempt >= count)
			return -1;
	}
}

/* After a server that answered with an error, or not at all. */
static void ask_next(struct names_server *server, struct names_forward *forward)
{
	names_ask_end(server, forward);
	if (++forward->attempt >= names_servers_of(server, forward->origin.member)->count ||
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
		    names_query_id(forward))) {
		if (++forward->strays > STRAYS_MAX)
			ask_next(server, forward);
		return;
	}
	code = dns_answer_code(packet);
	if ((code == DNS_SERVFAIL || code == DNS_REFUSED) &&
		forward->attempt + 1 < names_servers_of(server, forward->origin.member)->count)
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
		    names_query_id(forward)))
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
	if (forward->source.fd < 0 && names_query_id(forward) == dns_get16(received) &&
		is_same(&forward->server, &sender)) {
		take_datagram(server, forward, received, (size_t)got);
		return;
	}
}

static void expire(struct names_server *server, struct names_forward *forward)
{
	if (server->now >= names_last_moment(server, forward)) {
		give_up(server, forward);
		return;
	}
	/* Perhaps only a packet was lost: after the last server the first one is asked again. */
	names_ask_end(server, forward);
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
