/* SPDX-License-Identifier: Apache-2.0 */
#include "sync.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "scope.h"

struct packet {
	int32_t message;
	int32_t value;
};

union control {
	struct cmsghdr header;
	char bytes[CMSG_SPACE(sizeof(int))];
};

int sync_pair(int ret[2])
{
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret);
}

int sync_send(int socket, enum sync_message message, int32_t value, int fd)
{
	struct packet packet = {.message = (int32_t)message, .value = value};
	struct iovec part = {.iov_base = &packet, .iov_len = sizeof(packet)};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
	union control control = {0};

	if (fd >= 0) {
		struct cmsghdr *item;

		header.msg_control = control.bytes;
		header.msg_controllen = sizeof(control.bytes);
		item = CMSG_FIRSTHDR(&header);
		item->cmsg_level = SOL_SOCKET;
		item->cmsg_type = SCM_RIGHTS;
		item->cmsg_len = CMSG_LEN(sizeof(int));
		memcpy(CMSG_DATA(item), &fd, sizeof(int));
	}
	return retry_eintr(sendmsg(socket, &header, MSG_NOSIGNAL)) < 0 ? -1 : 0;
}

int sync_receive(int socket, enum sync_message *ret, int32_t *ret_value, int *ret_fd)
{
	struct packet packet = {0};
	struct iovec part = {.iov_base = &packet, .iov_len = sizeof(packet)};
	union control control = {0};
	struct msghdr header = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	auto_close int fd = -1;
	struct cmsghdr *item;
	ssize_t length;

	length = retry_eintr(recvmsg(socket, &header, MSG_CMSG_CLOEXEC));
	if (length < 0)
		return errno == ECONNRESET ? 0 : -1;
	if (length == 0)
		return 0;
	item = CMSG_FIRSTHDR(&header);
	if (item && item->cmsg_level == SOL_SOCKET && item->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(item), sizeof(int));
	if (length != (ssize_t)sizeof(packet) || packet.message < 0 ||
		packet.message > SYNC_READY || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		errno = EPROTO;
		return -1;
	}
	*ret = (enum sync_message)packet.message;
	*ret_value = packet.value;
	*ret_fd = take_fd(&fd);
	return 1;
}

int sync_expect(int socket, enum sync_message message)
{
	enum sync_message received;
	int32_t value;
	auto_close int fd = -1;
	int result = sync_receive(socket, &received, &value, &fd);

	if (result < 0)
		return -1;
	if (result == 0 || received != message) {
		errno = result == 0 ? EPIPE : EPROTO;
		return -1;
	}
	return 0;
}
