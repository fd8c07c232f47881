/* SPDX-License-Identifier: Apache-2.0 */
#include "account.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "path.h"
#include "scope.h"

enum { MAXIMUM_BYTES = 10 << 20, FIELD_NAME = 0, FIELD_ID = 2 };

struct slice {
	const char *start;
	size_t length;
};

/* A field of one line; empty when the line has fewer. */
static struct slice field_of(struct slice line, int index)
{
	const char *end = line.start + line.length;

	for (; index > 0; index--) {
		const char *colon = memchr(line.start, ':', (size_t)(end - line.start));

		if (!colon)
			return (struct slice){end, 0};
		line.start = colon + 1;
	}
	const char *colon = memchr(line.start, ':', (size_t)(end - line.start));

	return (struct slice){line.start, (size_t)((colon ? colon : end) - line.start)};
}

static bool same(struct slice left, struct slice right)
{
	return left.length == right.length && memcmp(left.start, right.start, left.length) == 0;
}

static bool is_known(const char *text, size_t size, const char *entry)
{
	const struct slice wanted = {entry, strlen(entry)};
	const char *end = text + size;

	while (text < end) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		const struct slice line = {text, (size_t)((newline ? newline : end) - text)};

		if (same(field_of(line, FIELD_NAME), field_of(wanted, FIELD_NAME)) ||
			same(field_of(line, FIELD_ID), field_of(wanted, FIELD_ID)))
			return true;
		text += line.length + 1;
	}
	return false;
}

/* Opens /etc/FILE for reading and appending, without following a link of the image's. */
static int open_database(int root, const char *file)
{
	auto_close int etc = path_open(root, "etc", O_PATH | O_DIRECTORY, PATH_NO_LINKS);
	int fd;

	if (etc < 0)
		return -1;
	/* Looked at before it is opened: a device or a fifo of the image's may do anything then. */
	auto_close int seen = path_open(etc, file, O_PATH | O_NOFOLLOW, PATH_NO_LINKS);
	struct stat status;

	if (seen >= 0 && (fstat(seen, &status) < 0 || !S_ISREG(status.st_mode)))
		return -1;
	fd = openat(etc, file,
		O_RDWR | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC |
			(seen < 0 ? O_CREAT | O_EXCL : 0),
		0644);
	if (fd >= 0 && seen < 0)
		(void)!fchmod(fd, 0644);
	return fd;
}

int account_read(int fd, const char *line, char **ret)
{
	auto_free char *text = NULL;
	struct stat status;
	size_t have = 0, more = strlen(line) + sizeof("\n\n");

	*ret = NULL;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode) || status.st_size > MAXIMUM_BYTES)
		return -1;
	text = malloc((size_t)status.st_size + more);
	if (!text)
		return -1;
	while (have < (size_t)status.st_size) {
		ssize_t got = retry_eintr(read(fd, text + have, (size_t)status.st_size - have));

		if (got < 0)
			return -1;
		if (got == 0)
			break;
		have += (size_t)got;
	}
	if (is_known(text, have, line))
		return (int)have;
	snprintf(text + have, more, "%s%s\n", have > 0 && text[have - 1] != '\n' ? "\n" : "", line);
	*ret = take(text);
	return (int)have;
}

void account_add(int root_fd, const char *file, const char *line)
{
	auto_close int fd = open_database(root_fd, file);
	auto_free char *text = NULL;
	int have = fd < 0 ? -1 : account_read(fd, line, &text);

	if (have >= 0 && text)
		(void)!retry_eintr(write(fd, text + have, strlen(text + have)));
}
