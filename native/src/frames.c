/* SPDX-License-Identifier: Apache-2.0 */
#include "frames.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "scope.h"

void frame_header(unsigned char header[FRAME_HEADER], enum frame_type type, size_t length)
{
	header[0] = (unsigned char)type;
	header[1] = header[2] = header[3] = 0;
	header[4] = (unsigned char)(length >> 24);
	header[5] = (unsigned char)(length >> 16);
	header[6] = (unsigned char)(length >> 8);
	header[7] = (unsigned char)length;
}

static int parse_header(struct frame_reader *reader)
{
	const unsigned char *header = reader->header;

	reader->length = (size_t)header[4] << 24 | (size_t)header[5] << 16 |
			 (size_t)header[6] << 8 | header[7];
	if (header[1] || header[2] || header[3] || reader->length > FRAME_PAYLOAD_MAX) {
		errno = EPROTO;
		return -1;
	}
	if (reader->length == 0)
		return 0;
	reader->payload = malloc(reader->length);
	return reader->payload ? 0 : -1;
}

void frame_reader_clear(struct frame_reader *reader)
{
	free(reader->payload);
	*reader = (struct frame_reader){0};
}

enum frame_result frame_read(struct frame_reader *reader, int fd, struct frame *ret)
{
	/* The frame handed out by the last call is done with. */
	if (reader->have >= FRAME_HEADER && reader->have == FRAME_HEADER + reader->length)
		frame_reader_clear(reader);
	for (;;) {
		unsigned char *at;
		size_t want;
		ssize_t got;

		if (reader->have < FRAME_HEADER) {
			at = reader->header + reader->have;
			want = FRAME_HEADER - reader->have;
		} else {
			at = reader->payload + (reader->have - FRAME_HEADER);
			want = reader->length - (reader->have - FRAME_HEADER);
		}
		got = retry_eintr(read(fd, at, want));
		if (got < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK ? FRAME_WAIT : FRAME_BROKEN;
		if (got == 0) {
			errno = EPROTO;
			return reader->have == 0 ? FRAME_CLOSED : FRAME_BROKEN;
		}
		reader->have += (size_t)got;
		if (reader->have == FRAME_HEADER && parse_header(reader) < 0)
			return FRAME_BROKEN;
		if (reader->have < FRAME_HEADER || reader->have < FRAME_HEADER + reader->length)
			continue;
		ret->type = (enum frame_type)reader->header[0];
		ret->length = reader->length;
		ret->payload = reader->payload;
		return FRAME_READY;
	}
}

int frame_queue_add(
	struct frame_queue *queue, enum frame_type type, const void *payload, size_t length)
{
	size_t need = FRAME_HEADER + length;

	if (queue->capacity - queue->end < need) {
		size_t size = frame_queue_size(queue);
		unsigned char *bytes = malloc(size + need);

		if (!bytes)
			return -1;
		if (size > 0)
			memcpy(bytes, queue->bytes + queue->start, size);
		free(queue->bytes);
		*queue = (struct frame_queue){.bytes = bytes, .end = size, .capacity = size + need};
	}
	frame_header(queue->bytes + queue->end, type, length);
	if (length > 0)
		memcpy(queue->bytes + queue->end + FRAME_HEADER, payload, length);
	queue->end += need;
	return 0;
}

int frame_queue_flush(struct frame_queue *queue, int fd)
{
	while (queue->start < queue->end) {
		ssize_t sent = retry_eintr(send(fd, queue->bytes + queue->start,
			queue->end - queue->start, MSG_NOSIGNAL | MSG_DONTWAIT));

		if (sent < 0)
			return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -1;
		queue->start += (size_t)sent;
	}
	frame_queue_clear(queue);
	return 0;
}

void frame_queue_clear(struct frame_queue *queue)
{
	free(queue->bytes);
	*queue = (struct frame_queue){0};
}
