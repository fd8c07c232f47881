/* SPDX-License-Identifier: Apache-2.0 */
/* Packets in, packets out: what the name server reads and answers, and that nothing in a packet can
 * hurt it. */
#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "names_resolv.h"
#include "names_table.h"
#include "scope.h"

#define ID(digit) digit digit digit digit digit digit digit digit
#define A64 ID("aaaaaaaa")
#define B64 ID("bbbbbbbb")
#define FRONT ID("11111111")
#define BACK ID("22222222")

enum { EDNS_SIZE = 11 };

static size_t make_query(unsigned char *packet, const char *name, uint16_t type, uint16_t edns)
{
	size_t size = DNS_HEADER;

	memcpy(packet, "\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", DNS_HEADER);
	if (*name)
		size += dns_write_name(name, packet + size);
	else
		packet[size++] = 0;
	dns_put16(packet + size, type);
	dns_put16(packet + size + 2, DNS_IN);
	size += 4;
	if (edns) {
		memset(packet + size, 0, EDNS_SIZE);
		dns_put16(packet + size + 1, DNS_OPT);
		dns_put16(packet + size + 3, edns);
		size += EDNS_SIZE;
		packet[11] = 1;
	}
	return size;
}

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
	unsigned char packet[2048], query[64];
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

static const char container_a[] =
	"{\"id\":\"" A64 "\",\"forward\":true,\"servers\":[],\"networks\":["
	"{\"id\":\"" FRONT
	"\",\"name\":\"front\",\"address\":\"172.18.0.2\",\"names\":[\"web\",\"all\",\"aaaaaaaaaaaa\"]}"
	"],\"links\":{\"db\":[\"store\"],\"gone\":[\"nobody\"]}}";
static const char container_b[] =
	"{\"id\":\"" B64 "\",\"forward\":false,\"servers\":[],\"networks\":["
	"{\"id\":\"" FRONT
	"\",\"name\":\"front\",\"address\":\"172.18.0.3\",\"address6\":\"fd00::3\","
	"\"names\":[\"Store\",\"all\",\"my.dotted\"]},"
	"{\"id\":\"" BACK
	"\",\"name\":\"back\",\"address\":\"172.19.0.3\",\"names\":[\"store\",\"hidden\"]}"
	"],\"links\":{}}";

static struct names_registration *add(struct names_table *table, const char *text)
{
	struct failure failure;
	struct names_registration *registration = names_parse(text, strlen(text), &failure);

	if (!registration) {
		printf("%s\n", failure.message);
		exit(1);
	}
	LIST_INSERT_HEAD(&table->all, registration, entry);
	return registration;
}

struct reply {
	unsigned char bytes[2048];
	size_t size;
	unsigned answers;
};

static struct reply ask(struct names_table *table, struct names_registration *asker,
	const char *name, uint16_t type)
{
	unsigned char packet[512];
	struct dns_query query;
	struct reply reply = {.size = 0};
	size_t size = make_query(packet, name, type, 0);

	check(dns_read_query(packet, size, &query) == DNS_QUESTION);
	reply.size = names_answer(table, asker, &query, reply.bytes, 512);
	if (reply.size == 0)
		return reply;
	/* An answer, without error, that repeats the question. */
	check((reply.bytes[2] & ~2) == 0x81 && reply.bytes[3] == 0x80);
	check(memcmp(reply.bytes + DNS_HEADER, packet + DNS_HEADER, size - DNS_HEADER) == 0);
	reply.answers = dns_get16(reply.bytes + 6);
	return reply;
}

static bool ends_with(const struct reply *reply, const void *data, size_t size)
{
	return reply->size >= size && memcmp(reply->bytes + reply->size - size, data, size) == 0;
}

