/* SPDX-License-Identifier: Apache-2.0 */
/* DNS messages (RFC 1035, 6891): as much as questions about containers need. Pure functions over
 * bytes that nobody vouches for. */
#ifndef LIGHTER_NAMES_PACKET_H
#define LIGHTER_NAMES_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	DNS_PORT = 53,
	DNS_HEADER = 12,
	DNS_NAME_MAX = 255,	/* on the wire */
	DNS_QUERY_MAX = 1232,	/* of a query that is looked at */
	DNS_MESSAGE_MAX = 65535 /* what the length before a message over TCP can say */
};

enum dns_type { DNS_A = 1, DNS_PTR = 12, DNS_AAAA = 28, DNS_OPT = 41 };

enum { DNS_IN = 1 };

enum dns_rcode {
	DNS_NOERROR = 0,
	DNS_FORMERR = 1,
	DNS_SERVFAIL = 2,
	DNS_NOTIMP = 4,
	DNS_REFUSED = 5
};

enum dns_verdict {
	DNS_DROP,    /* no query at all: an answer to it could begin a loop */
	DNS_REJECT,  /* answered with `error` */
	DNS_QUESTION /* one question, whole */
};

struct dns_query {
	const unsigned char *packet;
	size_t size;
	size_t question_end; /* of header and question; DNS_HEADER when the question is not whole */
	enum dns_rcode error;
	uint16_t type, class;
	uint16_t udp_size; /* the largest answer that the asker takes over UDP */
	bool edns;
	char name[DNS_NAME_MAX]; /* lower case, dots between labels; empty for the root and for
				    names that have no such text */
};

/* Reads a packet of `size` bytes; *ret points into it. */
enum dns_verdict dns_read_query(const unsigned char *packet, size_t size, struct dns_query *ret);

/* An answer under construction. */
struct dns_answer {
	unsigned char *bytes;
	size_t size, limit;
	uint16_t count;
	bool truncated, edns;
};

/* Starts the answer in a buffer of at least 512 bytes. */
void dns_answer_begin(struct dns_answer *answer, const struct dns_query *query,
	unsigned char *bytes, size_t limit, enum dns_rcode rcode);

/* Adds a record about the name in question; what does not fit marks the answer as truncated. */
void dns_answer_add(
	struct dns_answer *answer, uint16_t type, uint32_t ttl, const void *data, size_t size);

/* Returns the answer's size. */
size_t dns_answer_end(struct dns_answer *answer);

/* A whole answer without records. */
size_t dns_answer_empty(const struct dns_query *query, unsigned char *bytes, enum dns_rcode rcode);

/* Encodes a dotted text as a name. Returns its size, 0 when it cannot be one. */
size_t dns_write_name(const char *text, unsigned char ret[DNS_NAME_MAX]);

/* The address in a name below in-addr.arpa or ip6.arpa. Returns AF_INET with 4 bytes, AF_INET6 with
 * 16 bytes, or 0. */
int dns_read_reverse(const char *name, unsigned char ret[16]);

/* Whether the packet is a server's answer to the query, which was sent with the number `id`. */
bool dns_is_answer(const unsigned char *packet, size_t size, const unsigned char *query,
	size_t query_size, uint16_t id);

enum dns_rcode dns_answer_code(const unsigned char *packet);

/* Cuts a server's answer down to `limit` bytes (512 or more) at the end of a record of its answer
 * section, and marks it as truncated. Returns the new size. */
size_t dns_shorten(unsigned char *packet, size_t size, size_t limit, bool edns);

uint16_t dns_get16(const unsigned char *at);
void dns_put16(unsigned char *at, uint16_t value);

#endif
