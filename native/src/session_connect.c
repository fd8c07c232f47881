/* SPDX-License-Identifier: Apache-2.0 */
/* What a client of a monitor knows before its session begins. */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "scope.h"

struct attachment session_attachment(const struct attach_options *options, const struct plan *plan)
{
	struct attachment attached = {0};

	if (options->detach || plan->logging.driver == LOG_PASSTHROUGH)
		return attached;
	attached.input = options->input && plan->open_stdin;
	attached.outputs[STREAM_STDOUT] = options->output;
	attached.outputs[STREAM_STDERR] = options->error && !plan->terminal;
	return attached;
}

struct attachment session_early_attachment(struct attachment wanted, const struct plan *plan)
{
	if (plan->logging.driver == LOG_PASSTHROUGH)
		return (struct attachment){0};
	wanted.input = wanted.input && plan->open_stdin;
	wanted.outputs[STREAM_STDERR] = wanted.outputs[STREAM_STDERR] && !plan->terminal;
	return wanted;
}

struct winsize session_size(void)
{
	struct winsize size = {0};

	if (terminal_size(STDOUT_FILENO, &size) < 0 && terminal_size(STDIN_FILENO, &size) < 0)
		size = (struct winsize){0};
	return size;
}

int session_connect(const struct plan *plan)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_close int directory = -1, fd = -1;
	char path[PATH_MAX];
	struct ucred peer;
	socklen_t length = sizeof(peer);

	if (snprintf(path, sizeof(path), "%s/containers", plan->runtime_dir) >= (int)sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	directory = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (directory < 0)
		return -1;
	snprintf(address.sun_path, sizeof(address.sun_path), "/proc/self/fd/%d/%s.sock", directory,
		plan->id);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 ||
		retry_eintr(connect(fd, (const struct sockaddr *)&address, sizeof(address))) < 0)
		return -1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 || peer.uid != geteuid()) {
		errno = EACCES;
		return -1;
	}
	return take_fd(&fd);
}