static void test_table(void)
{
	struct names_table table = {.turn = 0};
	struct names_registration *a = add(&table, container_a), *b = add(&table, container_b);
	struct reply reply;
	unsigned char first;

	reply = ask(&table, a, "store", DNS_A);
	check(reply.answers == 1 && ends_with(&reply, "\0\0\2\x58\0\4\xac\x12\0\3", 10));
	reply = ask(&table, a, "STORE.Front", DNS_A);
	check(reply.answers == 1 && ends_with(&reply, "\xac\x12\0\3", 4));
	reply = ask(&table, a, "my.dotted", DNS_A);
	check(reply.answers == 1);
	/* Itself, and by its short id. */
	check(ask(&table, a, "web", DNS_A).answers == 1);
	check(ask(&table, a, "aaaaaaaaaaaa.front", DNS_A).answers == 1);
	/* Two networks, two addresses. */
	check(ask(&table, b, "store", DNS_A).answers == 2);
	check(ask(&table, b, "store.back", DNS_A).answers == 1);
	/* Known without such records. */
	reply = ask(&table, a, "web", DNS_AAAA);
	check(reply.size > 0 && reply.answers == 0);
	reply = ask(&table, a, "web", 16);
	check(reply.size > 0 && reply.answers == 0);
	reply = ask(&table, a, "store", DNS_AAAA);
	check(reply.answers == 1 && ends_with(&reply, "\xfd\0\0\0\0\0\0\0\0\0\0\0\0\0\0\3", 16));
	/* Links are the asker's own. */
	reply = ask(&table, a, "DB", DNS_A);
	check(reply.answers == 1 && ends_with(&reply, "\xac\x12\0\3", 4));
	check(ask(&table, b, "db", DNS_A).size == 0 && ask(&table, a, "gone", DNS_A).size == 0);
	/* Other networks do not exist. */
	check(ask(&table, a, "hidden", DNS_A).size == 0);
	check(ask(&table, a, "store.back", DNS_A).size == 0);
	check(ask(&table, a, "3.0.19.172.in-addr.arpa", DNS_PTR).size == 0);
	check(ask(&table, a, "front", DNS_A).size == 0 && ask(&table, a, "", DNS_A).size == 0);

	reply = ask(&table, a, "3.0.18.172.in-addr.arpa", DNS_PTR);
	check(reply.answers == 1 && ends_with(&reply, "\5Store\5front\0", 13));
	reply = ask(&table, a, "3.0.18.172.in-addr.arpa", DNS_A);
	check(reply.size > 0 && reply.answers == 0);
	reply = ask(&table, a,
		"3.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa",
		DNS_PTR);
	check(reply.answers == 1);

	/* Another one first, each time. */
	reply = ask(&table, a, "all", DNS_A);
	first = reply.bytes[reply.size - 1];
	check(reply.answers == 2);
	reply = ask(&table, a, "all", DNS_A);
	check(reply.answers == 2 && reply.bytes[reply.size - 1] != first);

	names_free(a);
	names_free(b);
}

/* A hundred replicas of one name are more than a datagram without EDNS holds. */
static void test_many(void)
{
	struct names_table table = {.turn = 0};
	struct names_registration *all[100];
	unsigned char packet[512], answer[8192];
	struct dns_query query;
	struct reply reply;
	char text[1024];

	for (int i = 0; i < 100; i++) {
		snprintf(text, sizeof(text),
			"{\"id\":\"" A64
			"\",\"forward\":false,\"servers\":[],\"networks\":[{\"id\":\"" FRONT
			"\",\"name\":\"n\",\"address\":\"10.0.0.%d\",\"names\":[\"r\"]}],\"links\":{}}",
			i + 1);
		all[i] = add(&table, text);
	}
	reply = ask(&table, all[0], "r", DNS_A);
	check(reply.size <= 512 && reply.answers == 30 && (reply.bytes[2] & 2) == 2);
	check(dns_read_query(packet, make_query(packet, "r", DNS_A, 4096), &query) == DNS_QUESTION);
	check(names_answer(&table, all[0], &query, answer, 4096) == 19 + 1600 + EDNS_SIZE);
	check(dns_get16(answer + 6) == 100 && answer[11] == 1);
	for (int i = 0; i < 100; i++)
		names_free(all[i]);
}

