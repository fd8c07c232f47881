/* SPDX-License-Identifier: Apache-2.0 */
#include "netlink.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "scope.h"

/* The kernel never makes a dump packet larger than this for a reader that offers as much. */
#define RECEIVE_SIZE 32768

int nl_open(int protocol)
{
	auto_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	int on = 1;

	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return -1;
	/* Both only make errors clearer; an old kernel does without. */
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	return take_fd(&fd);
}

uint32_t nl_next_sequence(void)
{
	static uint32_t sequence;

	return ++sequence ? sequence : ++sequence;
}

void nl_put_raw(struct nl_message *message, const void *data, size_t size)
{
	size_t room = NLMSG_ALIGN(size);

	/* An overflow is a programming error: the largest message here is a third of the buffer. */
	if (room > sizeof(message->bytes) - message->length)
		abort();
	memset(message->bytes + message->length, 0, room);
	memcpy(message->bytes + message->length, data, size);
	message->length += room;
	message->header.nlmsg_len = (uint32_t)message->length;
}

void nl_begin(struct nl_message *message, uint16_t type, uint16_t flags, const void *body,
	size_t body_size)
{
	message->length = NLMSG_HDRLEN;
	message->header = (struct nlmsghdr){.nlmsg_type = type,
		.nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST),
		.nlmsg_seq = nl_next_sequence()};
	nl_put_raw(message, body, body_size);
}

void nl_put(struct nl_message *message, uint16_t type, const void *data, size_t size)
{
	struct nlattr header = {.nla_type = type, .nla_len = (uint16_t)(NLA_HDRLEN + size)};

	nl_put_raw(message, &header, sizeof(header));
	nl_put_raw(message, data, size);
}

void nl_put_u32(struct nl_message *message, uint16_t type, uint32_t value)
{
	nl_put(message, type, &value, sizeof(value));
}

void nl_put_string(struct nl_message *message, uint16_t type, const char *text)
{
	nl_put(message, type, text, strlen(text) + 1);
}

size_t nl_nest(struct nl_message *message, uint16_t type)
{
	size_t nest = message->length;

	nl_put(message, (uint16_t)(type | NLA_F_NESTED), "", 0);
	return nest;
}

void nl_nest_end(struct nl_message *message, size_t nest)
{
	struct nlattr *header = (struct nlattr *)(message->bytes + nest);

	header->nla_len = (uint16_t)(message->length - nest);
}

void nl_attributes(const void *data, size_t size, const struct nlattr **table, size_t table_size)
{
	const unsigned char *at = data;

	memset(table, 0, table_size * sizeof(*table));
	while (size >= NLA_HDRLEN) {
		const struct nlattr *attribute = (const struct nlattr *)at;
		size_t length = attribute->nla_len, type = attribute->nla_type & NLA_TYPE_MASK;

		if (length < NLA_HDRLEN || length > size)
			return;
		if (type < table_size)
			table[type] = attribute;
		if (NLA_ALIGN(length) >= size)
			return;
		at += NLA_ALIGN(length);
		size -= NLA_ALIGN(length);
	}
}

const void *nl_data(const struct nlattr *attribute)
{
	return (const unsigned char *)attribute + NLA_HDRLEN;
}

size_t nl_size(const struct nlattr *attribute)
{
	return attribute->nla_len - (size_t)NLA_HDRLEN;
}

static int refuse(struct nl_refusal *refusal, int error)
{
	refusal->error = error;
	refusal->text[0] = '\0';
	errno = error;
	return -1;
}

