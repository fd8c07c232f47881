/* SPDX-License-Identifier: Apache-2.0 */
#include "clients_waiting.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "scope.h"
#include "session.h"

/* -1: it is no name of one who waits. */
static int read_streams(const char *name, struct attachment *ret)
{
	*ret = (struct attachment){0};
	for (; *name && *name != '.'; name++)
		if (*name == 'i')
			ret->input = true;
		else if (*name == 'o')
			ret->outputs[STREAM_STDOUT] = true;
		else if (*name == 'e')
			ret->outputs[STREAM_STDERR] = true;
		else
			return -1;
	return *name == '.' && name[1] ? 0 : -1;
}

static int connect_to(int directory, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	/* Through the descriptor the address stays short, however long the directory's path is. */
	if (fd < 0 || snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s",
			      directory, name) >= (int)sizeof(address.sun_path))
		return -1;
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return take_fd(&fd);
	/* Left by one that was killed. */
	if (errno == ECONNREFUSED)
		unlinkat(directory, name, 0);
	return -1;
}

void clients_connect_waiting(struct clients *clients, const struct plan *plan)
{
	char path[PATH_MAX];

	if (snprintf(path, sizeof(path), "%s/containers/%s.waiting", plan->runtime_dir, plan->id) >=
		(int)sizeof(path))
		return;
	auto_closedir DIR *stream = opendir(path);
	const struct dirent *entry;

	while (stream && (entry = readdir(stream))) {
		struct attachment attached;
		struct client *client = NULL;
		int fd = read_streams(entry->d_name, &attached) < 0
				 ? -1
				 : connect_to(dirfd(stream), entry->d_name);

		if (fd >= 0)
			client = clients_add(clients, fd);
		if (client)
			client->attached = session_early_attachment(attached, plan);
	}
	/* It is there while somebody waits. */
	if (stream)
		(void)rmdir(path);
}
