/* SPDX-License-Identifier: Apache-2.0 */
#include "ports_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <jansson.h>

#include "helper.h"
#include "ports.h"
#include "scope.h"

#define STEP "ports"
#define ANSWER_MS 5000

/* Random ports are asked of the kernel for the first address; another may have it taken. */
#define RANDOM_TRIES 64

static const char *const protocol_names[] = {[IPPROTO_TCP] = "tcp", [IPPROTO_UDP] = "udp"};

static int read_address(
	const struct port_binding *binding, union ports_address *ret, struct failure *out)
{
	*ret = (union ports_address){0};
	if (inet_pton(AF_INET, binding->address, &ret->v4.sin_addr) == 1)
		ret->any.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, binding->address, &ret->v6.sin6_addr) == 1)
		ret->any.sa_family = AF_INET6;
	else
		return fail_kind(
			out, FAILURE_BAD_INPUT, 0, STEP, "not an address: %s", binding->address);
	return 0;
}

static int first_free_port(void)
{
	auto_fclose FILE *file = fopen("/proc/sys/net/ipv4/ip_unprivileged_port_start", "re");
	int port = 1024;

	if (file && fscanf(file, "%d", &port) != 1)
		port = 1024;
	return port;
}

/* The sentences are Docker's, as far as it has one. */
static int fail_bind(
	const struct port_binding *binding, unsigned port, int error, struct failure *out)
{
	bool is6 = strchr(binding->address, ':');
	int result;

	if (error == EADDRINUSE)
		result = fail(out, 0, STEP, "Bind for %s:%u failed: port is already allocated",
			binding->address, port);
	else if (error == EACCES)
		result = fail(out, 0, STEP,
			"cannot expose privileged port %u: set the sysctl "
			"net.ipv4.ip_unprivileged_port_start to %u or less (it is %d), or choose "
			"a larger port",
			port, port, first_free_port());
	else if (error == EADDRNOTAVAIL)
		result = fail(out, 0, STEP,
			"listen %s%s %s%s%s:%u: bind: cannot assign requested address",
			protocol_names[binding->protocol], is6 ? "6" : "4", is6 ? "[" : "",
			binding->address, is6 ? "]" : "", port);
	else
		return fail(out, error, STEP, "cannot listen on %s:%u", binding->address, port);
	out->error = error;
	return result;
}

