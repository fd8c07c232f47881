/* SPDX-License-Identifier: Apache-2.0 */
/* Where an archive goes whose digest is wanted: into it and, perhaps, a file. A large one is
 * digested and written by a thread of its own, beside whoever reads what is packed. */
#ifndef LIGHTER_ARCHIVE_SINK_H
#define LIGHTER_ARCHIVE_SINK_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "digest.h"
#include "write_through.h"

enum { ARCHIVE_PIECE = 256 * 1024, ARCHIVE_PIECES = 8 };

struct archive_sink {
	struct digest digest;
	struct write_through file;
	bool has_file;
	/* Pieces are filled in turn by one thread and emptied in turn by the other. */
	char pieces[ARCHIVE_PIECES][ARCHIVE_PIECE];
	size_t used; /* of the piece that is being filled */
	bool threaded;
	pthread_t thread;
	/* What follows is under the lock. */
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t filled, emptied; /* so many whole pieces */
	bool ended;
	int error; /* of writing the file; 0: none */
};

/* file: -1 = none; it stays the caller's. */
void archive_sink_open(struct archive_sink *sink, int file);

/* `write` of struct tar, with the sink as its context. */
int archive_sink_write(void *context, const void *bytes, size_t size);

/* Writes what is left, and the digest of all. Returns -1 with errno. */
int archive_sink_finish(struct archive_sink *sink, char ret[DIGEST_TEXT_SIZE]);

/* Ends the thread of a sink that is open; what it had got is of no use where it was not finished.
 */
void archive_sink_close(struct archive_sink *sink);

#endif
