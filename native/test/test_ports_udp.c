/* SPDX-License-Identifier: Apache-2.0 */
/* Published UDP ports through the real forwarder, between namespaces. */
#include "ports_lab.h"

#define FLOWS 2100
#define MANY 250
#define CROWD 600

static struct lab lab;

static void ask(int fd, const char *to, const char *text)
{
	union ports_address address = lab_address(to, 5353);

	check(sendto(fd, text, strlen(text), 0, &address.any, ports_address_size(&address)) ==
		(ssize_t)strlen(text));
}

/* What arrives, and from whom. */
static const char *hear(int fd, char peer[80], union ports_address *ret)
{
	static char text[65536];
	socklen_t size = sizeof(*ret);
	ssize_t got = recvfrom(fd, text, sizeof(text) - 1, 0, &ret->any, &size);

	text[got < 0 ? 0 : got] = '\0';
	snprintf(peer, 80, "%s", got < 0 ? "nobody" : lab_text(ret));
	return text;
}

static void reply(int fd, const union ports_address *to, const char *text)
{
	check(sendto(fd, text, strlen(text), 0, &to->any, ports_address_size(to)) ==
		(ssize_t)strlen(text));
}

/* The container sees `expected` (a prefix); the answer comes from the address that was asked. */
static void exchange(int client, const char *to, int server, const char *expected)
{
	union ports_address address;
	char peer[80], from[80];

	ask(client, to, "question");
	check(strcmp(hear(server, peer, &address), "question") == 0);
	if (strncmp(peer, expected, strlen(expected)) != 0)
		printf("the container sees %s instead of %s\n", peer, expected);
	check(strncmp(peer, expected, strlen(expected)) == 0);
	reply(server, &address, "answer");
	check(strcmp(hear(client, peer, &address), "answer") == 0);
	snprintf(from, sizeof(from), "%s 5353", to);
	check(strcmp(peer, from) == 0);
}

static void test_addresses(int server, int server6)
{
	int client = lab_socket(lab.client, SOCK_DGRAM, "192.0.2.7", 40001);
	int other = lab_socket(lab.client, SOCK_DGRAM, "192.0.2.7", 40002);
	int client6 = lab_socket(lab.client, SOCK_DGRAM, "2001:db8::7", 40001);
	int loopback = lab_socket(-1, SOCK_DGRAM, "127.0.0.1", 0);
	int loopback6 = lab_socket(-1, SOCK_DGRAM, "::1", 0);
	int neighbour = lab_socket(lab.container, SOCK_DGRAM, "172.18.0.2", 0);

	for (int turn = 0; turn < 3; turn++) {
		exchange(client, "192.0.2.1", server, "192.0.2.7 40001");
		exchange(other, "192.0.2.1", server, "192.0.2.7 40002");
		exchange(client6, "2001:db8::1", server6, "2001:db8::7 40001");
		exchange(loopback, "127.0.0.1", server, "172.18.0.1 ");
		exchange(loopback6, "::1", server6, "fd00::1 ");
		exchange(neighbour, "172.18.0.1", server, "172.18.0.1 ");
	}
	close(client);
	close(other);
	close(client6);
	close(loopback);
	close(loopback6);
	close(neighbour);
}

/* Answers out of order find their own clients; datagrams keep their borders. */
static void test_two_clients(int server)
{
	int one = lab_socket(lab.client, SOCK_DGRAM, "192.0.2.7", 0);
	int two = lab_socket(lab.client, SOCK_DGRAM, "192.0.2.7", 0);
	union ports_address first, second, ignored;
	char peer[80], large[9001];

	memset(large, 'x', 9000);
	large[9000] = '\0';
	ask(one, "192.0.2.1", "one");
	check(strcmp(hear(server, peer, &first), "one") == 0);
	ask(two, "192.0.2.1", large);
	check(strcmp(hear(server, peer, &second), large) == 0);
	reply(server, &second, large);
	reply(server, &first, "1");
	reply(server, &second, "2");
	check(strcmp(hear(one, peer, &ignored), "1") == 0);
	check(strcmp(hear(two, peer, &ignored), large) == 0);
	check(strcmp(hear(two, peer, &ignored), "2") == 0);
	close(one);
	close(two);
}

/* Many clients share the gateway's address: each has a port of its own towards the container, and
 * gets its own answer. */
