/* SPDX-License-Identifier: Apache-2.0 */
/* Nothing in a packet or a registration can hurt the name server. An argument is another seed. */
#include <inttypes.h>

#include "names_samples.h"

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
		unsigned char query[512], *packet = malloc(1500);
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

int main(int argc, char **argv)
{
	/* This kind of dice never leaves zero. */
	if (argc > 1 && strtoull(argv[1], NULL, 10) != 0)
		seed = strtoull(argv[1], NULL, 10);
	printf("packets and registrations of seed %" PRIu64 "\n", seed);
	test_mutations();
	test_mutated_answers();
	test_mutated_registrations();
	return failures > 0;
}
