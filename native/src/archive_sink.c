/* SPDX-License-Identifier: Apache-2.0 */
#include "archive_sink.h"

#include <string.h>

#include "tar_write.h"

void archive_sink_open(struct archive_sink *sink, int file)
{
	sink->file = file;
	sink->used = 0;
	digest_init(&sink->digest);
}

static int hand_on(struct archive_sink *sink, const void *bytes, size_t size)
{
	digest_update(&sink->digest, bytes, size);
	return sink->file < 0 ? 0 : tar_write_fd(&sink->file, bytes, size);
}

static int flush(struct archive_sink *sink)
{
	size_t size = sink->used;

	sink->used = 0;
	return size > 0 ? hand_on(sink, sink->buffer, size) : 0;
}

int archive_sink_write(void *context, const void *bytes, size_t size)
{
	struct archive_sink *sink = context;

	if (size > sizeof(sink->buffer) - sink->used && flush(sink) < 0)
		return -1;
	if (size >= sizeof(sink->buffer))
		return hand_on(sink, bytes, size);
	memcpy(sink->buffer + sink->used, bytes, size);
	sink->used += size;
	return 0;
}

int archive_sink_finish(struct archive_sink *sink, char ret[DIGEST_TEXT_SIZE])
{
	if (flush(sink) < 0)
		return -1;
	digest_finish(&sink->digest, ret);
	return 0;
}
