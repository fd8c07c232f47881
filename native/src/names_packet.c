/* SPDX-License-Identifier: Apache-2.0 */
#include "names_packet.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { AT_ID = 0, AT_FLAGS = 2, AT_QUESTIONS = 4, AT_ANSWERS = 6, AT_AUTHORITY = 8, AT_MORE = 10 };

enum {
	FLAG_ANSWER = 0x8000,
	MASK_OPCODE = 0x7800,
	FLAG_TRUNCATED = 0x0200,
	FLAG_RECURSION = 0x0100, /* desired */
	FLAG_AVAILABLE = 0x0080, /* recursion */
	FLAG_UNCHECKED = 0x0010,
	MASK_RCODE = 0x000f
};

enum {
	LABEL_MAX = 63,
	POINTER = 0xc0,
	UDP_MINIMUM = 512,
	RECORD_FIXED = 10,	     /* type, class, TTL, length of data */
	EDNS_SIZE = 1 + RECORD_FIXED /* an OPT record without options */
};

uint16_t dns_get16(const unsigned char *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

void dns_put16(unsigned char *at, uint16_t value)
{
	at[0] = (unsigned char)(value >> 8);
	at[1] = (unsigned char)value;
}

/* The name in the question, which nothing stands before that a pointer could name. Returns the
 * position after it, 0 when it is malformed. */
static size_t read_name(const unsigned char *packet, size_t size, char ret[DNS_NAME_MAX])
{
	size_t at = DNS_HEADER, length = 0;
	bool textual = true;

	for (;;) {
		size_t label;

		if (at >= size || packet[at] > LABEL_MAX)
			return 0;
		label = packet[at++];
		if (label == 0)
			break;
		/* All labels with their lengths and the root's make 255 bytes at most. */
		if (label > size - at || at + label + 1 > DNS_HEADER + DNS_NAME_MAX)
			return 0;
		if (length > 0)
			ret[length++] = '.';
		for (size_t i = 0; i < label; i++, at++) {
			if (packet[at] == '.' || packet[at] == '\0')
				textual = false;
			ret[length++] = (char)tolower(packet[at]);
		}
	}
	ret[textual ? length : 0] = '\0';
	return at;
}

/* The position after a record's owner, 0 when it is malformed. Pointers are not followed. */
static size_t skip_name(const unsigned char *packet, size_t size, size_t at)
{
	while (at < size) {
		unsigned char label = packet[at];

		if ((label & POINTER) == POINTER)
			return size - at >= 2 ? at + 2 : 0;
		if (label > LABEL_MAX)
			return 0;
		at += 1 + (size_t)label;
		if (label == 0)
			return at;
	}
	return 0;
}

struct record {
	size_t owner, fixed, end;
};

static bool read_record(const unsigned char *packet, size_t size, size_t at, struct record *ret)
{
	ret->owner = at;
	ret->fixed = skip_name(packet, size, at);
	if (ret->fixed == 0 || size - ret->fixed < RECORD_FIXED)
		return false;
	ret->end = ret->fixed + RECORD_FIXED + dns_get16(packet + ret->fixed + 8);
	return ret->end <= size;
}

/* Looks for EDNS behind the question. Each record has a byte at least: the packet's size bounds
 * the walk, whatever the counts say. */
static bool read_records(struct dns_query *query)
{
	const unsigned char *packet = query->packet;
	unsigned count = (unsigned)dns_get16(packet + AT_ANSWERS) +
			 dns_get16(packet + AT_AUTHORITY) + dns_get16(packet + AT_MORE);
	size_t at = query->question_end;
	struct record record;

	for (unsigned i = 0; i < count; i++, at = record.end) {
		if (!read_record(packet, query->size, at, &record))
			return false;
		if (dns_get16(packet + record.fixed) != DNS_OPT)
			continue;
		if (query->edns || packet[record.owner] != 0)
			return false;
		query->edns = true;
		query->udp_size = dns_get16(packet + record.fixed + 2);
	}
	if (query->udp_size < UDP_MINIMUM)
		query->udp_size = UDP_MINIMUM;
	return true;
}

static enum dns_verdict reject(struct dns_query *query, enum dns_rcode error)
{
	query->error = error;
	return DNS_REJECT;
}

enum dns_verdict dns_read_query(const unsigned char *packet, size_t size, struct dns_query *ret)
{
	size_t end;

	*ret = (struct dns_query){.packet = packet,
		.size = size,
		.question_end = DNS_HEADER,
		.udp_size = UDP_MINIMUM};
	if (size < DNS_HEADER || (dns_get16(packet + AT_FLAGS) & FLAG_ANSWER))
		return DNS_DROP;
	if (dns_get16(packet + AT_FLAGS) & MASK_OPCODE)
		return reject(ret, DNS_NOTIMP);
	if (size > DNS_QUERY_MAX || dns_get16(packet + AT_QUESTIONS) != 1)
		return reject(ret, DNS_FORMERR);
	end = read_name(packet, size, ret->name);
	if (end == 0 || size - end < 4)
		return reject(ret, DNS_FORMERR);
	ret->type = dns_get16(packet + end);
	ret->class = dns_get16(packet + end + 2);
	ret->question_end = end + 4;
	return read_records(ret) ? DNS_QUESTION : reject(ret, DNS_FORMERR);
}

void dns_answer_begin(struct dns_answer *answer, const struct dns_query *query,
	unsigned char *bytes, size_t limit, enum dns_rcode rcode)
{
	uint16_t asked = dns_get16(query->packet + AT_FLAGS);

	memcpy(bytes, query->packet, query->question_end);
	memset(bytes + AT_QUESTIONS, 0, DNS_HEADER - AT_QUESTIONS);
	dns_put16(bytes + AT_QUESTIONS, query->question_end > DNS_HEADER);
	dns_put16(bytes + AT_FLAGS,
		(uint16_t)(FLAG_ANSWER | FLAG_AVAILABLE | rcode |
			   (asked & (MASK_OPCODE | FLAG_RECURSION | FLAG_UNCHECKED))));
	*answer = (struct dns_answer){.bytes = bytes,
		.size = query->question_end,
		.limit = limit - (query->edns ? EDNS_SIZE : 0),
		.edns = query->edns};
}

static size_t put_record(unsigned char *at, uint16_t type, uint16_t class, uint32_t ttl,
	const void *data, size_t size)
{
	dns_put16(at, type);
	dns_put16(at + 2, class);
	dns_put16(at + 4, (uint16_t)(ttl >> 16));
	dns_put16(at + 6, (uint16_t)ttl);
	dns_put16(at + 8, (uint16_t)size);
	if (size > 0)
		memcpy(at + RECORD_FIXED, data, size);
	return RECORD_FIXED + size;
}

void dns_answer_add(
	struct dns_answer *answer, uint16_t type, uint32_t ttl, const void *data, size_t size)
{
	unsigned char *at = answer->bytes + answer->size;

	if (answer->truncated || answer->limit - answer->size < 2 + RECORD_FIXED + size) {
		answer->truncated = true;
		return;
	}
	/* The owner is the name in the question. */
	dns_put16(at, POINTER << 8 | DNS_HEADER);
	answer->size += 2 + put_record(at + 2, type, DNS_IN, ttl, data, size);
	answer->count++;
}

static size_t put_edns(unsigned char *at)
{
	at[0] = 0;
	return 1 + put_record(at + 1, DNS_OPT, DNS_QUERY_MAX, 0, NULL, 0);
}

static void mark_truncated(unsigned char *packet)
{
	dns_put16(packet + AT_FLAGS, dns_get16(packet + AT_FLAGS) | FLAG_TRUNCATED);
}

size_t dns_answer_end(struct dns_answer *answer)
{
	dns_put16(answer->bytes + AT_ANSWERS, answer->count);
	if (answer->truncated)
		mark_truncated(answer->bytes);
	if (answer->edns) {
		dns_put16(answer->bytes + AT_MORE, 1);
		answer->size += put_edns(answer->bytes + answer->size);
	}
	return answer->size;
}

size_t dns_answer_empty(const struct dns_query *query, unsigned char *bytes, enum dns_rcode rcode)
{
	struct dns_answer answer;

	dns_answer_begin(&answer, query, bytes, UDP_MINIMUM, rcode);
	return dns_answer_end(&answer);
}

size_t dns_write_name(const char *text, unsigned char ret[DNS_NAME_MAX])
{
	size_t size = 0;

	while (*text) {
		size_t label = strcspn(text, ".");

		if (label == 0 || label > LABEL_MAX || size + label + 2 > DNS_NAME_MAX)
			return 0;
		ret[size++] = (unsigned char)label;
		memcpy(ret + size, text, label);
		size += label;
		text += label;
		if (*text == '.' && *++text == '\0')
			return 0;
	}
	ret[size++] = 0;
	return size;
}

static int read_reverse4(const char *name, size_t length, unsigned char ret[4])
{
	char text[INET_ADDRSTRLEN];
	unsigned char address[4];

	if (length >= sizeof(text))
		return 0;
	memcpy(text, name, length);
	text[length] = '\0';
	if (inet_pton(AF_INET, text, address) != 1)
		return 0;
	for (int i = 0; i < 4; i++)
		ret[i] = address[3 - i];
	return AF_INET;
}

static int read_reverse6(const char *name, size_t length, unsigned char ret[16])
{
	/* 32 digits with dots between them, the lowest first. */
	if (length != 63)
		return 0;
	memset(ret, 0, 16);
	for (int i = 0; i < 32; i++) {
		const char digit[2] = {name[2 * i], '\0'};

		if (!isxdigit((unsigned char)digit[0]) || (i < 31 && name[2 * i + 1] != '.'))
			return 0;
		ret[15 - i / 2] |= (unsigned char)(strtoul(digit, NULL, 16) << (i % 2 ? 4 : 0));
	}
	return AF_INET6;
}

int dns_read_reverse(const char *name, unsigned char ret[16])
{
	static const char end4[] = ".in-addr.arpa", end6[] = ".ip6.arpa";
	size_t length = strlen(name);

	if (length >= sizeof(end4) && strcmp(name + length - sizeof(end4) + 1, end4) == 0)
		return read_reverse4(name, length - sizeof(end4) + 1, ret);
	if (length >= sizeof(end6) && strcmp(name + length - sizeof(end6) + 1, end6) == 0)
		return read_reverse6(name, length - sizeof(end6) + 1, ret);
	return 0;
}

bool dns_is_answer(const unsigned char *packet, size_t size, const unsigned char *query,
	size_t query_size, uint16_t id)
{
	size_t end = skip_name(query, query_size, DNS_HEADER) + 4;
	uint16_t flags;

	if (size < DNS_HEADER || dns_get16(packet + AT_ID) != id)
		return false;
	flags = dns_get16(packet + AT_FLAGS);
	if (!(flags & FLAG_ANSWER) || (flags & MASK_OPCODE))
		return false;
	/* A server that refuses may leave the question out: nothing but the code is believed. */
	if (dns_get16(packet + AT_QUESTIONS) == 0 && (flags & MASK_RCODE) && size == DNS_HEADER)
		return true;
	if (dns_get16(packet + AT_QUESTIONS) != 1 || size < end)
		return false;
	/* Letters of the name may have come back in another case; lengths are no letters. */
	for (size_t i = DNS_HEADER; i < end - 4; i++)
		if (tolower(packet[i]) != tolower(query[i]))
			return false;
	return memcmp(packet + end - 4, query + end - 4, 4) == 0;
}

enum dns_rcode dns_answer_code(const unsigned char *packet)
{
	return dns_get16(packet + AT_FLAGS) & MASK_RCODE;
}

size_t dns_shorten(unsigned char *packet, size_t size, size_t limit, bool edns)
{
	unsigned count = dns_get16(packet + AT_ANSWERS);
	struct record record;
	uint16_t kept = 0;
	size_t at;

	if (size <= limit)
		return size;
	limit -= edns ? EDNS_SIZE : 0;
	/* dns_is_answer has seen the question. */
	at = dns_get16(packet + AT_QUESTIONS) ? skip_name(packet, size, DNS_HEADER) + 4
					      : DNS_HEADER;
	for (; kept < count && read_record(packet, size, at, &record) && record.end <= limit;
		kept++)
		at = record.end;
	mark_truncated(packet);
	memset(packet + AT_ANSWERS, 0, DNS_HEADER - AT_ANSWERS);
	dns_put16(packet + AT_ANSWERS, kept);
	if (edns) {
		dns_put16(packet + AT_MORE, 1);
		at += put_edns(packet + at);
	}
	return at;
}