static void test_bad_registrations(void)
{
#define START "{\"id\":\"" A64 "\",\"forward\":true,\"servers\":"
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		"{\"id\":\"x\",\"forward\":true,\"servers\":[],\"networks\":[],\"links\":{}}",
		START "[],\"networks\":[],\"links\":{},\"more\":1}",
		START "[],\"networks\":[],\"links\":[]}",
		START "[],\"networks\":{},\"links\":{}}",
		START "[],\"networks\":[1],\"links\":{}}",
		START "[\"localhost\"],\"networks\":[],\"links\":{}}",
		START "[1],\"networks\":[],\"links\":{}}",
		START "[],\"networks\":[],\"links\":{\"a\":\"b\"}}",
		START "[],\"networks\":[],\"links\":{\"a\":[]}}",
		START "[],\"networks\":[],\"links\":{\"\":[\"a\"]}}",
		START "[],\"networks\":[],\"networks\":[],\"links\":{}}",
		START "[],\"networks\":[{\"id\":\"" FRONT "\",\"name\":\"n\",\"address\":\"1.2.3\","
		      "\"names\":[\"a\"]}],\"links\":{}}",
		START "[],\"networks\":[{\"id\":\"" FRONT
		      "\",\"name\":\"n\",\"address\":\"1.2.3.4\","
		      "\"names\":[]}],\"links\":{}}",
		START "[],\"networks\":[{\"id\":\"" FRONT
		      "\",\"name\":\"n\",\"address\":\"1.2.3.4\","
		      "\"names\":[7]}],\"links\":{}}",
		START "[],\"networks\":[{\"id\":\"f\",\"name\":\"n\",\"address\":\"1.2.3.4\","
		      "\"names\":[\"a\"]}],\"links\":{}}",
	};
	struct failure failure;

	for (size_t i = 0; i < array_size(bad); i++) {
		struct names_registration *made = names_parse(bad[i], strlen(bad[i]), &failure);

		if (made)
			printf("taken: %s\n", bad[i]);
		check(!made);
		names_free(made);
	}
}

static void test_resolv_conf(void)
{
	char text[] = "# nameserver 9.9.9.9\nsearch x\nnameserver\t127.0.0.53 \r\n"
		      " nameserver fe80::1%7 # here\nnameserver bad\nnameservers 1.1.1.1\n"
		      "nameserver 1.2.3.4%1\nnameserver 10.0.0.1\nnameserver 10.0.0.2";
	char nothing[] = "\n\nnameserver";
	struct names_resolv resolv = {.path = "/nonexistent"};
	struct names_servers servers;

	names_resolv_parse(text, &servers);
	check(servers.count == 3);
	check(servers.items[0].v4.sin_addr.s_addr == htonl(0x7f000035));
	check(servers.items[1].any.sa_family == AF_INET6 && servers.items[1].v6.sin6_scope_id == 7);
	check(servers.items[2].v4.sin_addr.s_addr == htonl(0x0a000001));
	names_resolv_parse(nothing, &servers);
	check(servers.count == 0);
	check(names_resolv_servers(&resolv)->count == 1);
	check(resolv.servers.items[0].v4.sin_addr.s_addr == htonl(INADDR_LOOPBACK));
}

static uint64_t seed = 88172645463325252ULL;

static unsigned next_random(unsigned below)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 11) % below;
}

/* Queries with bytes changed, cut and grown, through every function that reads packets. Each is in
 * memory of exactly its size, so that the sanitizers see a byte too many. */