/* Returns the descriptor, or -1 with errno. */
static int open_listener(int protocol, union ports_address *address, uint16_t port)
{
	const int on = 1;
	bool is_tcp = protocol == IPPROTO_TCP;
	auto_close int fd = socket(address->any.sa_family,
		(is_tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	/* sin_port and sin6_port are the same two bytes. */
	address->v4.sin_port = htons(port);
	if (fd < 0 || (is_tcp && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0) ||
		(address->any.sa_family == AF_INET6 &&
			setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) < 0) ||
		bind(fd, &address->any, ports_address_size(address)) < 0 ||
		(is_tcp && listen(fd, SOMAXCONN) < 0))
		return -1;
	return take_fd(&fd);
}

uint16_t ports_bound(int fd)
{
	union ports_address address = {0};
	socklen_t size = sizeof(address);

	(void)getsockname(fd, &address.any, &size);
	return ntohs(address.v4.sin_port);
}

static void close_all(int *fds, size_t count)
{
	int saved = errno;

	for (size_t i = 0; i < count; i++)
		close(fds[i]);
	errno = saved;
}

/* All addresses at one port; 0 is the kernel's choice for the first. Returns 0, or -1 with errno
 * and the binding that failed. */
static int open_at(const struct port_binding *bindings, union ports_address *addresses,
	size_t count, unsigned port, int *fds, size_t *ret_failed)
{
	for (size_t i = 0; i < count; i++) {
		fds[i] = open_listener(bindings[i].protocol, &addresses[i], (uint16_t)port);
		if (fds[i] < 0) {
			close_all(fds, i);
			*ret_failed = i;
			return -1;
		}
		if (port == 0)
			port = ports_bound(fds[i]);
	}
	return 0;
}

int ports_listen_all(
	const struct port_binding *bindings, size_t count, int *fds, struct failure *out)
{
	auto_free union ports_address *addresses = calloc(count, sizeof(*addresses));
	unsigned port = bindings[0].first, tries = port ? 1U : RANDOM_TRIES;
	size_t failed = 0;

	if (!addresses)
		return fail(out, ENOMEM, STEP, "cannot listen");
	for (size_t i = 0; i < count; i++)
		if (read_address(&bindings[i], &addresses[i], out) < 0)
			return -1;
	for (;;) {
		if (open_at(bindings, addresses, count, port, fds, &failed) == 0)
			return 0;
		if (errno != EADDRINUSE || (port ? port >= bindings[0].last : --tries == 0))
			break;
		port += port != 0;
	}
	if (errno == EADDRINUSE && bindings[0].last > bindings[0].first) {
		fail(out, 0, STEP, "all ports are allocated");
		out->error = EADDRINUSE;
		return -1;
	}
	return fail_bind(&bindings[failed], ntohs(addresses[failed].v4.sin_port), errno, out);
}

int ports_listen(const struct port_binding *binding, struct failure *out)
{
	int fd;

	return ports_listen_all(binding, 1, &fd, out) < 0 ? -1 : fd;
}

/* --- registration --- */

static int hear_answer(int socket, struct failure *out)
{
	struct pollfd event = {.fd = socket, .events = POLLIN};
	char text[1024];
	ssize_t size = 0;
	json_t *root;
	const char *error = NULL;

	if (retry_eintr(poll(&event, 1, ANSWER_MS)) <= 0)
		return fail(out, 0, STEP, "the port forwarder does not answer");
	size = retry_eintr(recv(socket, text, sizeof(text), 0));
	if (size <= 0)
		return fail(out, size < 0 ? errno : 0, STEP, "the port forwarder went away");
	root = json_loadb(text, (size_t)size, 0, NULL);
	if (!root || json_unpack(root, "{s?s}", "error", &error) < 0)
		fail(out, 0, STEP, "the port forwarder gave no answer");
	else if (error)
		fail(out, 0, STEP, "the port forwarder refused: %s", error);
	size = root && !error ? 0 : -1;
	json_decref(root);
	return (int)size;
}

/* The listeners of entries `first` to `end`, numbered anew. */
static int send_part(int socket, json_t *registration, json_t *entries, size_t first, size_t end,
	const int *fds, size_t count, struct failure *out)
{
	int part_fds[PORTS_LISTENERS_MAX + 1] = {fds[0]}, result = 0;
	json_t *part = json_copy(registration), *list = json_array();
	auto_free char *text = NULL;

	for (size_t i = first; i < end && result == 0; i++) {
		json_t *entry = json_copy(json_array_get(entries, i));
		json_int_t index = json_integer_value(json_object_get(entry, "listener"));

		if (index < 1 || (size_t)index >= count)
			result = -1;
		else
			part_fds[i - first + 1] = fds[index];
		if (json_object_set_new(
			    entry, "listener", json_integer((json_int_t)(i - first + 1))) < 0 ||
			json_array_append_new(list, entry) < 0)
			result = -1;
	}
	if (json_object_set_new(part, "ports", list) < 0 ||
		json_object_set_new(part, "more", json_boolean(end < json_array_size(entries))) < 0)
		result = -1;
	text = result == 0 ? json_dumps(part, JSON_COMPACT) : NULL;
	json_decref(part);
	if (!text)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "bad registration of ports");
	if (helper_send(socket, text, strlen(text), part_fds, end - first + 1) < 0)
		return fail(out, errno, STEP, "cannot tell the port forwarder");
	return hear_answer(socket, out);
}

int ports_register(
	int socket, struct json_t *registration, const int *fds, size_t count, struct failure *out)
{
	json_t *entries = json_object_get(registration, "ports");
	size_t total = json_array_size(entries), first = 0;

	do {
		size_t end =
			total - first > PORTS_LISTENERS_MAX ? first + PORTS_LISTENERS_MAX : total;

		if (send_part(socket, registration, entries, first, end, fds, count, out) < 0)
			return -1;
		first = end;
	} while (first < total);
	return 0;
}
