/* SPDX-License-Identifier: Apache-2.0 */
#include "ports.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

#include "scope.h"

/* SYNs without an answer: after 1, 3, 7, 15 and 31 seconds. */
#define SYN_COUNT 4
#define RENO "reno"

static const unsigned char *bytes_of(const union ports_address *address, unsigned *ret_bits)
{
	bool is4 = address->any.sa_family == AF_INET;

	*ret_bits = is4 ? 32 : 128;
	return is4 ? (const unsigned char *)&address->v4.sin_addr
		   : (const unsigned char *)&address->v6.sin6_addr;
}

static bool is_in(const union ports_address *address, const struct ports_subnet *subnet)
{
	unsigned bits, prefix = subnet->prefix;
	const unsigned char *one = bytes_of(address, &bits), *other;

	if (address->any.sa_family != subnet->address.any.sa_family)
		return false;
	other = bytes_of(&subnet->address, &bits);
	if (prefix > bits || memcmp(one, other, prefix / 8) != 0)
		return false;
	return prefix % 8 == 0 || (one[prefix / 8] ^ other[prefix / 8]) >> (8 - prefix % 8) == 0;
}

/* What no packet may come from, and addresses that mean another machine behind each link. */
static bool is_usable(const union ports_address *client)
{
	const struct in6_addr *six = &client->v6.sin6_addr;
	uint32_t four = ntohl(client->v4.sin_addr.s_addr);

	if (client->any.sa_family == AF_INET)
		return four >> 24 != 0 && four >> 24 != IN_LOOPBACKNET && four < 0xe0000000;
	return !IN6_IS_ADDR_LOOPBACK(six) && !IN6_IS_ADDR_UNSPECIFIED(six) &&
	       !IN6_IS_ADDR_LINKLOCAL(six) && !IN6_IS_ADDR_MULTICAST(six) &&
	       !IN6_IS_ADDR_V4MAPPED(six);
}

bool ports_is_foreign(const struct ports *ports, const union ports_address *client)
{
	if (!is_usable(client))
		return false;
	for (size_t i = 0; i < ports->subnet_count; i++)
		if (is_in(client, &ports->subnets[i]))
			return false;
	return true;
}

static int open_socket(int type, const struct ports_listener *listener)
{
	const int on = 1, syns = SYN_COUNT;
	auto_close int fd =
		socket(listener->target.any.sa_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (type == SOCK_STREAM &&
		(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) < 0 ||
			setsockopt(fd, IPPROTO_TCP, TCP_SYNCNT, &syns, sizeof(syns)) < 0))
		return -1;
	/* The way to a container is memory: what the host has chosen for its networks, bbr perhaps,
	 * measures and paces to no purpose, at half the speed. Every kernel has this one, open to
	 * everybody. */
	if (type == SOCK_STREAM)
		(void)setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, RENO, strlen(RENO));
	return take_fd(&fd);
}

/* Returns a socket, or -1 with errno. */
static int dial_from(int type, const struct ports_listener *listener,
	const union ports_address *source, bool transparent)
{
	const int on = 1;
	auto_close int fd = open_socket(type, listener);
	bool is4 = source->any.sa_family == AF_INET;

	if (fd < 0)
		return -1;
	/* Shared with others of the same client, which have another target. Not so a port that the
	 * kernel chooses for datagrams: it would take one twice, even towards the same target. */
	if ((type == SOCK_STREAM || source->v4.sin_port != 0) &&
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0)
		return -1;
	if (transparent && setsockopt(fd, is4 ? IPPROTO_IP : IPPROTO_IPV6,
				   is4 ? IP_TRANSPARENT : IPV6_TRANSPARENT, &on, sizeof(on)) < 0)
		return -1;
	/* The port is chosen by connect(2), which knows what else goes to this target. */
	if (source->v4.sin_port == 0 && type == SOCK_STREAM)
		(void)setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof(on));
	if (bind(fd, &source->any, ports_address_size(source)) < 0)
		return -1;
	if (connect(fd, &listener->target.any, ports_address_size(&listener->target)) < 0 &&
		errno != EINPROGRESS)
		return -1;
	return take_fd(&fd);
}

int ports_dial(struct ports *ports, int type, const struct ports_listener *listener,
	const union ports_address *client)
{
	union ports_address source = *client;
	int fd;

	if (client->any.sa_family != listener->target.any.sa_family ||
		!ports_is_foreign(ports, client) || !ports_returns(ports, client->any.sa_family))
		return dial_from(type, listener, &listener->gateway, false);
	fd = dial_from(type, listener, &source, true);
	if (fd >= 0 || (errno != EADDRINUSE && errno != EADDRNOTAVAIL))
		return fd;
	/* The client's port is taken in N, or still in use towards the same target. */
	source.v4.sin_port = 0;
	return dial_from(type, listener, &source, true);
}
