/* SPDX-License-Identifier: Apache-2.0 */
/* As much netlink as bridges, veth pairs and one NAT rule need. */
#ifndef LIGHTER_NETLINK_H
#define LIGHTER_NETLINK_H

#include <linux/netlink.h>
#include <stddef.h>
#include <stdint.h>

#include "fail.h"

/* A message under construction. Its size is known to be enough: everything put in is small and
 * fixed. */
struct nl_message {
	size_t length;
	union {
		struct nlmsghdr header;
		unsigned char bytes[2048];
	};
};

/* Opens a socket of NETLINK_ROUTE or NETLINK_NETFILTER in the caller's network namespace, with the
 * kernel's error texts switched on. Returns the descriptor or -1 with errno. */
int nl_open(int protocol);

/* Starts a message with the protocol's own header `body`. */
void nl_begin(struct nl_message *message, uint16_t type, uint16_t flags, const void *body,
	size_t body_size);

void nl_put(struct nl_message *message, uint16_t type, const void *data, size_t size);
void nl_put_u32(struct nl_message *message, uint16_t type, uint32_t value);
void nl_put_string(struct nl_message *message, uint16_t type, const char *text);

/* Opens a nested attribute; nl_nest_end takes what nl_nest returned. */
size_t nl_nest(struct nl_message *message, uint16_t type);
void nl_nest_end(struct nl_message *message, size_t nest);

/* Puts raw bytes, aligned: a header inside a nested attribute. */
void nl_put_raw(struct nl_message *message, const void *data, size_t size);

/* What the kernel said about a refused request. */
struct nl_refusal {
	int error;
	char text[160];
};

/* Sends a request and waits for its acknowledgement. Returns 0, or -1 with *refusal filled and
 * errno set. */
int nl_request(int fd, struct nl_message *message, struct nl_refusal *refusal);

/* Sends a request and calls `take` for each answer until the kernel is done or `take` returns
 * non-zero for the rest to be discarded. With NLM_F_DUMP: a whole table. */
int nl_query(int fd, struct nl_message *message, int (*take)(const struct nlmsghdr *, void *),
	void *context, struct nl_refusal *refusal);

/* Sends messages back to back as one batch and waits for `acks` acknowledgements. */
int nl_batch(int fd, const void *messages, size_t size, unsigned acks, struct nl_refusal *refusal);

/* A sequence number for one message of a batch. */
uint32_t nl_next_sequence(void);

/* Splits attributes into a table by type; later ones of the same type win, unknown ones are
 * skipped. */
void nl_attributes(const void *data, size_t size, const struct nlattr **table, size_t table_size);
const void *nl_data(const struct nlattr *attribute);
size_t nl_size(const struct nlattr *attribute);

/* fail() with the kernel's own text and the errno of the refusal. */
int nl_fail(struct failure *out, const struct nl_refusal *refusal, const char *step,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
