/* SPDX-License-Identifier: Apache-2.0 */
/* Connections from containers: one question at a time, each with its length before it. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "names_server.h"
#include "scope.h"

enum { LENGTH = 2 };

enum stage { READING, WAITING, WRITING };

struct names_stream {
	LIST_ENTRY(names_stream) entry;
	struct names_source source;
	struct names_member *member;
	enum stage stage;
	uint64_t deadline;
	unsigned char query[LENGTH + DNS_QUERY_MAX];
	size_t have;
	unsigned char *answer;
	size_t sent, answer_size;
};

static void set_stage(
	struct names_server *server, struct names_stream *stream, enum stage stage, uint32_t events)
{
	stream->stage = stage;
	stream->deadline = server->now + NAMES_IDLE / server->options.hurry;
	names_wake_at(server, stream->deadline);
	(void)names_rewatch(server, &stream->source, events);
}

void names_stream_close(struct names_server *server, struct names_stream *stream)
{
	names_forward_drop_stream(server, stream, stream->member);
	names_close(server, &stream->source);
	stream->member->stream_count--;
	LIST_REMOVE(stream, entry);
	free(stream->answer);
	free(stream);
}

void names_take_connection(struct names_server *server, struct names_member *member)
{
	auto_close int fd =
		accept4(member->connections.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct names_stream *stream;

	if (fd < 0) {
		if (errno == EMFILE || errno == ENFILE)
			names_refuse_connection(server, member->connections.fd);
		return;
	}
	if (member->stream_count >= NAMES_STREAMS_MAX)
		return;
	stream = calloc(1, sizeof(*stream));
	if (!stream)
		return;
	if (names_watch(server, &stream->source, EVENT_STREAM, fd, stream, EPOLLIN) < 0) {
		free(stream);
		return;
	}
	(void)take_fd(&fd);
	stream->member = member;
	member->stream_count++;
	LIST_INSERT_HEAD(&member->streams, stream, entry);
	set_stage(server, stream, READING, EPOLLIN);
}

static void finish_reading(struct names_server *server, struct names_stream *stream)
{
	const struct names_origin origin = {.member = stream->member, .stream = stream};

	/* The other side may end its half now and still want the answer; that the whole connection
	 * is gone is reported unasked. */
	set_stage(server, stream, WAITING, 0);
	if (!names_serve_query(server, &origin, stream->query + LENGTH, stream->have - LENGTH))
		names_stream_close(server, stream);
}

static void read_more(struct names_server *server, struct names_stream *stream)
{
	size_t want = LENGTH;
	ssize_t got;

	if (stream->have >= LENGTH)
		want += dns_get16(stream->query);
	if (want > sizeof(stream->query)) {
		names_stream_close(server, stream);
		return;
	}
	got = recv(
		stream->source.fd, stream->query + stream->have, want - stream->have, MSG_DONTWAIT);
	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (got <= 0) {
		names_stream_close(server, stream);
		return;
	}
	stream->have += (size_t)got;
	if (stream->have == LENGTH && dns_get16(stream->query) == 0)
		names_stream_close(server, stream);
	else if (stream->have > LENGTH && stream->have == want)
		finish_reading(server, stream);
}

static void write_more(struct names_server *server, struct names_stream *stream)
{
	ssize_t sent = send(stream->source.fd, stream->answer + stream->sent,
		stream->answer_size - stream->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (sent < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (sent < 0) {
		names_stream_close(server, stream);
		return;
	}
	stream->sent += (size_t)sent;
	if (stream->sent < stream->answer_size)
		return;
	free(take(stream->answer));
	stream->have = 0;
	set_stage(server, stream, READING, EPOLLIN);
}

void names_stream_reply(struct names_server *server, struct names_stream *stream,
	const unsigned char *packet, size_t size)
{
	stream->answer = size > DNS_MESSAGE_MAX ? NULL : malloc(LENGTH + size);
	stream->answer_size = LENGTH + size;
	stream->sent = 0;
	/* Written when the socket says so, even at once: whoever answers still uses the stream. A
	 * lack of memory ends the connection in the same way. */
	if (stream->answer) {
		dns_put16(stream->answer, (uint16_t)size);
		memcpy(stream->answer + LENGTH, packet, size);
	}
	set_stage(server, stream, WRITING, EPOLLOUT);
}

void names_stream_event(struct names_server *server, struct names_stream *stream, uint32_t events)
{
	if (events & (EPOLLERR | EPOLLHUP))
		names_stream_close(server, stream);
	else if (stream->stage == READING)
		read_more(server, stream);
	else if (stream->stage == WRITING && stream->answer)
		write_more(server, stream);
	else if (stream->stage == WRITING)
		names_stream_close(server, stream);
}

void names_streams_sweep(struct names_server *server, struct names_member *member)
{
	struct names_stream *next;

	for (struct names_stream *stream = LIST_FIRST(&member->streams); stream; stream = next) {
		next = LIST_NEXT(stream, entry);
		if (stream->deadline <= server->now)
			names_stream_close(server, stream);
		else
			names_wake_at(server, stream->deadline);
	}
}
