/* SPDX-License-Identifier: Apache-2.0 */
#include "hosts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scope.h"

#define STEP "network"

enum { HOSTS_MAX = 1024 * 1024 };

static int make_line(
	const struct plan_network *network, const char *address, char **ret, struct failure *out)
{
	int length = asprintf(ret, "%s\t%s\n", address, network->hosts_names);

	if (length >= 0)
		return length;
	*ret = NULL;
	return fail(out, ENOMEM, STEP, "cannot write %s", network->hosts_file);
}

static bool has_file(const struct plan_network *network)
{
	return network->hosts_file && network->hosts_names && network->hosts_names[0];
}

/* One write, so that a reader never sees half a line. */
int hosts_add(const struct plan_network *network, const char *address, struct failure *out)
{
	auto_free char *line = NULL;
	int length;

	if (!has_file(network))
		return 0;
	length = make_line(network, address, &line, out);
	if (length < 0)
		return -1;
	auto_close int fd = open(network->hosts_file, O_WRONLY | O_APPEND | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || retry_eintr(write(fd, line, (size_t)length)) != length)
		return fail(out, errno, STEP, "cannot write %s", network->hosts_file);
	return 0;
}

/* What comes after the line moves to its place. */
static int cut(int fd, size_t size, const char *line, size_t length)
{
	auto_free char *text = malloc(size + 1);
	char *found;
	size_t rest;

	if (!text || pread(fd, text, size, 0) != (ssize_t)size) {
		errno = EIO;
		return -1;
	}
	text[size] = '\0';
	found = memmem(text, size, line, length);
	if (!found || (found > text && found[-1] != '\n'))
		return 0;
	rest = size - (size_t)(found - text) - length;
	if (pwrite(fd, found + length, rest, found - text) != (ssize_t)rest)
		return -1;
	return ftruncate(fd, (off_t)(size - length));
}

int hosts_remove(const struct plan_network *network, const char *address, struct failure *out)
{
	auto_free char *line = NULL;
	struct stat file;
	int length;

	if (!has_file(network))
		return 0;
	length = make_line(network, address, &line, out);
	if (length < 0)
		return -1;
	auto_close int fd = open(network->hosts_file, O_RDWR | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0 || fstat(fd, &file) < 0)
		return fail(out, errno, STEP, "cannot change %s", network->hosts_file);
	/* The container may have made of it what it liked. */
	if (!S_ISREG(file.st_mode) || file.st_size > HOSTS_MAX)
		return 0;
	if (cut(fd, (size_t)file.st_size, line, (size_t)length) < 0)
		return fail(out, errno, STEP, "cannot change %s", network->hosts_file);
	return 0;
}
