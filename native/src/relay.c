/* SPDX-License-Identifier: Apache-2.0 */
#include "relay.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "exec_trace.h"
#include "scope.h"

#define STEP "relay"

/* What poll promises that a pipe takes without waiting; what one splice moves at most. */
enum { PIPE_CHUNK = 4096, SPLICE_CHUNK = 1024 * 1024 };

/* A terminal's settings are put back even when it is another's turn to use it. */
static const int blocked[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTTOU, SIGWINCH};

int relay_block_signals(struct failure *out)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < array_size(blocked); i++)
		sigaddset(&set, blocked[i]);
	/* A reader that goes away is noticed by the write. */
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return fail(out, errno, STEP, "cannot block signals");
	return 0;
}

static void forward_size(const struct relay *relay, int signals)
{
	struct signalfd_siginfo info;
	struct winsize size;

	while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (relay->console < 0)
			continue;
		if ((relay->request && exec_trace_take_size(relay->request, &size) == 0) ||
			terminal_size(0, &size) == 0 || terminal_size(1, &size) == 0)
			ioctl(relay->console, TIOCSWINSZ, &size);
	}
}

static void end_stream(struct relay_stream *stream)
{
	if (stream->owns_to && stream->to >= 0)
		close(stream->to);
	if (stream->owns_from && stream->from >= 0)
		close(stream->from);
	stream->from = stream->to = -1;
	stream->start = stream->end = 0;
	stream->full = false;
}

/* Returns true when the detach keys were completed. */
static bool fill_stream(struct relay *relay, struct relay_stream *stream)
{
	unsigned char input[RELAY_BUFFER];
	ssize_t got = read(stream->from, stream->detaches ? input : stream->buffer, RELAY_BUFFER);
	bool detached = false;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return false;
	/* EIO: the last user of the terminal closed it. */
	if (got <= 0) {
		end_stream(stream);
		return false;
	}
	stream->start = 0;
	stream->end = (size_t)got;
	if (stream->detaches)
		detached = detach_keys_filter(
			&relay->keys, input, (size_t)got, stream->buffer, &stream->end);
	return detached;
}

static void flush_stream(struct relay_stream *stream)
{
	size_t length = stream->end - stream->start;
	ssize_t put = write(stream->to, stream->buffer + stream->start,
		length > PIPE_CHUNK ? PIPE_CHUNK : length);

	if (put < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* Nobody reads any more: the process is told as any filter is, or, on a terminal, its
	 * output is dropped. */
	if (put < 0 && stream->owns_from && !stream->drops)
		end_stream(stream);
	else if (put < 0)
		stream->start = stream->end;
	else
		stream->start += (size_t)put;
}

/* Moves what is there from pipe to pipe. Whether the caller's is non-blocking is the caller's
 * choice: the flag counts for this call alone. */
static void splice_stream(struct relay_stream *stream, unsigned flags)
{
	ssize_t moved = splice(stream->from, NULL, stream->to, NULL, SPLICE_CHUNK, flags);

	if (moved > 0)
		stream->full = false;
	else if (moved == 0)
		end_stream(stream);
	else if (errno == EAGAIN)
		/* The end that was waited for is ready: it is the other one. */
		stream->full = !stream->full;
	else if (errno != EINTR)
		/* Nobody reads any more, or the caller's descriptors were let go. */
		stream->splices = stream->full = false;
}

/* What the process wrote before it ended is still on the way: takes what is there, waits for
 * nothing. */
static void drain(struct relay *relay)
{
	for (size_t i = 0; i < RELAY_STREAMS; i++) {
		struct relay_stream *stream = &relay->streams[i];

		if (stream->detaches || stream->owns_to)
			continue;
		for (;;) {
			struct pollfd ready = {.fd = stream->from, .events = POLLIN};

			while (stream->end > stream->start)
				flush_stream(stream);
			if (stream->from < 0 || poll(&ready, 1, 0) <= 0)
				break;
			if (stream->splices)
				splice_stream(stream, 0);
			else
				fill_stream(relay, stream);
		}
	}
}

static void watch(const struct relay *relay, struct pollfd *polls)
{
	for (size_t i = 0; i < RELAY_STREAMS; i++) {
		const struct relay_stream *stream = &relay->streams[i];
		bool pending = stream->end > stream->start || stream->full;

		polls[i] = (struct pollfd){.fd = pending ? stream->to : stream->from,
			.events = pending ? POLLOUT : POLLIN};
	}
}

static bool carry(struct relay *relay, const struct pollfd *polls)
{
	for (size_t i = 0; i < RELAY_STREAMS; i++) {
		struct relay_stream *stream = &relay->streams[i];

		if (!polls[i].revents)
			continue;
		if (stream->splices)
			splice_stream(stream, SPLICE_F_NONBLOCK);
		else if (stream->end > stream->start)
			flush_stream(stream);
		else if (fill_stream(relay, stream))
			return true;
	}
	return false;
}

void relay_leave_client(struct relay *relay)
{
	auto_close int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	terminal_restore();
	relay->client = relay->control = -1;
	setsid();
	for (int fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
}

void relay_drop_rest(struct relay *relay)
{
	relay_leave_client(relay);
	end_stream(&relay->streams[0]);
	for (;;) {
		struct pollfd polls[RELAY_STREAMS];

		watch(relay, polls);
		if (polls[1].fd < 0 && polls[2].fd < 0)
			return;
		if (retry_eintr(poll(polls, array_size(polls), -1)) < 0)
			return;
		carry(relay, polls);
	}
}

/* Whether there is nobody any more at the other end; nothing is said there. */
static bool is_over(int control)
{
	unsigned char said[64];
	ssize_t got = read(control, said, sizeof(said));

	return got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
}

int relay_run(struct relay *relay, int *ret_status, bool *ret_detached, struct failure *out)
{
	struct pollfd polls[RELAY_STREAMS + 4];
	auto_close int signals = -1;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return fail(out, errno, STEP, "cannot watch signals");
	*ret_detached = false;
	for (;;) {
		watch(relay, polls);
		polls[RELAY_STREAMS] = (struct pollfd){.fd = signals, .events = POLLIN};
		polls[RELAY_STREAMS + 1] = (struct pollfd){.fd = relay->pidfd, .events = POLLIN};
		polls[RELAY_STREAMS + 2] = (struct pollfd){.fd = relay->client};
		polls[RELAY_STREAMS + 3] = (struct pollfd){.fd = relay->control, .events = POLLIN};
		if (retry_eintr(poll(polls, array_size(polls), -1)) < 0)
			return fail(out, errno, STEP, "cannot wait for the process");
		if (polls[RELAY_STREAMS].revents)
			forward_size(relay, signals);
		if (polls[RELAY_STREAMS + 2].revents ||
			(polls[RELAY_STREAMS + 3].revents && is_over(relay->control)))
			relay_leave_client(relay);
		if (carry(relay, polls)) {
			*ret_detached = true;
			return 0;
		}
		if (polls[RELAY_STREAMS + 1].revents)
			break;
	}
	if (retry_eintr(waitpid(relay->pid, ret_status, 0)) < 0)
		return fail(out, errno, STEP, "cannot wait for the process");
	drain(relay);
	return 0;
}
