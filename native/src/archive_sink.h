/* SPDX-License-Identifier: Apache-2.0 */
/* Where an archive goes whose digest is wanted: into it and, perhaps, a file. */
#ifndef LIGHTER_ARCHIVE_SINK_H
#define LIGHTER_ARCHIVE_SINK_H

#include <stddef.h>

#include "digest.h"

struct archive_sink {
	struct digest digest;
	int file; /* -1 = none */
	size_t used;
	char buffer[1 << 17];
};

void archive_sink_open(struct archive_sink *sink, int file);

/* `write` of struct tar, with the sink as its context. */
int archive_sink_write(void *context, const void *bytes, size_t size);

/* Writes what is left, and the digest of all. Returns -1 with errno. */
int archive_sink_finish(struct archive_sink *sink, char ret[DIGEST_TEXT_SIZE]);

#endif
