/* SPDX-License-Identifier: Apache-2.0 */
#include "ports_registry.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <jansson.h>

#include "helper.h"
#include "scope.h"

#define STEP "ports"
#define ID_LENGTH 64

static int refuse(struct failure *out, const char *what)
{
	return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "bad registration: %s", what);
}

/* An absent address has the family 0. */
static bool read_address(const char *text, int family, uint16_t port, union ports_address *ret)
{
	*ret = (union ports_address){0};
	if (!text)
		return true;
	if (family == AF_INET) {
		ret->v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(port)};
		return inet_pton(AF_INET, text, &ret->v4.sin_addr) == 1;
	}
	ret->v6 = (struct sockaddr_in6){.sin6_family = AF_INET6, .sin6_port = htons(port)};
	return inet_pton(AF_INET6, text, &ret->v6.sin6_addr) == 1;
}

static int read_entry(
	json_t *object, size_t descriptors, struct ports_entry *ret, struct failure *out)
{
	const char *protocol, *address, *address6 = NULL;
	int port, listener;

	if (json_unpack_ex(object, NULL, JSON_STRICT, "{s:s, s:s, s?s, s:i, s:i}", "protocol",
		    &protocol, "address", &address, "address6", &address6, "port", &port,
		    "listener", &listener) < 0)
		return refuse(out, "not a port");
	if (strcmp(protocol, "tcp") == 0)
		ret->protocol = IPPROTO_TCP;
	else if (strcmp(protocol, "udp") == 0)
		ret->protocol = IPPROTO_UDP;
	else
		return refuse(out, "the protocol is neither tcp nor udp");
	/* Port 0 can be given away as any other; nobody answers there. */
	if (port < 0 || port > 65535)
		return refuse(out, "no such port");
	/* The first descriptor is N. */
	if (listener < 1 || (size_t)listener >= descriptors)
		return refuse(out, "the listener is not among the descriptors");
	ret->port = (uint16_t)port;
	ret->listener = (size_t)listener;
	if (!read_address(address, AF_INET, ret->port, &ret->target) ||
		!read_address(address6, AF_INET6, ret->port, &ret->target6))
		return refuse(out, "not an address");
	return 0;
}

static int read_registration(
	json_t *root, size_t descriptors, struct ports_registration *ret, struct failure *out)
{
	const char *id, *gateway, *gateway6 = NULL;
	json_t *entries, *entry;
	int more = 0;
	size_t i;

	if (json_unpack_ex(root, NULL, JSON_STRICT, "{s:s, s:s, s?s, s:o, s?b}", "id", &id,
		    "gateway", &gateway, "gateway6", &gateway6, "ports", &entries, "more",
		    &more) < 0 ||
		!json_is_array(entries))
		return refuse(out, "missing or unknown members");
	if (strlen(id) != ID_LENGTH || strspn(id, "0123456789abcdef") != ID_LENGTH)
		return refuse(out, "not an id");
	memcpy(ret->id, id, ID_LENGTH + 1);
	if (!read_address(gateway, AF_INET, 0, &ret->gateway) ||
		!read_address(gateway6, AF_INET6, 0, &ret->gateway6))
		return refuse(out, "not a gateway");
	ret->more = more;
	ret->count = json_array_size(entries);
	if (ret->count > PORTS_LISTENERS_MAX)
		return refuse(out, "too many ports");
	json_array_foreach(entries, i, entry)
	{
		if (read_entry(entry, descriptors, &ret->entries[i], out) < 0)
			return -1;
		for (size_t other = 0; other < i; other++)
			if (ret->entries[other].listener == ret->entries[i].listener)
				return refuse(out, "a listener is named twice");
	}
	return 0;
}

int ports_registration_parse(const char *text, size_t size, size_t descriptors,
	struct ports_registration *ret, struct failure *out)
{
	json_t *root = json_loadb(text, size, JSON_REJECT_DUPLICATES, NULL);
	int result =
		root ? read_registration(root, descriptors, ret, out) : refuse(out, "not JSON");

