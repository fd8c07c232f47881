/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frames.h"

int main(void)
{
	static unsigned char big[FRAME_PAYLOAD_MAX];
	struct frame_reader reader = {0};
	struct frame_queue queue = {0};
	struct frame frame;
	int pair[2];

	assert(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) == 0);
	assert(frame_read(&reader, pair[1], &frame) == FRAME_WAIT);
	memset(big, 'x', sizeof(big));
	assert(frame_queue_add(&queue, FRAME_INPUT, big, sizeof(big)) == 0);
	assert(frame_queue_add(&queue, FRAME_INPUT_END, NULL, 0) == 0);
	assert(frame_queue_flush(&queue, pair[0]) == 0 && frame_queue_size(&queue) == 0);
	assert(frame_read(&reader, pair[1], &frame) == FRAME_READY);
	assert(frame.type == FRAME_INPUT && frame.length == sizeof(big) &&
		memcmp(frame.payload, big, sizeof(big)) == 0);
	assert(frame_read(&reader, pair[1], &frame) == FRAME_READY);
	assert(frame.type == FRAME_INPUT_END && frame.length == 0);
	/* One byte at a time is a frame as well. */
	for (const char *at = "S\0\0\0\0\0\0\1\17"; at[0] != 15; at++) {
		assert(frame_read(&reader, pair[1], &frame) == FRAME_WAIT);
		assert(write(pair[0], at, 1) == 1);
	}
	assert(write(pair[0], "\17", 1) == 1);
	assert(frame_read(&reader, pair[1], &frame) == FRAME_READY && frame.payload[0] == 15);
	assert(write(pair[0], "S\0\0\0\0\1\0\1", 8) == 8);
	assert(frame_read(&reader, pair[1], &frame) == FRAME_BROKEN && errno == EPROTO);
	frame_reader_clear(&reader);
	assert(write(pair[0], "S\0\0", 3) == 3);
	close(pair[0]);
	assert(frame_read(&reader, pair[1], &frame) == FRAME_BROKEN);
	frame_reader_clear(&reader);
	assert(frame_read(&reader, pair[1], &frame) == FRAME_CLOSED);
	close(pair[1]);
	return 0;
}
