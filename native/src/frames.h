/* SPDX-License-Identifier: Apache-2.0 */
/* The messages between a monitor and its clients; see docs/native-protocol.md. */
#ifndef LIGHTER_FRAMES_H
#define LIGHTER_FRAMES_H

#include <stddef.h>
#include <stdint.h>

enum frame_type {
	/* to the monitor */
	FRAME_ATTACH = 'A',
	FRAME_INPUT = 'I',
	FRAME_INPUT_END = 'E',
	FRAME_RESIZE = 'R',
	FRAME_SIGNAL = 'S',
	FRAME_PAUSE = 'Z',
	FRAME_NETWORK = 'N',
	/* from the monitor */
	FRAME_STARTED = 'P',
	FRAME_STDOUT = 'o',
	FRAME_STDERR = 'e',
	FRAME_EXITED = 'X',
	FRAME_RESTARTS = 'G',
	FRAME_FAILED = 'F',
	FRAME_ANSWER = 'Y',
};

enum { FRAME_HEADER = 8, FRAME_PAYLOAD_MAX = 65536 };

struct frame {
	enum frame_type type;
	size_t length;
	const unsigned char *payload;
};

void frame_header(unsigned char header[FRAME_HEADER], enum frame_type type, size_t length);

/* Reads frames from a socket. The buffer exists only while a frame is incomplete or in use. */
struct frame_reader {
	unsigned char header[FRAME_HEADER];
	unsigned char *payload;
	size_t have;   /* bytes of header and payload read so far */
	size_t length; /* of the payload, once the header is complete */
};

enum frame_result {
	FRAME_READY,  /* *ret is a frame; its payload is valid until the next call */
	FRAME_WAIT,   /* nothing more at the moment (non-blocking) */
	FRAME_CLOSED, /* the peer closed it between two frames */
	FRAME_BROKEN, /* malformed, truncated, or a read error: errno */
};

enum frame_result frame_read(struct frame_reader *reader, int fd, struct frame *ret);
void frame_reader_clear(struct frame_reader *reader);

/* Bytes that wait until a socket takes them. */
struct frame_queue {
	unsigned char *bytes;
	size_t start, end, capacity;
};

static inline size_t frame_queue_size(const struct frame_queue *queue)
{
	return queue->end - queue->start;
}

/* Appends a frame; -1 with errno ENOMEM. */
int frame_queue_add(
	struct frame_queue *queue, enum frame_type type, const void *payload, size_t length);

/* Sends what the socket takes; the memory is freed once all is sent. 0, or -1 when the peer is
 * gone. */
int frame_queue_flush(struct frame_queue *queue, int fd);
void frame_queue_clear(struct frame_queue *queue);

#endif