	json_decref(root);
	return result;
}

static void end_listener(struct ports *ports, struct ports_listener *listener)
{
	ports_end_flows(ports, listener->member, listener);
	ports_close(ports, listener->fd);
	ports_discard(ports, &listener->watch);
}

static void end_listeners(struct ports *ports, struct ports_member *member)
{
	while (member->listeners) {
		struct ports_listener *listener = member->listeners;

		member->listeners = listener->next;
		end_listener(ports, listener);
	}
}

/* Takes `fd` over. */
static int add_listener(struct ports *ports, struct ports_member *member,
	const struct ports_entry *entry, const struct ports_registration *registration,
	sa_family_t family, int *fd)
{
	bool is6 = family == AF_INET6 && entry->target6.any.sa_family &&
		   registration->gateway6.any.sa_family;
	struct ports_listener *listener = calloc(1, sizeof(*listener));

	if (!listener)
		return -1;
	listener->watch.ready = entry->protocol == IPPROTO_TCP ? ports_accept : ports_receive;
	listener->watch.owner = listener;
	listener->member = member;
	listener->protocol = entry->protocol;
	listener->target = is6 ? entry->target6 : entry->target;
	listener->gateway = is6 ? registration->gateway6 : registration->gateway;
	listener->fd = *fd;
	if (fcntl(*fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0 ||
		(entry->protocol == IPPROTO_UDP && ports_prepare_datagrams(listener) < 0) ||
		ports_watch(ports, *fd, &listener->watch, EPOLLIN) < 0) {
		free(listener);
		return -1;
	}
	*fd = -1;
	listener->next = member->listeners;
	member->listeners = listener;
	return 0;
}

/* A container that asks the gateway's address for a port that is published on all of the host's
 * addresses gets it as well. It is an extra: where the port is taken in N, there is none. */
static void add_hairpin(struct ports *ports, struct ports_member *member,
	const struct ports_entry *entry, const struct ports_registration *registration,
	const union ports_address *bound)
{
	static const struct in6_addr any6;
	const int on = 1;
	bool is6 = bound->any.sa_family == AF_INET6;

	if (is6 ? memcmp(&bound->v6.sin6_addr, &any6, sizeof(any6)) != 0
		: bound->v4.sin_addr.s_addr != INADDR_ANY)
		return;
	auto_close int fd = socket(bound->any.sa_family,
		(entry->protocol == IPPROTO_TCP ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC |
			SOCK_NONBLOCK,
		0);

	/* Reused: the container of before may still be on its way out. */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) < 0 ||
		(is6 && setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0) ||
		(entry->protocol == IPPROTO_TCP &&
			setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0) ||
		bind(fd, &bound->any, ports_address_size(bound)) < 0 ||
		(entry->protocol == IPPROTO_TCP && listen(fd, SOMAXCONN) < 0))
		return;
	(void)add_listener(ports, member, entry, registration, bound->any.sa_family, &fd);
}

/* The socket is what the message says it is. */
static bool check_listener(int fd, const struct ports_entry *entry, union ports_address *ret_bound)
{
	socklen_t size = sizeof(int), bound_size = sizeof(*ret_bound);
	int protocol = 0, listens = 0;

	return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
	       protocol == entry->protocol &&
	       getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) == 0 &&
	       (listens || protocol == IPPROTO_UDP) &&
	       getsockname(fd, &ret_bound->any, &bound_size) == 0 &&
	       (ret_bound->any.sa_family == AF_INET || ret_bound->any.sa_family == AF_INET6);
}

static int check_netns(struct ports *ports, int netns, struct failure *out)
{
	struct stat status;

	if (fstat(netns, &status) < 0)
		return refuse(out, "the first descriptor is no network namespace");
	if (ports->route >= 0)
		return status.st_ino == ports->netns && status.st_dev == ports->nsfs
			       ? 0
			       : refuse(out, "another network namespace");
	if (ioctl(netns, NS_GET_NSTYPE) != CLONE_NEWNET)
		return refuse(out, "the first descriptor is no network namespace");
	ports->half_entered = ports_enter(ports, netns, out) < 0;
	return ports->half_entered ? -1 : 0;
}

