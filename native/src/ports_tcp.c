/* SPDX-License-Identifier: Apache-2.0 */
#include "ports.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "ports_pipe.h"
#include "scope.h"

/* Connections taken, and pieces moved one way, before others have their turn. */
#define ACCEPTS 64
#define ROUNDS 16

/* A client that vanished without a word is found out after four minutes. */
#define KEEPALIVE_IDLE 60
#define KEEPALIVE_INTERVAL 30
#define KEEPALIVE_COUNT 6

struct side {
	struct ports_watch watch;
	int fd;
	bool readable, writable; /* until told otherwise */
};

/* One direction. A pipe is held only while the receiver does not take what is in it. */
struct stream {
	int pipe[2];
	size_t held;
	bool at_end, done; /* the sender has finished; the receiver was told */
};

struct ports_connection {
	struct side client, container;
	struct stream request, answer;
	bool connecting, queued, over;
	struct ports_member *member;
	struct ports_connection *queue_next, *next, *previous;
};

enum progress { PROGRESS_WAIT, PROGRESS_MORE, PROGRESS_BROKEN };

/* --- the end --- */

static void give_pipe_back(struct ports *ports, struct stream *stream)
{
	if (stream->pipe[0] < 0)
		return;
	ports_pipe_give(ports, stream->pipe, stream->held == 0);
	stream->pipe[0] = stream->pipe[1] = -1;
	stream->held = 0;
}

/* The other end hears of a break as it was. */
static void set_reset(const struct side *side)
{
	const struct linger at_once = {.l_onoff = 1};

	(void)setsockopt(side->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

static void end_connection(struct ports *ports, struct ports_connection *connection, bool broken)
{
	if (connection->over)
		return;
	connection->over = true;
	if (broken) {
		set_reset(&connection->client);
		set_reset(&connection->container);
	}
	give_pipe_back(ports, &connection->request);
	give_pipe_back(ports, &connection->answer);
	ports_close(ports, connection->client.fd);
	ports_close(ports, connection->container.fd);
	if (connection->previous)
		connection->previous->next = connection->next;
	else
		connection->member->connections = connection->next;
	if (connection->next)
		connection->next->previous = connection->previous;
	connection->client.watch.ready = connection->container.watch.ready = NULL;
	/* The queue lets go of it first. */
	if (!connection->queued)
		ports_discard(ports, &connection->client.watch);
}

/* --- moving data --- */

static enum progress judge(bool *flag)
{
	if (errno != EAGAIN)
		return PROGRESS_BROKEN;
	*flag = false;
	return PROGRESS_WAIT;
}

static enum progress fill(struct ports *ports, struct side *from, struct stream *stream)
{
	ssize_t got;

	if (!from->readable)
		return PROGRESS_WAIT;
	if (stream->pipe[0] < 0 && ports_pipe_take(ports, stream->pipe) < 0) {
		ports->starved = true;
		ports_pause(ports);
		return PROGRESS_WAIT;
	}
	got = retry_eintr(splice(from->fd, NULL, stream->pipe[1], NULL, PORTS_PIPE_SIZE,
		SPLICE_F_MOVE | SPLICE_F_NONBLOCK));
	if (got < 0)
		return judge(&from->readable);
	stream->held = (size_t)got;
	stream->at_end = got == 0;
	return PROGRESS_MORE;
}

static enum progress drain(struct stream *stream, struct side *to)
{
	ssize_t put;

	if (!to->writable)
		return PROGRESS_WAIT;
	put = retry_eintr(splice(stream->pipe[0], NULL, to->fd, NULL, stream->held,
		SPLICE_F_MOVE | SPLICE_F_NONBLOCK));
	if (put < 0)
		return judge(&to->writable);
	stream->held -= (size_t)put;
	return PROGRESS_MORE;
}

static enum progress move(
	struct ports *ports, struct side *from, struct stream *stream, struct side *to)
{
	enum progress progress = PROGRESS_MORE;

	for (int round = 0; !stream->done && progress == PROGRESS_MORE && round < ROUNDS; round++) {
		if (stream->held == 0 && !stream->at_end)
			progress = fill(ports, from, stream);
		if (progress == PROGRESS_MORE && stream->held > 0)
			progress = drain(stream, to);
		if (stream->at_end && stream->held == 0) {
			/* Fails where the receiver has gone, which its own events tell. */
			(void)shutdown(to->fd, SHUT_WR);
			stream->done = true;
		}
	}
	if (stream->held == 0)
		give_pipe_back(ports, stream);
	return stream->done && progress != PROGRESS_BROKEN ? PROGRESS_WAIT : progress;
}

static void enqueue(struct ports *ports, struct ports_connection *connection)
{
	if (connection->queued)
		return;
	connection->queued = true;
	connection->queue_next = ports->queue;
	ports->queue = connection;
}

static void advance(struct ports *ports, struct ports_connection *connection)
{
	enum progress request, answer;

	if (connection->connecting)
		return;
	request = move(ports, &connection->client, &connection->request, &connection->container);
	answer = move(ports, &connection->container, &connection->answer, &connection->client);
	if (request == PROGRESS_BROKEN || answer == PROGRESS_BROKEN)
		end_connection(ports, connection, true);
	else if (connection->request.done && connection->answer.done)
		end_connection(ports, connection, false);
	else if (request == PROGRESS_MORE || answer == PROGRESS_MORE)
		enqueue(ports, connection);
}

void ports_wake_connections(struct ports *ports)
{
	for (struct ports_member *member = ports->members; member; member = member->next)
		for (struct ports_connection *one = member->connections; one; one = one->next)
			enqueue(ports, one);
}

void ports_run_queue(struct ports *ports)
{
	struct ports_connection *connection = ports->queue;

	ports->queue = NULL;
	while (connection) {
		struct ports_connection *next = connection->queue_next;

		connection->queued = false;
		if (connection->over)
			ports_discard(ports, &connection->client.watch);
		else
			advance(ports, connection);
		connection = next;
	}
}

/* --- events --- */

static bool is_broken(const struct side *side, uint32_t events)
{
	int error = 0;
	socklen_t size = sizeof(error);

	return events & EPOLLERR &&
	       (getsockopt(side->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0 || error != 0);
}

static void note(struct side *side, uint32_t events)
{
	if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP))
		side->readable = true;
	if (events & EPOLLOUT)
		side->writable = true;
}

static void hear_client(struct ports *ports, struct ports_watch *watch, uint32_t events)
{
	struct ports_connection *connection = watch->owner;

	note(&connection->client, events);
	if (is_broken(&connection->client, events))
		end_connection(ports, connection, true);
	else
		advance(ports, connection);
}

static void hear_container(struct ports *ports, struct ports_watch *watch, uint32_t events)
{
	struct ports_connection *connection = watch->owner;

	note(&connection->container, events);
	/* Refused, unreachable or without an answer: so is the client. */
	if (is_broken(&connection->container, events)) {
		end_connection(ports, connection, true);
		return;
	}
	if (connection->connecting && events & EPOLLOUT)
		connection->connecting = false;
	advance(ports, connection);
}

static void prepare_client(int fd)
{
	const int on = 1, idle = KEEPALIVE_IDLE, interval = KEEPALIVE_INTERVAL,
		  count = KEEPALIVE_COUNT;

	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof(interval));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
}

