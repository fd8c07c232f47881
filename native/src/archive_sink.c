/* SPDX-License-Identifier: Apache-2.0 */
#include "archive_sink.h"

#include <errno.h>
#include <string.h>

void archive_sink_open(struct archive_sink *sink, int file)
{
	digest_init(&sink->digest);
	write_through_start(&sink->file, file);
	sink->has_file = file >= 0;
	sink->used = 0;
	sink->threaded = false;
	pthread_mutex_init(&sink->lock, NULL);
	pthread_cond_init(&sink->changed, NULL);
	sink->filled = sink->emptied = 0;
	sink->ended = false;
	sink->error = 0;
}

/* Returns the error of the file, 0 where there is none. */
static int hand_on(struct archive_sink *sink, const char *piece, size_t size)
{
	digest_update(&sink->digest, piece, size);
	return sink->has_file && write_through(&sink->file, piece, size) < 0 ? errno : 0;
}

/* Empties pieces until there will be no more. After an error they are thrown away. */
static void *run(void *context)
{
	struct archive_sink *sink = context;

	pthread_mutex_lock(&sink->lock);
	for (;;) {
		const char *piece = sink->pieces[sink->emptied % ARCHIVE_PIECES];
		int error = sink->error;

		if (sink->emptied == sink->filled) {
			if (sink->ended)
				break;
			pthread_cond_wait(&sink->changed, &sink->lock);
			continue;
		}
		pthread_mutex_unlock(&sink->lock);
		if (error == 0)
			error = hand_on(sink, piece, ARCHIVE_PIECE);
		pthread_mutex_lock(&sink->lock);
		sink->error = error;
		sink->emptied++;
		pthread_cond_signal(&sink->changed);
	}
	pthread_mutex_unlock(&sink->lock);
	return NULL;
}

/* A piece is full: another one is to be filled. */
static int next_piece(struct archive_sink *sink)
{
	int error;

	/* What is small is done before a thread had begun. */
	if (!sink->threaded)
		sink->threaded = pthread_create(&sink->thread, NULL, run, sink) == 0;
	sink->used = 0;
	if (!sink->threaded) {
		error = hand_on(sink, sink->pieces[0], ARCHIVE_PIECE);
		errno = error;
		return error ? -1 : 0;
	}
	pthread_mutex_lock(&sink->lock);
	sink->filled++;
	pthread_cond_signal(&sink->changed);
	while (sink->filled - sink->emptied == ARCHIVE_PIECES)
		pthread_cond_wait(&sink->changed, &sink->lock);
	error = sink->error;
	pthread_mutex_unlock(&sink->lock);
	errno = error;
	return error ? -1 : 0;
}

int archive_sink_write(void *context, const void *bytes, size_t size)
{
	struct archive_sink *sink = context;

	for (size_t done = 0; done < size;) {
		char *piece = sink->pieces[sink->filled % ARCHIVE_PIECES];
		size_t left = ARCHIVE_PIECE - sink->used;
		size_t part = size - done < left ? size - done : left;

		memcpy(piece + sink->used, (const char *)bytes + done, part);
		sink->used += part;
		done += part;
		if (sink->used == ARCHIVE_PIECE && next_piece(sink) < 0)
			return -1;
	}
	return 0;
}

static void join(struct archive_sink *sink)
{
	if (!sink->threaded)
		return;
	pthread_mutex_lock(&sink->lock);
	sink->ended = true;
	pthread_cond_signal(&sink->changed);
	pthread_mutex_unlock(&sink->lock);
	pthread_join(sink->thread, NULL);
	sink->threaded = false;
}

int archive_sink_finish(struct archive_sink *sink, char ret[DIGEST_TEXT_SIZE])
{
	int error;

	join(sink);
	error = sink->error;
	if (error == 0 && sink->used > 0)
		error = hand_on(sink, sink->pieces[sink->filled % ARCHIVE_PIECES], sink->used);
	digest_finish(&sink->digest, ret);
	errno = error;
	return error ? -1 : 0;
}

void archive_sink_close(struct archive_sink *sink)
{
	join(sink);
	pthread_cond_destroy(&sink->changed);
	pthread_mutex_destroy(&sink->lock);
}
