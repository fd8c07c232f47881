/* SPDX-License-Identifier: Apache-2.0 */
#include "streams.h"

#include <fcntl.h>
#include <string.h>

#include "scope.h"

static void close_slot(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static int set_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	return flags < 0 ? -1 : fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

static int open_pipe(int *ret_read, int *ret_write)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) < 0)
		return -1;
	*ret_read = pair[0];
	*ret_write = pair[1];
	return 0;
}

static int copy_fd(int from, int *ret)
{
	*ret = fcntl(from, F_DUPFD_CLOEXEC, 3);
	return *ret < 0 ? -1 : 0;
}

static int open_pipes(struct streams *streams, bool open_stdin, const int handed[3], int stdio[3])
{
	if (open_stdin && handed[0] >= 0) {
		if (copy_fd(handed[0], &stdio[0]) < 0)
			return -1;
	} else if (open_stdin) {
		if (open_pipe(&stdio[0], &streams->input) < 0 ||
			set_nonblocking(streams->input) < 0)
			return -1;
	} else {
		stdio[0] = open("/dev/null", O_RDONLY | O_CLOEXEC);
		if (stdio[0] < 0)
			return -1;
	}
	for (int i = 0; i < STREAM_COUNT; i++) {
		if (handed[i + 1] >= 0 ? copy_fd(handed[i + 1], &stdio[i + 1]) < 0
				       : open_pipe(&streams->outputs[i], &stdio[i + 1]) < 0 ||
						 set_nonblocking(streams->outputs[i]) < 0)
			return -1;
	}
	return 0;
}

int streams_open(struct streams *streams, const struct plan *plan, const int handed[3],
	int ret_stdio[3], struct failure *out)
{
	*streams = (struct streams){
		.input = -1, .outputs = {-1, -1}, .peer = -1, .terminal = plan->terminal};
	ret_stdio[0] = ret_stdio[1] = ret_stdio[2] = -1;
	if (plan->terminal || open_pipes(streams, plan->open_stdin, handed, ret_stdio) == 0)
		return 0;
	fail(out, errno, "streams", "cannot make the container's standard streams");
	streams_close(streams);
	for (int i = 0; i < 3; i++)
		close_slot(&ret_stdio[i]);
	return -1;
}

int streams_set_console(
	struct streams *streams, int console, const struct winsize *size, struct failure *out)
{
	streams->outputs[STREAM_STDOUT] = console;
	if (set_nonblocking(console) < 0)
		return fail(out, errno, "console", "cannot prepare the container's terminal");
	streams->peer = ioctl(console, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (streams->peer < 0)
		return fail(out, errno, "console", "cannot open the container's terminal");
	streams->input = fcntl(console, F_DUPFD_CLOEXEC, 5);
	if (streams->input < 0)
		return fail(out, errno, "console", "cannot write to the container's terminal");
	if (size && size->ws_row > 0 && size->ws_col > 0)
		streams_resize(streams, size);
	return 0;
}

void streams_resize(const struct streams *streams, const struct winsize *size)
{
	/* A container whose terminal is gone has nothing to resize. */
	if (streams->terminal && streams->outputs[STREAM_STDOUT] >= 0)
		(void)!ioctl(streams->outputs[STREAM_STDOUT], TIOCSWINSZ, size);
}

ssize_t streams_read(struct streams *streams, int stream, unsigned char chunk[STREAM_CHUNK])
{
	ssize_t got;

	if (streams->outputs[stream] < 0)
		return -1;
	got = retry_eintr(read(streams->outputs[stream], chunk, STREAM_CHUNK));
	if (got > 0)
		return got;
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
		return 0;
	/* End of file; for a terminal that is EIO. */
	close_slot(&streams->outputs[stream]);
	return -1;
}

size_t streams_write(struct streams *streams, const unsigned char *bytes, size_t length)
{
	size_t done = 0;

	while (done < length && streams->input >= 0) {
		ssize_t written = retry_eintr(write(streams->input, bytes + done, length - done));

		if (written >= 0) {
			done += (size_t)written;
			continue;
		}
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return done;
		close_slot(&streams->input);
	}
	return length;
}

void streams_close_input(struct streams *streams)
{
	/* A terminal has no end of input of its own. */
	if (!streams->terminal)
		close_slot(&streams->input);
}

void streams_release_terminal(struct streams *streams)
{
	close_slot(&streams->peer);
	close_slot(&streams->input);
}

bool streams_ended(const struct streams *streams)
{
	return streams->outputs[STREAM_STDOUT] < 0 && streams->outputs[STREAM_STDERR] < 0;
}

void streams_close(struct streams *streams)
{
	close_slot(&streams->input);
	close_slot(&streams->peer);
	for (int i = 0; i < STREAM_COUNT; i++)
		close_slot(&streams->outputs[i]);
}
