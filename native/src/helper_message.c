/* SPDX-License-Identifier: Apache-2.0 */
/* What servers and those that are connected to them send each other. */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper.h"
#include "scope.h"

/* The most that the kernel passes in one message (SCM_MAX_FD). */
#define FDS_MAX 253

/* No registration: these are JSON. */
static const char retirement[] = "retire";

int helper_retire(int socket)
{
	return helper_send(socket, retirement, sizeof(retirement), NULL, 0);
}

bool helper_is_retirement(const void *data, size_t size)
{
	return size == sizeof(retirement) && memcmp(data, retirement, size) == 0;
}

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(FDS_MAX * sizeof(int))];
};

int helper_send(int socket, const void *data, size_t size, const int *fds, size_t count)
{
	struct iovec part = {.iov_base = (void *)data, .iov_len = size};
	union control control = {0};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

	if (count > FDS_MAX) {
		errno = E2BIG;
		return -1;
	}
	if (count > 0) {
		struct cmsghdr *item;

		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(count * sizeof(int));
		item = CMSG_FIRSTHDR(&header);
		item->cmsg_level = SOL_SOCKET;
		item->cmsg_type = SCM_RIGHTS;
		item->cmsg_len = CMSG_LEN(count * sizeof(int));
		memcpy(CMSG_DATA(item), fds, count * sizeof(int));
	}
	return retry_eintr(sendmsg(socket, &header, MSG_NOSIGNAL)) == (ssize_t)size ? 0 : -1;
}

ssize_t helper_receive(
	int socket, void *data, size_t size, int *fds, size_t capacity, size_t *ret_count)
{
	struct iovec part = {.iov_base = data, .iov_len = size};
	union control control;
	struct msghdr header = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *item;
	size_t count = 0;
	ssize_t got = retry_eintr(recvmsg(socket, &header, MSG_CMSG_CLOEXEC));

	*ret_count = 0;
	if (got < 0)
		return -1;
	for (item = CMSG_FIRSTHDR(&header); item; item = CMSG_NXTHDR(&header, item)) {
		size_t sent = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < sent; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(item) + i * sizeof(int), sizeof(int));
			if (count < capacity)
				fds[count++] = fd;
			else
				close(fd);
		}
	}
	*ret_count = count;
	return got;
}
