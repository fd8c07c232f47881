/* SPDX-License-Identifier: Apache-2.0 */
#include "exec_streams.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scope.h"
#include "terminal.h"

#define STEP "exec"

/* The process shall not hold the caller's own terminal without being given one (it could type into
 * it), nor a pipe whose other end waits for the command to end: the process may live longer. A file
 * is handed on as it is. */
static bool is_relayed(int fd)
{
	struct stat file;

	return isatty(fd) ||
	       (fstat(fd, &file) == 0 && (S_ISFIFO(file.st_mode) || S_ISSOCK(file.st_mode)));
}

static bool is_pipe(int fd)
{
	struct stat file;

	return fstat(fd, &file) == 0 && S_ISFIFO(file.st_mode);
}

static bool is_same_file(int one, int other)
{
	struct stat first, second;

	return fstat(one, &first) == 0 && fstat(other, &second) == 0 &&
	       first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

int exec_streams_prepare(
	const struct exec_request *request, struct relay *relay, int stdio[3], struct failure *out)
{
	for (int fd = 0; fd < 3; fd++) {
		struct relay_stream *stream = &relay->streams[fd];
		int ends[2];

		stdio[fd] = fd;
		if (request->detach || (fd == 0 && !request->stdin_open)) {
			stdio[fd] = open("/dev/null", O_RDWR | O_CLOEXEC);
			if (stdio[fd] < 0)
				return fail(out, errno, STEP, "cannot open /dev/null");
			continue;
		}
		if (!is_relayed(fd))
			continue;
		/* What is written to both keeps its order. */
		if (fd == 2 && stdio[1] > 2 && is_same_file(1, 2)) {
			stdio[2] = stdio[1];
			continue;
		}
		if (pipe2(ends, O_CLOEXEC) < 0)
			return fail(out, errno, STEP, "cannot make a pipe");
		stdio[fd] = ends[fd == 0 ? 0 : 1];
		stream->splices = is_pipe(fd);
		if (fd == 0) {
			stream->from = 0;
			stream->to = ends[1];
			stream->owns_to = true;
			fcntl(stream->to, F_SETFL, O_NONBLOCK);
		} else {
			stream->from = ends[0];
			stream->owns_from = true;
			stream->to = fd;
		}
	}
	return 0;
}

/* The process has them now: an end kept here would hide the end of file. */
void exec_streams_close(const int stdio[3])
{
	for (int fd = 0; fd < 3; fd++)
		if (stdio[fd] > 2 && (fd != 2 || stdio[2] != stdio[1]))
			close(stdio[fd]);
}

int exec_streams_terminal(
	const struct exec_request *request, struct relay *relay, int console, struct failure *out)
{
	struct winsize size;

	relay->console = console;
	if (request->detach)
		return 0;
	/* The size may have changed since the request was written. */
	if (terminal_size(0, &size) == 0 || terminal_size(1, &size) == 0)
		ioctl(console, TIOCSWINSZ, &size);
	fcntl(console, F_SETFL, O_NONBLOCK);
	relay->streams[1].from = console;
	relay->streams[1].to = 1;
	if (!request->stdin_open)
		return 0;
	relay->streams[0].from = 0;
	relay->streams[0].to = console;
	relay->streams[0].detaches = true;
	return isatty(0) ? terminal_raw(0, out) : 0;
}
