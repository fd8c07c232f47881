/* SPDX-License-Identifier: Apache-2.0 */
/* Registrations of published ports, and the host's listening sockets. */
#include "check.h"
#include "ports_registry.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ports_client.h"
#include "scope.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HEAD "{\"id\":\"" ID "\",\"gateway\":\"172.18.0.1\","
#define PORT "{\"protocol\":\"tcp\",\"address\":\"172.18.0.2\",\"port\":80,\"listener\":1}"

static int parse(const char *text, struct ports_registration *ret)
{
	struct failure failure;

	memset(ret, 0, sizeof(*ret));
	return ports_registration_parse(text, strlen(text), 3, ret, &failure);
}

static void test_messages(void)
{
	static const char *const bad[] = {
		"",
		"[]",
		"{}",
		HEAD "\"ports\":[" PORT "],\"x\":1}",
		HEAD "\"ports\":{}}",
		HEAD "\"ports\":[" PORT "," PORT "]}",
		"{\"id\":\"../x\",\"gateway\":\"172.18.0.1\",\"ports\":[]}",
		"{\"id\":\"" ID "\",\"gateway\":\"nowhere\",\"ports\":[]}",
		HEAD "\"gateway6\":\"1.2.3.4\",\"ports\":[]}",
		HEAD "\"ports\":[{\"protocol\":\"sctp\",\"address\":\"172.18.0.2\",\"port\":80,"
		     "\"listener\":1}]}",
		HEAD "\"ports\":[{\"protocol\":\"tcp\",\"address\":\"172.18.0.2\",\"port\":-1,"
		     "\"listener\":1}]}",
		HEAD "\"ports\":[{\"protocol\":\"tcp\",\"address\":\"172.18.0.2\",\"port\":65536,"
		     "\"listener\":1}]}",
		HEAD "\"ports\":[{\"protocol\":\"tcp\",\"address\":\"172.18.0.2\",\"port\":80,"
		     "\"listener\":0}]}",
		HEAD "\"ports\":[{\"protocol\":\"tcp\",\"address\":\"172.18.0.2\",\"port\":80,"
		     "\"listener\":3}]}",
	};
	static struct ports_registration read;

	check(parse(HEAD "\"ports\":[" PORT "]}", &read) == 0);
	check(read.count == 1 && !read.more && strcmp(read.id, ID) == 0);
	check(read.gateway.v4.sin_addr.s_addr == inet_addr("172.18.0.1"));
	check(read.gateway6.any.sa_family == 0 && read.entries[0].target6.any.sa_family == 0);
	check(read.entries[0].target.v4.sin_port == htons(80) && read.entries[0].listener == 1);
	check(parse(HEAD "\"gateway6\":\"fd00::1\",\"more\":true,\"ports\":[]}", &read) == 0);
	check(read.more && read.gateway6.any.sa_family == AF_INET6);
	check(parse(HEAD "\"ports\":[{\"protocol\":\"tcp\",\"address\":\"172.18.0.2\","
			 "\"port\":0,\"listener\":1}]}",
		      &read) == 0);
	check(read.entries[0].target.v4.sin_port == 0);
	for (size_t i = 0; i < array_size(bad); i++)
		check(parse(bad[i], &read) < 0);
}

static void test_foreign(void)
{
	static struct ports_subnet subnet = {
		{.v4 = {.sin_family = AF_INET}}, 20}; /* 172.18.16.0/20 */
	static struct ports ports = {.subnets = &subnet, .subnet_count = 1};
	static const char *const own[] = {
		"127.0.0.1", "127.9.9.9", "0.0.0.0", "224.0.0.1", "172.18.16.1", "172.18.31.255"};
	static const char *const foreign[] = {
		"192.0.2.7", "172.18.15.255", "172.18.32.0", "169.254.1.1", "223.255.255.255"};
	union ports_address address = {.v4 = {.sin_family = AF_INET}};

	subnet.address.v4.sin_addr.s_addr = inet_addr("172.18.17.1");
	for (size_t i = 0; i < array_size(own); i++) {
		address.v4.sin_addr.s_addr = inet_addr(own[i]);
		check(!ports_is_foreign(&ports, &address));
	}
	for (size_t i = 0; i < array_size(foreign); i++) {
		address.v4.sin_addr.s_addr = inet_addr(foreign[i]);
		check(ports_is_foreign(&ports, &address));
	}
}

static void test_listeners(void)
{
	struct port_binding binding = {IPPROTO_TCP, "127.0.0.1", 0, 0};
	struct failure failure = {0};
	int first = ports_listen(&binding, &failure), second, fds[2];
	char expected[96];

	check(first >= 0 && ports_bound(first) > 0);
	binding.first = binding.last = ports_bound(first);
	snprintf(expected, sizeof(expected),
		"Bind for 127.0.0.1:%u failed: port is already allocated", binding.first);
	check(ports_listen(&binding, &failure) < 0 && failure.error == EADDRINUSE &&
		strcmp(failure.message, expected) == 0);
	/* A range has a free one. */
	binding.last = (uint16_t)(binding.first + 20);
	second = ports_listen(&binding, &failure);
	check(second >= 0 && ports_bound(second) > binding.first &&
		ports_bound(second) <= binding.last);
	binding = (struct port_binding){IPPROTO_UDP, "198.51.100.9", 5353, 5353};
	check(ports_listen(&binding, &failure) < 0 &&
		strcmp(failure.message, "listen udp4 198.51.100.9:5353: bind: cannot assign "
					"requested address") == 0);
	binding.address = "localhost";
	check(ports_listen(&binding, &failure) < 0 && failure.kind == FAILURE_BAD_INPUT);

	/* One number for all addresses. */
	const struct port_binding both[] = {
		{IPPROTO_UDP, "127.0.0.1", 0, 0}, {IPPROTO_UDP, "127.0.0.2", 0, 0}};

	check(ports_listen_all(both, 2, fds, &failure) == 0 &&
		ports_bound(fds[0]) == ports_bound(fds[1]));
	close(fds[0]);
	close(fds[1]);
	close(first);
	close(second);
}

int main(void)
{
	test_messages();
	test_foreign();
	test_listeners();
	return failures > 0;
}