static void test_crowd(int server)
{
	static union ports_address seen[CROWD];
	union ports_address ignored;
	int clients[CROWD], lost = 0;
	char peer[80], text[16];

	for (int i = 0; i < CROWD; i++) {
		clients[i] = lab_socket(-1, SOCK_DGRAM, "127.0.0.1", 20000 + (unsigned)i);
		snprintf(text, sizeof(text), "%d", i);
		ask(clients[i], "127.0.0.1", text);
		check(strcmp(hear(server, peer, &seen[i]), text) == 0);
	}
	for (int i = 0; i < CROWD; i++) {
		snprintf(text, sizeof(text), "%d", i);
		reply(server, &seen[i], text);
		/* An answer that went elsewhere is not waited for. */
		usleep(1000);
		fcntl(clients[i], F_SETFL, O_NONBLOCK);
		for (int turn = 0; turn < 100 && recv(clients[i], peer, 1, MSG_PEEK) < 0; turn++)
			usleep(1000);
		lost += strcmp(hear(clients[i], peer, &ignored), text) != 0;
	}
	if (lost > 0)
		printf("%d clients without their answer\n", lost);
	check(lost == 0);
	for (int i = 0; i < CROWD; i++)
		close(clients[i]);
}

/* One socket asks two ports of the host that lead to the same one of the container. */
static void test_two_ports(int server)
{
	int client = lab_socket(lab.client, SOCK_DGRAM, "192.0.2.7", 40011);
	union ports_address second = lab_address("192.0.2.1", 5354), peers[2], ignored;
	char peer[80];

	ask(client, "192.0.2.1", "one");
	check(strcmp(hear(server, peer, &peers[0]), "one") == 0);
	check(strcmp(peer, "192.0.2.7 40011") == 0);
	check(sendto(client, "two", 3, 0, &second.any, ports_address_size(&second)) == 3);
	check(strcmp(hear(server, peer, &peers[1]), "two") == 0);
	check(strncmp(peer, "192.0.2.7 ", 10) == 0);
	for (int i = 0; i < 2; i++) {
		reply(server, &peers[i], "answer");
		check(strcmp(hear(client, peer, &ignored), "answer") == 0);
		check(strcmp(peer, i == 0 ? "192.0.2.1 5353" : "192.0.2.1 5354") == 0);
	}
	close(client);
}

/* Nobody listens in the container at first: the flow goes on when somebody does. */
static void test_late_server(int *server)
{
	int client = lab_socket(lab.client, SOCK_DGRAM, "192.0.2.7", 40009);

	for (int i = 0; i < 3; i++)
		ask(client, "192.0.2.1", "early");
	usleep(100000);
	*server = lab_socket(lab.container, SOCK_DGRAM, "172.18.0.2", 53);
	check(*server >= 0);
	exchange(client, "192.0.2.1", *server, "192.0.2.7 40009");
	close(client);
}

/* More clients than there may be flows: the oldest give way, the newest are served. */
static void test_eviction(int server)
{
	union ports_address address;
	char peer[80];

	for (int i = 0; i < FLOWS; i++) {
		int client = lab_socket(lab.client, SOCK_DGRAM, "192.0.2.7", 20000 + (unsigned)i);

		ask(client, "192.0.2.1", "x");
		check(strcmp(hear(server, peer, &address), "x") == 0);
		close(client);
	}
	exchange(lab_socket(lab.client, SOCK_DGRAM, "192.0.2.7", 30001), "192.0.2.1", server,
		"192.0.2.7 30001");
}

/* More ports than one message carries. */
static void test_many_ports(int server)
{
	struct port_binding binding = {IPPROTO_UDP, "0.0.0.0", 0, 0};
	union ports_address address;
	struct failure failure;
	int listeners[MANY];
	char peer[80];

	for (int i = 0; i < MANY; i++) {
		listeners[i] = ports_listen(&binding, &failure);
		check(listeners[i] >= 0);
	}
	lab_publish(&lab, listeners, MANY, "udp", 53);
	for (int i = 0; i < MANY; i += MANY - 1) {
		int client = lab_socket(lab.client, SOCK_DGRAM, "192.0.2.7", 0);

		check(lab_connect(client, "192.0.2.1", ports_bound(listeners[i])) == 0);
		check(write(client, "x", 1) == 1);
		check(strcmp(hear(server, peer, &address), "x") == 0);
		close(client);
	}
	for (int i = 0; i < MANY; i++)
		close(listeners[i]);
}

int main(int argc, char **argv)
{
	int listeners[3], server, server6;

	if (argc > 1 && strcmp(argv[1], "ports") == 0)
		return verb_ports(argc, argv);
	lab_build(&lab);
	listeners[0] = lab_bind(IPPROTO_UDP, "0.0.0.0", 5353);
	listeners[1] = lab_bind(IPPROTO_UDP, "::", 5353);
	listeners[2] = lab_bind(IPPROTO_UDP, "0.0.0.0", 5354);
	lab_publish(&lab, listeners, 3, "udp", 53);
	test_late_server(&server);
	server6 = lab_socket(lab.container, SOCK_DGRAM, "fd00::2", 53);
	test_addresses(server, server6);
	test_two_clients(server);
	test_crowd(server);
	test_two_ports(server);
	test_eviction(server);
	test_many_ports(server);
	lab_close(&lab);
	return failures > 0;
}