static void test_mutations(void)
{
	static const char *const names[] = {"web", "store.front", "3.0.18.172.in-addr.arpa",
		"3.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa",
		"a.b.c.d.e.f.example.org"};
	static const uint16_t types[] = {DNS_A, DNS_AAAA, DNS_PTR, DNS_OPT, 255};
	struct names_table table = {.turn = 0};
	struct names_registration *a = add(&table, container_a), *b = add(&table, container_b);
	unsigned answered = 0;

	for (int round = 0; round < 300000; round++) {
		unsigned char draft[1400], answer[1232];
		size_t size = make_query(draft, names[next_random(array_size(names))],
			types[next_random(array_size(types))], next_random(2) ? 1232 : 0);
		unsigned changes = next_random(6);
		struct dns_query query;
		unsigned char *packet;

		if (next_random(4) == 0)
			for (size_t more = next_random(40); more > 0; more--)
				draft[size++] = (unsigned char)next_random(256);
		if (next_random(4) == 0)
			size = next_random((unsigned)size + 1);
		for (; changes > 0 && size > 0; changes--)
			draft[next_random((unsigned)size)] = (unsigned char)next_random(256);
		packet = malloc(size > 0 ? size : 1);
		memcpy(packet, draft, size);
		if (dns_read_query(packet, size, &query) == DNS_REJECT) {
			check(dns_answer_empty(&query, answer, query.error) <= 512);
		} else if (dns_read_query(packet, size, &query) == DNS_QUESTION) {
			size_t limit =
				query.udp_size < sizeof(answer) ? query.udp_size : sizeof(answer);
			size_t got = names_answer(&table, a, &query, answer, limit);

			answered += got > 0;
			check(got <= limit && strlen(query.name) < DNS_NAME_MAX);
			/* As if a server had sent it. */
			packet[2] |= 0x80;
			if (dns_is_answer(packet, size, draft, size, dns_get16(packet)))
				check(dns_shorten(packet, size, 512, query.edns) <= size);
		}
		free(packet);
	}
	/* The loop reaches more than the first checks. */
	check(answered > 10000);
	names_free(a);
	names_free(b);
}

/* Registrations with bytes changed: taken or refused, nothing else. */
static void test_mutated_registrations(void)
{
	unsigned taken = 0;

	for (int round = 0; round < 20000; round++) {
		size_t size = strlen(container_b);
		char *text = malloc(size);
		struct names_registration *made;
		struct failure failure;

		memcpy(text, container_b, size);
		for (unsigned changes = next_random(4); changes > 0; changes--)
			text[next_random((unsigned)size)] = (char)(32 + next_random(95));
		made = names_parse(text, size, &failure);
		taken += made != NULL;
		names_free(made);
		free(text);
	}
	check(taken > 1000 && taken < 19000);
}

/* Answers of servers, mutated and shortened. */
static void test_mutated_answers(void)
{
	for (int round = 0; round < 100000; round++) {
		unsigned char query[64], *packet = malloc(1500);
		size_t end = make_query(query, "web", DNS_A, 0), size = end;
		unsigned changes = next_random(6);

		memcpy(packet, query, end);
		for (int i = 0; i < 60; i++, size += 16)
			memcpy(packet + size, "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\1\2\3\4", 16);
		packet[2] = 0x81;
		packet[7] = 60;
		size = 513 + next_random((unsigned)size - 512);
		for (; changes > 0; changes--)
			packet[next_random((unsigned)size)] = (unsigned char)next_random(256);
		packet = realloc(packet, size);
		if (dns_is_answer(packet, size, query, end, dns_get16(packet)))
			check(dns_shorten(packet, size, 512, round & 1) <= 512);
		free(packet);
	}
}

int main(void)
{
	test_query();
	test_malformed();
	test_long_name();
	test_names();
	test_answers_of_servers();
	test_shorten();
	test_table();
	test_many();
	test_bad_registrations();
	test_resolv_conf();
	test_mutations();
	test_mutated_answers();
	test_mutated_registrations();
	return failures > 0;
}
