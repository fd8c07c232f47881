/* SPDX-License-Identifier: Apache-2.0 */
/* The container's log: a file in Docker's json-file format, one JSON object per line, or systemd's
 * journal. */
#ifndef LIGHTER_LOG_H
#define LIGHTER_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

#include "fail.h"
#include "journald.h"
#include "log_rotate.h"
#include "plan.h"

enum log_stream { LOG_STDOUT, LOG_STDERR, LOG_STREAM_COUNT };

/* The unfinished line of one stream; the memory exists only while there is one. */
struct log_line {
	unsigned char *bytes;
	size_t length;
	bool continued; /* the line's beginning was written already, at this time: */
	struct timespec since;
	unsigned parts;		 /* of a line that was cut, written so far */
	unsigned long long line; /* of the journal: the number of the first of them */
};

struct log {
	int fd;		    /* -1: no log */
	const char *path;   /* the plan's */
	long long size;	    /* of the file */
	long long max_size; /* the file is rotated before a record once it has as much; 0 = never */
	unsigned max_files;
	bool compress;
	struct log_compressor compressor;
	const char *attributes;	 /* the plan's */
	struct journald journal; /* without fields: the log is a file */
	struct log_line lines[LOG_STREAM_COUNT];
	int error; /* the first write error; records of that time are lost, later ones are tried */
};

/* A plan without a path wants no log. Appends to what is there. The plan must outlive the log. */
int log_open(struct log *log, const struct plan *plan, struct failure *out);

/* Never fails: what cannot be written is lost to the log and noted in log->error. */
void log_write(struct log *log, enum log_stream stream, const unsigned char *bytes, size_t length);

/* Writes the unfinished lines. */
void log_finish(struct log *log);
void log_close(struct log *log);

enum { TIMESTAMP_SIZE = 32 };

/* RFC 3339 in UTC with nanoseconds, without trailing zeros, as Go prints it. */
void format_timestamp(const struct timespec *time, char ret[TIMESTAMP_SIZE]);

#endif
