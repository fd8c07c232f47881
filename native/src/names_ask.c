/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets with which questions leave. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "names_forward.h"
#include "scope.h"

enum { LENGTH = NAMES_LENGTH };

const struct names_servers *names_servers_of(
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

void names_ask_end(struct names_server *server, struct names_forward *forward)
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

uint16_t names_query_id(const struct names_forward *forward)
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
		if (other != forward && names_query_id(other) == id)
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

uint64_t names_last_moment(const struct names_server *server, const struct names_forward *forward)
{
	return forward->started + NAMES_WHOLE / server->options.hurry;
}

int names_ask(struct names_server *server, struct names_forward *forward)
{
	struct names_member *member = forward->origin.member;
	const struct names_servers *servers = names_servers_of(server, member);
	uint64_t attempt = server->now + NAMES_ATTEMPT / server->options.hurry;
	uint64_t last = names_last_moment(server, forward);

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
