/* SPDX-License-Identifier: Apache-2.0 */
#include "uplink.h"
#include "uplink_program.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capture.h"
#include "scope.h"

#define STEP "uplink"

enum { SENT_NETNS, SENT_EXIT, SENT_READY, SENT_ERRORS, SENT_COUNT };

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(SENT_COUNT * sizeof(int))];
};

static int send_descriptors(int socket, const int fds[SENT_COUNT])
{
	char byte = 0;
	struct iovec part = {.iov_base = &byte, .iov_len = 1};
	union control control = {0};
	struct msghdr header = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *item = CMSG_FIRSTHDR(&header);

	item->cmsg_level = SOL_SOCKET;
	item->cmsg_type = SCM_RIGHTS;
	item->cmsg_len = CMSG_LEN(SENT_COUNT * sizeof(int));
	memcpy(CMSG_DATA(item), fds, SENT_COUNT * sizeof(int));
	return retry_eintr(sendmsg(socket, &header, MSG_NOSIGNAL)) == 1 ? 0 : -1;
}

static int receive_descriptors(int socket, int fds[SENT_COUNT])
{
	char byte;
	struct iovec part = {.iov_base = &byte, .iov_len = 1};
	union control control = {0};
	struct msghdr header = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *item;

	if (retry_eintr(recvmsg(socket, &header, MSG_CMSG_CLOEXEC)) != 1)
		return -1;
	item = CMSG_FIRSTHDR(&header);
	if (!item || item->cmsg_type != SCM_RIGHTS ||
		item->cmsg_len != CMSG_LEN(SENT_COUNT * sizeof(int)))
		return -1;
	memcpy(fds, CMSG_DATA(item), SENT_COUNT * sizeof(int));
	return 0;
}

/* "PID START-TIME BOOT-ID NAMESPACE". The namespace tells it from the uplink of an earlier
 * namespace that is about to end; its inode number is not given away while that uplink lives, for
 * it holds it open. */
static int write_record(const char *record, int netns)
{
	struct identity self;
	struct stat status;
	char draft[4096], text[128];
	int length;

	if (identity_of(getpid(), &self) < 0 || fstat(netns, &status) < 0)
		return -1;
	length = snprintf(draft, sizeof(draft), "%s.%d", record, (int)self.pid);
	if (length < 0 || (size_t)length >= sizeof(draft))
		return -1;
	length = snprintf(text, sizeof(text), "%d %llu %s %llu\n", (int)self.pid, self.start_time,
		self.boot_id, (unsigned long long)status.st_ino);
	auto_close int fd = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	if (fd < 0 || write(fd, text, (size_t)length) != length || rename(draft, record) < 0)
		return -1;
	return 0;
}

int uplink_read_record(const char *record, int netns, struct identity *ret)
{
	char text[128];
	auto_close int fd = open(record, O_RDONLY | O_CLOEXEC);
	struct identity identity = {0};
	unsigned long long inode;
	struct stat status;
	ssize_t length;

	if (fd < 0)
		return -1;
	length = retry_eintr(read(fd, text, sizeof(text) - 1));
	if (length <= 0)
		return 0;
	text[length] = '\0';
	if (sscanf(text, "%d %llu %36s %llu", &identity.pid, &identity.start_time, identity.boot_id,
		    &inode) != 4 ||
		fstat(netns, &status) < 0 || status.st_ino != inode || !identity_alive(&identity))
		return 0;
	*ret = identity;
	return 1;
}

/* Puts the descriptors where the wrapper expects them and closes everything else: among it are the
 * container's own streams and its lock. */
static int arrange_descriptors(int fds[SENT_COUNT])
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	for (int i = 0; i < SENT_COUNT; i++)
		fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 16);
	null = fcntl(null, F_DUPFD_CLOEXEC, 16);
	if (dup2(null, 0) < 0 || dup2(null, 1) < 0 || dup2(fds[SENT_ERRORS], 2) < 0 ||
		dup2(fds[SENT_NETNS], UPLINK_FD_NETNS) < 0 ||
		dup2(fds[SENT_EXIT], UPLINK_FD_EXIT) < 0 ||
		dup2(fds[SENT_READY], UPLINK_FD_READY) < 0)
		return -1;
	return (int)syscall(SYS_close_range, UPLINK_FD_READY + 1, ~0U, 0);
}

/* Forked once more, so that the uplink is nobody's child and the starter is reaped at once. */
static void starter_main(const struct plan *plan, const char *record, bool outside, int socket)
	__attribute__((noreturn));

