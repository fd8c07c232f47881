/* SPDX-License-Identifier: Apache-2.0 */
#include "log_output.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "scope.h"
#include "utf8.h"

void log_output_begin(struct log_output *output, struct log *log)
{
	/* Filled as far as used: the buffer itself is left alone. */
	output->log = log;
	output->failed = false;
	output->used = 0;
	output->written = 0;
}

static void flush(struct log_output *output)
{
	size_t done = 0;

	while (!output->failed && done < output->used) {
		ssize_t written = retry_eintr(
			write(output->log->fd, output->bytes + done, output->used - done));

		if (written < 0) {
			if (!output->log->error)
				output->log->error = errno;
			output->failed = true;
		} else {
			done += (size_t)written;
			output->written += written;
			output->log->size += written;
		}
	}
	output->used = 0;
}

static void put(struct log_output *output, const char *text, size_t length)
{
	while (length > 0) {
		size_t part = sizeof(output->bytes) - output->used;

		if (part > length)
			part = length;
		memcpy(output->bytes + output->used, text, part);
		output->used += part;
		text += part;
		length -= part;
		if (output->used == sizeof(output->bytes))
			flush(output);
	}
}

void log_output_text(struct log_output *output, const char *text)
{
	put(output, text, strlen(text));
}

static bool is_plain(unsigned char byte)
{
	return byte >= 0x20 && byte < 0x80 && !strchr("\"\\<>&", byte);
}

/* Docker's choice of escapes, so that the same bytes give the same line. Returns how much of the
 * input was encoded. */
static size_t put_escape(struct log_output *output, const unsigned char *bytes, size_t left)
{
	int length = utf8_length(bytes, left);
	char text[8];

	if (length <= 0) {
		log_output_text(output, "\\ufffd");
		return 1;
	}
	if (length == 3 && memcmp(bytes, "\xe2\x80", 2) == 0 && (bytes[2] & 0xfe) == 0xa8)
		snprintf(text, sizeof(text), "\\u202%c", bytes[2] == 0xa8 ? '8' : '9');
	else if (length > 1)
		snprintf(text, sizeof(text), "%.*s", length, (const char *)bytes);
	else if (*bytes == '"' || *bytes == '\\')
		snprintf(text, sizeof(text), "\\%c", *bytes);
	else if (*bytes == '\n')
		snprintf(text, sizeof(text), "\\n");
	else if (*bytes == '\r')
		snprintf(text, sizeof(text), "\\r");
	else
		snprintf(text, sizeof(text), "\\u%04x", *bytes);
	log_output_text(output, text);
	return (size_t)length;
}

void log_output_string(struct log_output *output, const unsigned char *bytes, size_t length)
{
	size_t at = 0;

	while (at < length) {
		size_t plain = at;

		while (plain < length && is_plain(bytes[plain]))
			plain++;
		put(output, (const char *)bytes + at, plain - at);
		at = plain;
		if (at < length)
			at += put_escape(output, bytes + at, length - at);
	}
}

/* Half a record would make the whole file unreadable for some readers. */
void log_output_end(struct log_output *output)
{
	struct stat now;

	flush(output);
	if (output->failed && output->written > 0 && fstat(output->log->fd, &now) == 0 &&
		now.st_size >= output->written)
		(void)!ftruncate(output->log->fd, now.st_size - output->written);
	if (output->failed)
		output->log->size -= output->written;
}
