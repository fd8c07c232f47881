/* SPDX-License-Identifier: Apache-2.0 */
/* Registrations: a monitor's connection, its messages, the sockets that come with them. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "helper.h"
#include "names_server.h"
#include "scope.h"

#define STEP "names"

/* What a message brings, in this order. */
enum { SENT_QUERIES, SENT_CONNECTIONS, SENT_OUTWARD, SENT_OUTWARD_STREAM };

static int option(int fd, int name)
{
	int value = -1;
	socklen_t size = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, name, &value, &size) < 0 ? -1 : value;
}

static bool is_expected(int fd, size_t place)
{
	bool stream = place == SENT_CONNECTIONS || place == SENT_OUTWARD_STREAM;
	int family = option(fd, SO_DOMAIN);

	return option(fd, SO_TYPE) == (stream ? SOCK_STREAM : SOCK_DGRAM) &&
	       (family == AF_INET || (family == AF_INET6 && place >= SENT_OUTWARD)) &&
	       option(fd, SO_ACCEPTCONN) == (place == SENT_CONNECTIONS) &&
	       fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK) == 0;
}

static void close_sockets(struct names_server *server, struct names_member *member)
{
	struct names_forward *forward;
	struct names_stream *stream;

	while ((stream = LIST_FIRST(&member->streams)))
		names_stream_close(server, stream);
	while ((forward = LIST_FIRST(&member->forwards)))
		names_forward_drop(server, forward);
	names_close(server, &member->queries);
	names_close(server, &member->connections);
	names_close(server, &member->outward);
	if (member->outward_stream >= 0)
		close(take_fd(&member->outward_stream));
}

static void forget_registration(struct names_member *member)
{
	if (!member->registration)
		return;
	LIST_REMOVE(member->registration, entry);
	names_free(take(member->registration));
}

static void drop_member(struct names_server *server, struct names_member *member)
{
	close_sockets(server, member);
	forget_registration(member);
	names_close(server, &member->control);
	LIST_REMOVE(member, entry);
	free(member);
}

/* Takes the descriptors over; those it did not take are left in `fds`. */
static int adopt_sockets(
	struct names_server *server, struct names_member *member, int *fds, size_t count)
{
	struct names_source *const sources[] = {
		&member->queries, &member->connections, &member->outward};
	static const enum names_event events[] = {EVENT_QUERIES, EVENT_CONNECTIONS, EVENT_OUTWARD};

	for (size_t i = 0; i < count; i++)
		if (!is_expected(fds[i], i))
			return -1;
	close_sockets(server, member);
	for (size_t i = 0; i < count && i < array_size(sources); i++) {
		if (names_watch(server, sources[i], events[i], fds[i], member, EPOLLIN) < 0)
			return -1;
		(void)take_fd(&fds[i]);
	}
	if (count > SENT_OUTWARD_STREAM)
		member->outward_stream = take_fd(&fds[SENT_OUTWARD_STREAM]);
	return 0;
}

static int take_message(struct names_server *server, struct names_member *member, const char *text,
	size_t size, int *fds, size_t count)
{
	struct names_registration *registration;
	struct failure ignored;
	bool whole;

	if (size > NAMES_MESSAGE_MAX || count == 1)
		return -1;
	registration = names_parse(text, size, &ignored);
	if (!registration)
		return -1;
	whole = (count == 0 || adopt_sockets(server, member, fds, count) == 0) &&
		member->queries.fd >= 0 &&
		(registration->servers.count == 0 || member->outward.fd >= 0);
	if (!whole) {
		names_free(registration);
		return -1;
	}
	forget_registration(member);
	member->registration = registration;
	LIST_INSERT_HEAD(&server->table.all, registration, entry);
	/* It holds from here on. */
	return send(member->control.fd, "", 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1 ? 0 : -1;
}

void names_member_event(struct names_server *server, struct names_member *member)
{
	/* There is one thread, and the longest message is no matter for the stack. */
	static char text[NAMES_MESSAGE_MAX + 1];
	int fds[NAMES_SOCKETS];
	size_t count = 0;
	ssize_t got =
		helper_receive(member->control.fd, text, sizeof(text), fds, NAMES_SOCKETS, &count);

	if (got < 0 && errno == EAGAIN)
		return;
	if (got > 0 && helper_is_retirement(text, (size_t)got))
		server->retired = true;
	else if (got <= 0 || take_message(server, member, text, (size_t)got, fds, count) < 0)
		drop_member(server, member);
	for (size_t i = 0; i < count; i++)
		if (fds[i] >= 0)
			close(fds[i]);
}

void names_take_member(struct names_server *server)
{
	auto_close int fd = helper_accept(server->listener.fd);
	struct names_member *member;

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE)
			names_refuse_connection(server, server->listener.fd);
		return;
	}
	member = calloc(1, sizeof(*member));
	if (!member)
		return;
	member->queries.fd = member->connections.fd = member->outward.fd = -1;
	member->outward_stream = -1;
	if (names_watch(server, &member->control, EVENT_REGISTRATION, fd, member, EPOLLIN) < 0) {
		free(member);
		return;
	}
	(void)take_fd(&fd);
	LIST_INSERT_HEAD(&server->members, member, entry);
}
