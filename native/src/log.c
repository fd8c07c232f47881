/* SPDX-License-Identifier: Apache-2.0 */
#include "log.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "log_output.h"
#include "scope.h"
#include "utf8.h"

/* A longer line is cut into records; only the last of them ends in a newline. */
enum { LOG_RECORD_MAX = 16384 };

static const char *const stream_names[] = {"stdout", "stderr"};

static int open_file(const char *path, int flags)
{
	return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW | flags, 0600);
}

int log_open(struct log *log, const struct plan *plan, struct failure *out)
{
	struct stat file;

	*log = (struct log){.fd = -1, .compressor = {.pipe = -1}};
	if (plan->logging.driver == LOG_JOURNALD) {
		if (journald_open(&log->journal, &plan->logging, out) < 0)
			return -1;
		log->fd = log->journal.fd;
		return 0;
	}
	if (!plan->log_path)
		return 0;
	log->path = plan->log_path;
	log->max_size = plan->logging.max_size;
	log->max_files = plan->logging.max_files;
	log->compress = plan->logging.compress;
	log->attributes = plan->logging.attributes;
	log->fd = open_file(log->path, 0);
	if (log->fd < 0 || fstat(log->fd, &file) < 0)
		return fail(out, errno, "log", "cannot open the log %s", log->path);
	log->size = file.st_size;
	return 0;
}

void format_timestamp(const struct timespec *time, char ret[TIMESTAMP_SIZE])
{
	struct tm parts;
	size_t length;

	gmtime_r(&time->tv_sec, &parts);
	length = strftime(ret, TIMESTAMP_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
	if (time->tv_nsec > 0) {
		length += (size_t)snprintf(
			ret + length, TIMESTAMP_SIZE - length, ".%09ld", time->tv_nsec);
		while (ret[length - 1] == '0')
			length--;
	}
	ret[length] = 'Z';
	ret[length + 1] = '\0';
}

/* Where that fails, the log grows beyond its size: nothing is lost. While the last file is still
 * being compressed it may grow to twice its size; then it waits. */
static void rotate(struct log *log)
{
	int fd;

	if (!log_compressor_idle(&log->compressor, log->size / 2 >= log->max_size) ||
		log_shift(log->path, log->max_files) < 0)
		return;
	fd = open_file(log->path, log->max_files < 2 ? O_TRUNC : 0);
	if (fd < 0)
		return;
	close(log->fd);
	log->fd = fd;
	log->size = 0;
	if (log->compress && log->max_files > 1)
		log_compress(&log->compressor, log->path);
}

static void send_entry(struct log *log, enum log_stream stream, const unsigned char *bytes,
	size_t length, bool whole)
{
	struct log_line *line = &log->lines[stream];
	struct journald_entry entry = {.error = stream == LOG_STDERR,
		.bytes = bytes,
		.length = length,
		.time = &line->since,
		.last = whole};

	if (!line->continued)
		line->line = log->journal.ordinal + 1;
	if (line->continued || !whole)
		entry.part = ++line->parts;
	entry.line = line->line;
	if (journald_send(&log->journal, &entry) < 0 && !log->error)
		log->error = errno;
	if (whole)
		line->parts = 0;
}

static void write_record(struct log *log, enum log_stream stream, const unsigned char *bytes,
	size_t length, bool whole)
{
	struct log_line *line = &log->lines[stream];
	struct log_output output;
	char time[TIMESTAMP_SIZE];

	/* All records of a cut line carry the time of the first. */
	if (!line->continued)
		clock_gettime(CLOCK_REALTIME, &line->since);
	if (log->journal.fields) {
		send_entry(log, stream, bytes, length, whole);
		line->continued = !whole;
		return;
	}
	if (log->max_size > 0 && log->size >= log->max_size)
		rotate(log);
	log_output_begin(&output, log);
	format_timestamp(&line->since, time);
	log_output_text(&output, "{\"log\":\"");
	log_output_string(&output, bytes, length);
	log_output_text(&output, whole ? "\\n\",\"stream\":\"" : "\",\"stream\":\"");
	log_output_text(&output, stream_names[stream]);
	if (log->attributes) {
		log_output_text(&output, "\",\"attrs\":");
		log_output_text(&output, log->attributes);
		log_output_text(&output, ",\"time\":\"");
	} else {
		log_output_text(&output, "\",\"time\":\"");
	}
	log_output_text(&output, time);
	log_output_text(&output, "\"}\n");
	log_output_end(&output);
	line->continued = !whole;
}

/* How much of a cut line goes into this record: no character is cut in two. */
static size_t record_end(const unsigned char *bytes, size_t length)
{
	for (size_t back = 1; back <= 3 && back < length; back++)
		if ((bytes[length - back] & 0xc0) == 0xc0)
			return utf8_length(bytes + length - back, back) < 0 ? length - back
									    : length;
	return length;
}

static void drop_line(struct log_line *line)
{
	free(line->bytes);
	line->bytes = NULL;
	line->length = 0;
}

static void keep_rest(
	struct log *log, enum log_stream stream, const unsigned char *bytes, size_t length)
{
	struct log_line *line = &log->lines[stream];

	if (length == 0)
		return;
	if (!line->bytes)
		line->bytes = malloc(LOG_RECORD_MAX);
	if (!line->bytes) {
		/* No memory to wait for the line's end: a record now is better than a hole. */
		write_record(log, stream, bytes, length, false);
		return;
	}
	while (length > 0) {
		size_t part = LOG_RECORD_MAX - line->length;
		size_t end;

		if (part > length)
			part = length;
		memcpy(line->bytes + line->length, bytes, part);
		line->length += part;
		bytes += part;
		length -= part;
		if (line->length < LOG_RECORD_MAX)
			break;
		end = record_end(line->bytes, line->length);
		write_record(log, stream, line->bytes, end, false);
		line->length -= end;
		memmove(line->bytes, line->bytes + end, line->length);
	}
}

void log_write(struct log *log, enum log_stream stream, const unsigned char *bytes, size_t length)
{
	struct log_line *line = &log->lines[stream];

	while (log->fd >= 0 && length > 0) {
		const unsigned char *end = memchr(bytes, '\n', length);
		size_t part = end ? (size_t)(end - bytes) : length;

		if (!end || line->bytes || part > LOG_RECORD_MAX)
			keep_rest(log, stream, bytes, part);
		if (!end)
			return;
		if (line->bytes)
			write_record(log, stream, line->bytes, line->length, true);
		else
			write_record(log, stream, bytes, part, true);
		drop_line(line);
		bytes += part + 1;
		length -= part + 1;
	}
}

void log_finish(struct log *log)
{
	for (int i = 0; log->fd >= 0 && i < LOG_STREAM_COUNT; i++) {
		struct log_line *line = &log->lines[i];

		if (line->length > 0)
			write_record(log, (enum log_stream)i, line->bytes, line->length, false);
		drop_line(line);
		line->continued = false;
		line->parts = 0;
	}
}

void log_close(struct log *log)
{
	for (int i = 0; i < LOG_STREAM_COUNT; i++)
		drop_line(&log->lines[i]);
	(void)log_compressor_idle(&log->compressor, true);
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
}