/* Takes both descriptors over, or neither. */
static int connect_sides(
	struct ports *ports, struct ports_member *member, int client, int container)
{
	const uint32_t events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
	struct ports_connection *connection = calloc(1, sizeof(*connection));

	if (!connection)
		return -1;
	connection->client = (struct side){{hear_client, connection, NULL}, client, false, false};
	connection->container =
		(struct side){{hear_container, connection, NULL}, container, false, false};
	connection->request.pipe[0] = connection->request.pipe[1] = -1;
	connection->answer = connection->request;
	connection->connecting = true;
	connection->member = member;
	if (ports_watch(ports, client, &connection->client.watch, events) < 0) {
		free(connection);
		return -1;
	}
	if (ports_watch(ports, container, &connection->container.watch, events) < 0) {
		/* Off again, and left to the caller. */
		(void)epoll_ctl(ports->epoll, EPOLL_CTL_DEL, client, NULL);
		ports->descriptors--;
		free(connection);
		return -1;
	}
	connection->next = member->connections;
	if (connection->next)
		connection->next->previous = connection;
	member->connections = connection;
	return 0;
}

static void take_client(struct ports *ports, struct ports_listener *listener, int fd,
	const union ports_address *address)
{
	auto_close int client = fd;
	auto_close int container = ports_dial(ports, SOCK_STREAM, listener, address);

	prepare_client(client);
	if (container < 0 || connect_sides(ports, listener->member, client, container) < 0) {
		set_reset(&(struct side){.fd = client});
		return;
	}
	take_fd(&client);
	take_fd(&container);
}

void ports_accept(struct ports *ports, struct ports_watch *watch, uint32_t events)
{
	struct ports_listener *listener = watch->owner;

	(void)events;
	for (int i = 0; i < ACCEPTS && !ports->paused; i++) {
		union ports_address address;
		socklen_t size = sizeof(address);
		int fd;

		if (!ports_has_room(ports, 2)) {
			ports_pause(ports);
			return;
		}
		fd = accept4(listener->fd, &address.any, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			take_client(ports, listener, fd, &address);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
			ports_pause(ports);
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
}

void ports_end_connections(struct ports *ports, struct ports_member *member)
{
	while (member->connections) {
		struct ports_connection *connection = member->connections;

		/* The container's last words may have come together with its end, and with the
		 * news that it was reached at all. */
		connection->container.readable = connection->client.writable = true;
		(void)move(ports, &connection->container, &connection->answer, &connection->client);
		set_reset(&connection->container);
		if (!connection->answer.done)
			set_reset(&connection->client);
		end_connection(ports, connection, false);
	}
}
