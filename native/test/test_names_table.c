/* SPDX-License-Identifier: Apache-2.0 */
/* Who is found under which name, and which registrations are taken. */
#include "names_samples.h"

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

int main(void)
{
	test_table();
	test_many();
	test_bad_registrations();
	test_resolv_conf();
	return failures > 0;
}
