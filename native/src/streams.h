/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's ends of the container's standard streams: pipes or a pseudo terminal. */
#ifndef LIGHTER_STREAMS_H
#define LIGHTER_STREAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/types.h>

#include "fail.h"
#include "plan.h"

enum { STREAM_STDOUT, STREAM_STDERR, STREAM_COUNT, STREAM_CHUNK = 16384 };

struct streams {
	int input;		   /* written to; -1 = closed or never there */
	int outputs[STREAM_COUNT]; /* read from; -1 = at its end; a terminal has only the first */
	int peer; /* the terminal's other side, so that it does not hang up meanwhile */
	bool terminal;
};

/* Makes the pipes; ret_stdio are the container's ends (close-on-exec, -1 with a terminal). What is
 * handed on, when it is not -1, is used in their stead. */
int streams_open(struct streams *streams, const struct plan *plan, const int handed[3],
	int ret_stdio[3], struct failure *out);

/* Takes over the master of the container's terminal. */
int streams_set_console(
	struct streams *streams, int console, const struct winsize *size, struct failure *out);

void streams_resize(const struct streams *streams, const struct winsize *size);

/* Reads a chunk: its length, 0 = nothing at the moment, -1 = the stream ended and was closed. */
ssize_t streams_read(struct streams *streams, int stream, unsigned char chunk[STREAM_CHUNK]);

/* Writes to standard input: the number of bytes taken; what nobody reads any more counts as
 * taken. */
size_t streams_write(struct streams *streams, const unsigned char *bytes, size_t length);

void streams_close_input(struct streams *streams);

/* The container is dead: its terminal may hang up, which ends the output after the last byte. */
void streams_release_terminal(struct streams *streams);

bool streams_ended(const struct streams *streams);
void streams_close(struct streams *streams);

#endif
