/* SPDX-License-Identifier: Apache-2.0 */
/* Queries and registrations for the tests of what the name server reads and answers. */
#ifndef LIGHTER_NAMES_SAMPLES_H
#define LIGHTER_NAMES_SAMPLES_H

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

static inline size_t make_query(
	unsigned char *packet, const char *name, uint16_t type, uint16_t edns)
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

static inline struct names_registration *add(struct names_table *table, const char *text)
{
	struct failure failure;
	struct names_registration *registration = names_parse(text, strlen(text), &failure);

	must(registration, failure.message);
	LIST_INSERT_HEAD(&table->all, registration, entry);
	return registration;
}

#endif