static int apply(struct ports *ports, struct ports_member *member,
	const struct ports_registration *registration, int *fds, struct failure *out)
{
	bool adds = member->more;

	if (check_netns(ports, fds[0], out) < 0)
		return -1;
	if (!adds)
		end_listeners(ports, member);
	memcpy(member->id, registration->id, sizeof(member->id));
	for (size_t i = 0; i < registration->count; i++) {
		const struct ports_entry *entry = &registration->entries[i];
		union ports_address bound;

		if (!check_listener(fds[entry->listener], entry, &bound))
			return refuse(out, "a listener of another kind");
		if (add_listener(ports, member, entry, registration, bound.any.sa_family,
			    &fds[entry->listener]) < 0)
			return fail(out, errno, STEP, "cannot watch a listener");
		add_hairpin(ports, member, entry, registration, &bound);
	}
	member->more = registration->more;
	return 0;
}

static void leave_monitor(struct ports *ports, struct ports_member *member)
{
	if (member->socket >= 0)
		ports_close(ports, take_fd(&member->socket));
}

void ports_remove_member(struct ports *ports, struct ports_member *member)
{
	struct ports_member **slot = &ports->members;

	ports_end_connections(ports, member);
	end_listeners(ports, member);
	ports_end_flows(ports, member, NULL);
	leave_monitor(ports, member);
	while (*slot != member)
		slot = &(*slot)->next;
	*slot = member->next;
	ports_discard(ports, &member->watch);
}

void ports_retire(struct ports *ports)
{
	/* The listeners first: within N they have the ports that the next forwarder wants. */
	for (struct ports_member *member = ports->members; member; member = member->next) {
		end_listeners(ports, member);
		ports_end_flows(ports, member, NULL);
		member->watch.ready = NULL;
	}
	for (struct ports_member *member = ports->members; member; member = member->next)
		leave_monitor(ports, member);
	ports->retired = true;
}

bool ports_drop_idle(struct ports *ports, bool cut)
{
	for (struct ports_member *member = ports->members, *next; member; member = next) {
		next = member->next;
		if (cut || !member->connections)
			ports_remove_member(ports, member);
	}
	return ports->members;
}

/* {} or {"error":"…"} */
static int answer(const struct ports_member *member, const struct failure *failure)
{
	json_t *root = failure ? json_pack("{s:s}", "error", failure->message) : json_object();
	auto_free char *text = root ? json_dumps(root, JSON_COMPACT) : NULL;

	json_decref(root);
	return text ? helper_send(member->socket, text, strlen(text), NULL, 0) : -1;
}

void ports_hear(struct ports *ports, struct ports_watch *watch, uint32_t events)
{
	static struct ports_registration registration;
	static char text[PORTS_MESSAGE_MAX + 1];
	struct ports_member *member = watch->owner;
	int fds[PORTS_LISTENERS_MAX + 1];
	struct failure failure;
	size_t count;
	ssize_t size =
		helper_receive(member->socket, text, sizeof(text), fds, array_size(fds), &count);
	int result;

	(void)events;
	if (size < 0 && errno == EAGAIN)
		return;
	if (size <= 0) {
		ports_remove_member(ports, member);
		return;
	}
	if (helper_is_retirement(text, (size_t)size)) {
		for (size_t i = 0; i < count; i++)
			close(fds[i]);
		ports_retire(ports);
		return;
	}
	memset(&registration, 0, sizeof(registration));
	if (size > PORTS_MESSAGE_MAX || count == 0)
		result = refuse(&failure, "too long, or without descriptors");
	else
		result = ports_registration_parse(
			text, (size_t)size, count, &registration, &failure);
	if (result == 0)
		result = apply(ports, member, &registration, fds, &failure);
	for (size_t i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	/* Half a registration would be worse than none: the monitor tells. */
	if (answer(member, result < 0 ? &failure : NULL) < 0 || result < 0)
		ports_remove_member(ports, member);
}