/* Returns 0 for an acknowledgement, -1 for a refusal. */
static int read_verdict(const struct nlmsghdr *header, struct nl_refusal *refusal)
{
	const struct nlmsgerr *verdict = NLMSG_DATA(header);
	const struct nlattr *table[NLMSGERR_ATTR_MAX + 1];
	size_t skip = sizeof(*verdict), size = header->nlmsg_len - (size_t)NLMSG_HDRLEN;

	if (size < sizeof(*verdict))
		return refuse(refusal, EPROTO);
	if (verdict->error == 0)
		return 0;
	refuse(refusal, -verdict->error);
	if (!(header->nlmsg_flags & NLM_F_ACK_TLVS))
		return -1;
	if (!(header->nlmsg_flags & NLM_F_CAPPED))
		skip += NLMSG_ALIGN(verdict->msg.nlmsg_len - (size_t)NLMSG_HDRLEN);
	if (skip >= size)
		return -1;
	nl_attributes((const unsigned char *)verdict + skip, size - skip, table, array_size(table));
	if (table[NLMSGERR_ATTR_MSG])
		snprintf(refusal->text, sizeof(refusal->text), "%.*s",
			(int)nl_size(table[NLMSGERR_ATTR_MSG]),
			(const char *)nl_data(table[NLMSGERR_ATTR_MSG]));
	return -1;
}

static ssize_t receive(int fd, void *buffer, size_t size)
{
	struct sockaddr_nl sender = {0};
	socklen_t sender_size = sizeof(sender);
	ssize_t got;

	do
		got = retry_eintr(recvfrom(
			fd, buffer, size, MSG_TRUNC, (struct sockaddr *)&sender, &sender_size));
	while (got >= 0 && sender.nl_pid != 0); /* only the kernel is believed */
	if (got > (ssize_t)size) {
		errno = EMSGSIZE;
		return -1;
	}
	return got;
}

int nl_query(int fd, struct nl_message *message,
	int (*take_answer)(const struct nlmsghdr *, void *), void *context,
	struct nl_refusal *refusal)
{
	auto_free unsigned char *buffer = malloc(RECEIVE_SIZE);
	bool dump = (message->header.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	bool enough = false;

	if (!buffer)
		return refuse(refusal, ENOMEM);
	if (!dump)
		message->header.nlmsg_flags |= NLM_F_ACK;
	if (retry_eintr(send(fd, message->bytes, message->length, 0)) < 0)
		return refuse(refusal, errno);
	for (;;) {
		ssize_t got = receive(fd, buffer, RECEIVE_SIZE);
		struct nlmsghdr *header = (struct nlmsghdr *)buffer;

		if (got < 0)
			return refuse(refusal, errno);
		for (; NLMSG_OK(header, got); header = NLMSG_NEXT(header, got)) {
			/* Left over from an earlier request that was given up. */
			if (header->nlmsg_seq != message->header.nlmsg_seq)
				continue;
			if (header->nlmsg_type == NLMSG_DONE)
				return 0;
			if (header->nlmsg_type == NLMSG_ERROR)
				return read_verdict(header, refusal);
			if (!enough && take_answer)
				enough = take_answer(header, context) != 0;
		}
	}
}

int nl_request(int fd, struct nl_message *message, struct nl_refusal *refusal)
{
	return nl_query(fd, message, NULL, NULL, refusal);
}

int nl_batch(int fd, const void *messages, size_t size, unsigned acks, struct nl_refusal *refusal)
{
	unsigned char buffer[8192] __attribute__((aligned(NLMSG_ALIGNTO)));

	if (retry_eintr(send(fd, messages, size, 0)) < 0)
		return refuse(refusal, errno);
	while (acks > 0) {
		ssize_t got = receive(fd, buffer, sizeof(buffer));
		struct nlmsghdr *header = (struct nlmsghdr *)buffer;

		if (got < 0)
			return refuse(refusal, errno);
		for (; NLMSG_OK(header, got); header = NLMSG_NEXT(header, got)) {
			if (header->nlmsg_type != NLMSG_ERROR)
				continue;
			if (read_verdict(header, refusal) < 0)
				return -1;
			acks--;
		}
	}
	return 0;
}

int nl_fail(struct failure *out, const struct nl_refusal *refusal, const char *step,
	const char *format, ...)
{
	char what[256];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(what, sizeof(what), format, arguments);
	va_end(arguments);
	if (refusal->text[0])
		return fail(out, refusal->error, step, "%s: %s", what, refusal->text);
	return fail(out, refusal->error, step, "%s", what);
}
