/* SPDX-License-Identifier: Apache-2.0 */
#include "relay.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "scope.h"

#define STEP "relay"

/* What somebody sends to a command to reach the process behind it. Job control stays with the
 * caller, faults are its own. */
static const int forwarded[] = {
	SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGCONT, SIGALRM, SIGWINCH};

static void fill_set(sigset_t *set)
{
	sigemptyset(set);
	for (size_t i = 0; i < array_size(forwarded); i++)
		sigaddset(set, forwarded[i]);
}

int relay_block_signals(struct failure *out)
{
	sigset_t set;

	fill_set(&set);
	/* A reader that goes away is noticed by the write. */
	if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
		return fail(out, errno, STEP, "cannot block signals");
	return 0;
}

static void forward_signal(const struct relay *relay, int signals)
{
	struct signalfd_siginfo info;
	struct winsize size;

	while (read(signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
		if (info.ssi_signo != SIGWINCH || relay->console < 0) {
			syscall(SYS_pidfd_send_signal, relay->pidfd, (int)info.ssi_signo, NULL, 0);
			continue;
		}
		if (terminal_size(0, &size) == 0 || terminal_size(1, &size) == 0)
			ioctl(relay->console, TIOCSWINSZ, &size);
	}
}

static void end_stream(struct relay_stream *stream)
{
	if (stream->owns_to && stream->to >= 0)
		close(stream->to);
	stream->from = stream->to = -1;
	stream->start = stream->end = 0;
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
	ssize_t put =
		write(stream->to, stream->buffer + stream->start, stream->end - stream->start);

	if (put < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* Nobody reads any more: go on reading, so that the process does not block. */
	if (put < 0)
		stream->start = stream->end;
	else
		stream->start += (size_t)put;
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
			fill_stream(relay, stream);
		}
	}
}

static void watch(const struct relay *relay, struct pollfd *polls)
{
	for (size_t i = 0; i < RELAY_STREAMS; i++) {
		const struct relay_stream *stream = &relay->streams[i];
		bool pending = stream->end > stream->start;

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
		if (stream->end > stream->start)
			flush_stream(stream);
		else if (fill_stream(relay, stream))
			return true;
	}
	return false;
}

int relay_run(struct relay *relay, int *ret_status, bool *ret_detached, struct failure *out)
{
	struct pollfd polls[RELAY_STREAMS + 2];
	auto_close int signals = -1;
	sigset_t set;

	fill_set(&set);
	signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	if (signals < 0)
		return fail(out, errno, STEP, "cannot watch signals");
	*ret_detached = false;
	for (;;) {
		watch(relay, polls);
		polls[RELAY_STREAMS] = (struct pollfd){.fd = signals, .events = POLLIN};
		polls[RELAY_STREAMS + 1] = (struct pollfd){.fd = relay->pidfd, .events = POLLIN};
		if (retry_eintr(poll(polls, array_size(polls), -1)) < 0)
			return fail(out, errno, STEP, "cannot wait for the process");
		if (polls[RELAY_STREAMS].revents)
			forward_signal(relay, signals);
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

int relay_leave_drain(int console, struct failure *out)
{
	static unsigned char rest[RELAY_BUFFER];
	int null;
	pid_t pid = fork();

	if (pid < 0)
		return fail(out, errno, STEP, "cannot leave a process for the terminal");
	if (pid > 0)
		return 0;
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	setsid();
	if (dup2(console, 3) < 0)
		_exit(1);
	for (int fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
	syscall(SYS_close_range, 4U, ~0U, 0U);
	fcntl(3, F_SETFL, 0);
	if (chdir("/") < 0)
		_exit(1);
	while (retry_eintr(read(3, rest, sizeof(rest))) > 0)
		;
	_exit(0);
}
