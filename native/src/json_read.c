/* SPDX-License-Identifier: Apache-2.0 */
#include "json_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "scope.h"

static json_t *unreadable(int error, json_error_t *ret)
{
	if (ret) {
		*ret = (json_error_t){.line = -1, .column = -1};
		snprintf(ret->text, sizeof(ret->text), "cannot be read: %s", strerror(error));
	}
	errno = error;
	return NULL;
}

json_t *json_read(int fd, size_t limit, size_t flags, json_error_t *error)
{
	auto_free char *text = NULL;
	struct stat file;
	size_t have = 0, size;
	json_t *document;

	if (fstat(fd, &file) < 0)
		return unreadable(errno, error);
	if (!S_ISREG(file.st_mode) || (uintmax_t)file.st_size > limit)
		return unreadable(S_ISREG(file.st_mode) ? EFBIG : EINVAL, error);
	size = (size_t)file.st_size;
	text = malloc(size + 1);
	if (!text)
		return unreadable(ENOMEM, error);
	while (have < size) {
		ssize_t got = retry_eintr(read(fd, text + have, size - have));

		if (got < 0)
			return unreadable(errno, error);
		if (got == 0)
			break;
		have += (size_t)got;
	}
	document = json_loadb(text, have, flags, error);
	if (!document)
		errno = 0;
	return document;
}

json_t *json_read_path(const char *path, size_t limit, size_t flags, json_error_t *error)
{
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	return fd < 0 ? unreadable(errno, error) : json_read(fd, limit, flags, error);
}
