/* SPDX-License-Identifier: Apache-2.0 */
/* Archives that may be compressed in ways that this program has no reader for: then the host's
 * program expands them. */
#ifndef LIGHTER_ARCHIVE_STREAM_H
#define LIGHTER_ARCHIVE_STREAM_H

#include <stdbool.h>
#include <sys/types.h>

#include "fail.h"

struct archive_stream {
	int fd;	   /* of the archive, plain or compressed with gzip or zstd */
	pid_t pid; /* of the program; 0: none */
};

/* From the beginning of the file. */
int archive_stream_open(int file, struct archive_stream *ret, struct failure *out);

/* `whole`: it was read to the end. Returns -1 where the program says that the file is damaged. */
int archive_stream_close(struct archive_stream *stream, bool whole);

/* 1: the file is a tar archive, whatever it is compressed with; 0, or -1 where that cannot be
 * known. */
int archive_is_tar(int file, struct failure *out);

#endif
