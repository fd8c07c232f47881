/* SPDX-License-Identifier: Apache-2.0 */
/* Packets in, packets out: what the name server takes for a query and an answer. */
#include "names_samples.h"

static void test_query(void)
{
	unsigned char packet[2048];
	struct dns_query query;
	size_t size = make_query(packet, "Web.Example", DNS_AAAA, 4096);

	check(dns_read_query(packet, size, &query) == DNS_QUESTION);
	check(strcmp(query.name, "web.example") == 0 && query.type == DNS_AAAA);
	check(query.edns && query.udp_size == 4096 && query.question_end == size - EDNS_SIZE);
	/* Everything shorter is refused or, without a whole header, no packet. */
	for (size_t cut = 0; cut < size; cut++)
		check(dns_read_query(packet, cut, &query) ==
			(cut < DNS_HEADER ? DNS_DROP : DNS_REJECT));

	size = make_query(packet, "", DNS_A, 0);
	check(dns_read_query(packet, size, &query) == DNS_QUESTION && query.name[0] == '\0');
	check(!query.edns && query.udp_size == 512);
	/* EDNS with a size below the least one. */
	size = make_query(packet, "a", DNS_A, 10);
	check(dns_read_query(packet, size, &query) == DNS_QUESTION && query.udp_size == 512);
}

static enum dns_verdict verdict_with(size_t at, unsigned char value, enum dns_rcode *ret)
{
	unsigned char packet[512];
	struct dns_query query;
	size_t size = make_query(packet, "web", DNS_A, 0);
	enum dns_verdict verdict;

	packet[at] = value;
	verdict = dns_read_query(packet, size, &query);
	*ret = query.error;
	return verdict;
}

static void test_malformed(void)
{
	enum dns_rcode code;

	check(verdict_with(2, 0x81, &code) == DNS_DROP);			 /* an answer */
	check(verdict_with(2, 0x21, &code) == DNS_REJECT && code == DNS_NOTIMP); /* an update */
	check(verdict_with(5, 0, &code) == DNS_REJECT && code == DNS_FORMERR);
	check(verdict_with(5, 2, &code) == DNS_REJECT && code == DNS_FORMERR);
	check(verdict_with(4, 255, &code) == DNS_REJECT && code == DNS_FORMERR);
	check(verdict_with(12, 0xc0, &code) == DNS_REJECT && code == DNS_FORMERR); /* a pointer */
	check(verdict_with(12, 0x40, &code) == DNS_REJECT && code == DNS_FORMERR);
	check(verdict_with(12, 63, &code) == DNS_REJECT && code == DNS_FORMERR);
	check(verdict_with(7, 1, &code) == DNS_REJECT && code == DNS_FORMERR); /* no record there */
	/* Bytes that no text holds are no name of ours, but a question. */
	check(verdict_with(14, '.', &code) == DNS_QUESTION);
	check(verdict_with(14, 0, &code) == DNS_QUESTION);
}

/* The longest name has 253 characters; one more is refused. */
static void test_long_name(void)
{
	unsigned char packet[512];
	struct dns_query query;

	for (int last = 61; last <= 62; last++) {
		size_t at = DNS_HEADER;

		memcpy(packet, "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", DNS_HEADER);
		for (int label = 0; label < 4; label++) {
			int length = label < 3 ? 63 : last;

			packet[at++] = (unsigned char)length;
			memset(packet + at, 'a', (size_t)length);
			at += (size_t)length;
		}
		memcpy(packet + at, "\0\0\1\0\1", 5);
		check(dns_read_query(packet, at + 5, &query) ==
			(last == 61 ? DNS_QUESTION : DNS_REJECT));
		check(last > 61 || strlen(query.name) == 253);
	}
}

static void test_names(void)
{
	unsigned char bytes[DNS_NAME_MAX], address[16];
	static const char v6[] =
		"2.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa";

	check(dns_write_name("a.bc", bytes) == 6 && memcmp(bytes, "\1a\2bc", 6) == 0);
	check(dns_write_name("a..b", bytes) == 0 && dns_write_name("a.", bytes) == 0);
	check(dns_write_name("0123456789012345678901234567890123456789012345678901234567890123",
		      bytes) == 0);
	check(dns_read_reverse("2.0.18.172.in-addr.arpa", address) == AF_INET &&
		memcmp(address, "\xac\x12\0\2", 4) == 0);
	check(dns_read_reverse("0.18.172.in-addr.arpa", address) == 0);
	check(dns_read_reverse("1.2.0.18.172.in-addr.arpa", address) == 0);
	check(dns_read_reverse(".in-addr.arpa", address) == 0);
	check(dns_read_reverse(v6, address) == AF_INET6 && address[0] == 0xfd && address[15] == 2);
	check(dns_read_reverse(v6 + 2, address) == 0 && dns_read_reverse("x", address) == 0);
}

static void test_answers_of_servers(void)
{
	unsigned char query[512], answer[2048];
	size_t size = make_query(query, "web", DNS_A, 0);

	memcpy(answer, query, size);
	answer[2] = 0x81;
	answer[13] = 'W';
	check(dns_is_answer(answer, size, query, size, 0x1234));
	check(!dns_is_answer(answer, size, query, size, 0x1235));
	check(!dns_is_answer(answer, size - 1, query, size, 0x1234));
	answer[13] = 'v';
	check(!dns_is_answer(answer, size, query, size, 0x1234));
	check(!dns_is_answer(query, size, query, size, 0x1234));
	/* Only a header, with a code. */
	answer[5] = 0;
	check(!dns_is_answer(answer, DNS_HEADER, query, size, 0x1234));
	answer[3] = 5;
	check(dns_is_answer(answer, DNS_HEADER, query, size, 0x1234));
}

/* 60 records of 16 bytes: 512 bytes hold 30 of them, with EDNS as well. */
static void test_shorten(void)
{
	unsigned char packet[2048], query[512];
	size_t end = make_query(query, "web", DNS_A, 0), size = end;
	struct dns_query parsed;

	memcpy(packet, query, end);
	packet[2] = 0x81;
	for (int i = 0; i < 60; i++, size += 16)
		memcpy(packet + size, "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\1\2\3\4", 16);
	packet[7] = 60;
	packet[9] = 9;
	check(dns_shorten(packet, size, size, false) == size && packet[7] == 60);
	check(dns_shorten(packet, size, 512, true) == end + 30 * 16 + EDNS_SIZE);
	check(packet[7] == 30 && packet[9] == 0 && packet[11] == 1 && (packet[2] & 2));
	packet[7] = 60;
	memcpy(packet + end + 30 * 16, packet + end, 16);
	check(dns_shorten(packet, size, 512, false) == end + 30 * 16 && packet[11] == 0);
	/* What is left is a whole message. */
	packet[2] = 1;
	check(dns_read_query(packet, end + 30 * 16, &parsed) == DNS_QUESTION);
}

int main(void)
{
	test_query();
	test_malformed();
	test_long_name();
	test_names();
	test_answers_of_servers();
	test_shorten();
	return failures > 0;
}