static void starter_main(const struct plan *plan, const char *record, bool outside, int socket)
{
	int fds[SENT_COUNT];
	pid_t pid;

	if (setsid() < 0 || receive_descriptors(socket, fds) < 0)
		_exit(0);
	pid = fork();
	if (pid != 0)
		_exit(pid < 0 ? 1 : 0);
	pid = getpid();
	if (record && write_record(record, fds[SENT_NETNS]) < 0)
		_exit(1);
	if (retry_eintr(write(socket, &pid, sizeof(pid))) != (ssize_t)sizeof(pid) ||
		arrange_descriptors(fds) < 0)
		_exit(1);
	uplink_become(plan, outside);
}

int uplink_prepare(const struct plan *plan, const char *record, bool outside,
	struct uplink_starter *ret, struct failure *out)
{
	int ends[2];
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return fail(out, errno, STEP, "cannot make a socket");
	auto_close int own = ends[0];
	auto_close int theirs = ends[1];

	pid = fork();
	if (pid < 0)
		return fail(out, errno, STEP, "cannot fork");
	if (pid == 0) {
		close(own);
		starter_main(plan, record, outside, theirs);
	}
	*ret = (struct uplink_starter){pid, take_fd(&own), uplink_name(plan)};
	return 0;
}

void uplink_dismiss(struct uplink_starter *starter)
{
	if (starter->socket < 0)
		return;
	close(take_fd(&starter->socket));
	retry_eintr(waitpid(starter->pid, NULL, 0));
}

int uplink_start(struct uplink_starter *starter, int netns, int exit_pipe, struct uplink *ret,
	struct failure *out)
{
	auto_close int errors = capture_open();
	int ready[2];
	pid_t pid = 0;

	if (errors < 0 || pipe2(ready, O_CLOEXEC) < 0)
		return fail(out, errno, STEP, "cannot prepare the uplink");
	auto_close int ready_reader = ready[0];
	auto_close int ready_writer = ready[1];
	const int fds[SENT_COUNT] = {netns, exit_pipe, ready_writer, errors};

	if (send_descriptors(starter->socket, fds) < 0 ||
		retry_eintr(read(starter->socket, &pid, sizeof(pid))) != (ssize_t)sizeof(pid))
		return fail(out, 0, STEP, "the process that starts the way out died");
	ret->name = starter->name;
	ret->pid = pid;
	ret->ready = take_fd(&ready_reader);
	ret->errors = take_fd(&errors);
	return 0;
}

/* slirp4netns says "1"; pasta writes a line with its pid, perhaps after lines of warnings. */
static bool says_ready(const char *text)
{
	while (*text) {
		if (*text >= '0' && *text <= '9')
			return true;
		text += strcspn(text, "\n");
		text += *text == '\n';
	}
	return false;
}

static long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000L + now.tv_nsec / 1000000L;
}

/* Collects what comes until it says that it is ready. Returns 0; -1 when it ended, with errno
 * ETIMEDOUT when it took too long. */
static int hear(int ready, char *text, size_t size)
{
	long deadline = now_ms() + UPLINK_WAIT_MS;
	size_t length = 0;

	for (;;) {
		struct pollfd event = {.fd = ready, .events = POLLIN};
		long left = deadline - now_ms();
		ssize_t got;

		errno = ETIMEDOUT;
		if (left <= 0 || retry_eintr(poll(&event, 1, (int)left)) == 0)
			return -1;
		errno = 0;
		got = retry_eintr(read(ready, text + length, size - 1 - length));
		if (got <= 0)
			return -1;
		length += (size_t)got;
		text[length] = '\0';
		if (says_ready(text))
			return 0;
		/* The rest is not worth keeping, but what comes last tells. */
		if (length == size - 1)
			length = 0;
	}
}

int uplink_wait(struct uplink *uplink, struct failure *out)
{
	auto_close int ready = take_fd(&uplink->ready);
	auto_close int errors = take_fd(&uplink->errors);
	char said[300] = "", text[300];
	bool late;

	if (hear(ready, said, sizeof(said)) == 0)
		return 0;
	late = errno == ETIMEDOUT;
	for (char *end = said; (end = strchr(end, '\n'));)
		*end = ' ';
	capture_text(errors, text, sizeof(text));
	return fail(out, 0, STEP, "%s %s%s%s%s", uplink->name,
		late ? "did not bring the network up in time" : "could not start",
		text[0] || said[0] ? ": " : "", text, said);
}
