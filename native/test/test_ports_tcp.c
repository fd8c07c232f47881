/* SPDX-License-Identifier: Apache-2.0 */
/* Published TCP ports through the real forwarder, between namespaces. */
#include "ports_lab.h"

#include <stdint.h>
#include <sys/resource.h>

#define MANY 1000
#define LARGE (24 << 20)

static struct lab lab;

/* The container sees `expected` (a prefix) and both ends understand each other. */
static void exchange(int client, const char *to, unsigned port, int server, const char *expected)
{
	char peer[80], text[16] = "";
	int accepted;

	check(lab_connect(client, to, port) == 0 && write(client, "question", 8) == 8);
	accepted = lab_accept(server, peer);
	if (strncmp(peer, expected, strlen(expected)) != 0)
		printf("the container sees %s instead of %s\n", peer, expected);
	check(strncmp(peer, expected, strlen(expected)) == 0);
	check(read(accepted, text, sizeof(text)) == 8 && memcmp(text, "question", 8) == 0);
	check(write(accepted, "answer", 6) == 6 && read(client, text, sizeof(text)) == 6 &&
		memcmp(text, "answer", 6) == 0);
	close(accepted);
	check(read(client, text, 1) == 0);
	close(client);
}

static void test_addresses(int server, int server6)
{
	exchange(lab_socket(lab.client, SOCK_STREAM, "192.0.2.7", 40001), "192.0.2.1", 8080, server,
		"192.0.2.7 40001");
	exchange(lab_socket(lab.client, SOCK_STREAM, "2001:db8::7", 40001), "2001:db8::1", 8080,
		server6, "2001:db8::7 40001");
	/* A client's own port may be a privileged one. */
	exchange(lab_socket(lab.client, SOCK_STREAM, "192.0.2.7", 700), "192.0.2.1", 8080, server,
		"192.0.2.7 700");
	/* The host asks itself by its own address, or by loopback. */
	exchange(lab_socket(-1, SOCK_STREAM, "192.0.2.1", 0), "192.0.2.1", 8080, server,
		"192.0.2.1 ");
	exchange(lab_socket(-1, SOCK_STREAM, "127.0.0.1", 0), "127.0.0.1", 8080, server,
		"172.18.0.1 ");
	exchange(lab_socket(-1, SOCK_STREAM, "::1", 0), "::1", 8080, server6, "fd00::1 ");
	/* A container asks its gateway. */
	exchange(lab_socket(lab.container, SOCK_STREAM, "172.18.0.2", 0), "172.18.0.1", 8080,
		server, "172.18.0.1 ");
}

/* Addresses that another one has behind N, as Docker's default network may; one came later. */
static void test_address_of_n(int server)
{
	struct failure failure;
	auto_close int route = netns_socket(lab.client, NETLINK_ROUTE, &failure);
	auto_close int host = nl_open(NETLINK_ROUTE);
	bool up;

	check(link_add_address(route, link_find(route, "eth0", &up, &failure),
		      inet_addr("172.18.0.9"), 32, &failure) == 0);
	check(link_add_address(host, link_find(host, "lan0", &up, &failure),
		      inet_addr("172.18.0.8"), 24, &failure) == 0);
	exchange(lab_socket(lab.client, SOCK_STREAM, "172.18.0.9", 0), "192.0.2.1", 8080, server,
		"172.18.0.1 ");

	auto_close int n = netns_socket(lab.n, NETLINK_ROUTE, &failure);

	check(link_add_address(n, link_find(n, "lighter0", &up, &failure), inet_addr("192.0.2.200"),
		      28, &failure) == 0 &&
		link_add_address(route, link_find(route, "eth0", &up, &failure),
			inet_addr("192.0.2.201"), 32, &failure) == 0);
	usleep(100000);
	exchange(lab_socket(lab.client, SOCK_STREAM, "192.0.2.201", 0), "192.0.2.1", 8080, server,
		"172.18.0.1 ");
}

static void test_half_close(int server)
{
	int client = lab_socket(lab.client, SOCK_STREAM, "192.0.2.7", 0);
	char peer[80], text[16];
	int accepted;

	check(lab_connect(client, "192.0.2.1", 8080) == 0);
	accepted = lab_accept(server, peer);
	check(write(client, "end", 3) == 3 && shutdown(client, SHUT_WR) == 0);
	check(read(accepted, text, 3) == 3 && read(accepted, text, 1) == 0);
	check(write(accepted, "still", 5) == 5 && read(client, text, sizeof(text)) == 5);
	close(accepted);
	check(read(client, text, 1) == 0);
	close(client);
}

/* A break of one side arrives as a break at the other. */
static void test_reset(int server)
{
	const struct linger at_once = {.l_onoff = 1};
	char peer[80], text[16];

	for (int turn = 0; turn < 2; turn++) {
		int client = lab_socket(lab.client, SOCK_STREAM, "192.0.2.7", 0);

		check(lab_connect(client, "192.0.2.1", 8080) == 0 && write(client, "x", 1) == 1);
		int accepted = lab_accept(server, peer);

		check(read(accepted, text, 1) == 1);
		setsockopt(
			turn ? client : accepted, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
		close(turn ? client : accepted);
		errno = 0;
		check(read(turn ? accepted : client, text, 1) == -1 && errno == ECONNRESET);
		close(turn ? accepted : client);
	}
}

static void test_refused(void)
{
	int client = lab_socket(lab.client, SOCK_STREAM, "192.0.2.7", 0);
	char byte;

	check(lab_connect(client, "192.0.2.1", 8080) == 0);
	check(read(client, &byte, 1) == -1 && errno == ECONNRESET);
	close(client);
}

static uint32_t fill(unsigned char *data, size_t size, uint32_t seed)
{
	for (size_t i = 0; i < size; i++) {
		seed = seed * 1664525 + 1013904223;
		data[i] = (unsigned char)(seed >> 24);
	}
	return seed;
}

/* One end of a large transfer: sends its own stream and compares what comes. */
static bool transfer(int fd, uint32_t send_seed, uint32_t receive_seed)
{
	static unsigned char out[65536], in[65536], expected[65536];
	size_t sent = 0, received = 0, out_at = sizeof(out);

	while (sent < LARGE || received < LARGE) {
		struct pollfd event = {.fd = fd,
			.events = (short)((sent < LARGE ? POLLOUT : 0) |
					  (received < LARGE ? POLLIN : 0))};

		if (poll(&event, 1, 10000) <= 0)
			return false;
		if (sent < LARGE && event.revents & POLLOUT) {
			if (out_at == sizeof(out)) {
				send_seed = fill(out, sizeof(out), send_seed);
				out_at = 0;
			}
			ssize_t put = send(fd, out + out_at, sizeof(out) - out_at, MSG_DONTWAIT);

			if (put < 0 && errno != EAGAIN)
				return false;
			out_at += put > 0 ? (size_t)put : 0;
			sent += put > 0 ? (size_t)put : 0;
		}
		if (event.revents & POLLIN) {
			ssize_t got = recv(fd, in, sizeof(in), MSG_DONTWAIT);

			if (got <= 0)
				return false;
			receive_seed = fill(expected, (size_t)got, receive_seed);
			if (memcmp(in, expected, (size_t)got) != 0)
				return false;
			received += (size_t)got;
		}
	}
	return true;
}

static void test_large(int server)
{
	int client = lab_socket(lab.client, SOCK_STREAM, "192.0.2.7", 0), status = -1;
	char peer[80];
	pid_t pid;

	check(lab_connect(client, "192.0.2.1", 8080) == 0);
	int accepted = lab_accept(server, peer);

	pid = fork();
	if (pid == 0)
		_exit(transfer(accepted, 1, 2) ? 0 : 1);
	check(transfer(client, 2, 1));
	check(waitpid(pid, &status, 0) == pid && status == 0);
	close(accepted);
	close(client);
}

static void test_many(int server)
{
	static int clients[MANY], accepted[MANY];
	int answered = 0, asked = 0;
	char peer[80], byte;

	for (int i = 0; i < MANY; i++) {
		clients[i] = lab_socket(lab.client, SOCK_STREAM, "192.0.2.7", 0);
		check(lab_connect(clients[i], "192.0.2.1", 8080) == 0);
	}
	for (int i = 0; i < MANY; i++)
		accepted[i] = lab_accept(server, peer);
	for (int i = 0; i < MANY; i++)
		check(write(clients[i], "?", 1) == 1);
	for (int i = 0; i < MANY; i++)
		asked += read(accepted[i], &byte, 1) == 1 && write(accepted[i], "!", 1) == 1;
	for (int i = 0; i < MANY; i++) {
		answered += read(clients[i], &byte, 1) == 1 && byte == '!';
		close(clients[i]);
	}
	check(asked == MANY && answered == MANY);
	for (int i = 0; i < MANY; i++)
		close(accepted[i]);
}

/* A receiver that takes nothing stops its sender, and gets all once it goes on. */
static void test_backpressure(int server)
{
	static char block[65536];
	int client = lab_socket(lab.client, SOCK_STREAM, "192.0.2.7", 0);
	size_t sent = 0, received = 0;
	char peer[80];
	ssize_t moved;

	check(lab_connect(client, "192.0.2.1", 8080) == 0);
	int accepted = lab_accept(server, peer);
	struct pollfd event = {.fd = client, .events = POLLOUT};

	while (poll(&event, 1, 300) > 0 && sent < 256 << 20) {
		moved = send(client, block, sizeof(block), MSG_DONTWAIT);
		sent += moved > 0 ? (size_t)moved : 0;
	}
	check(sent < 64 << 20);
	shutdown(client, SHUT_WR);
	while ((moved = read(accepted, block, sizeof(block))) > 0)
		received += (size_t)moved;
	check(moved == 0 && received == sent);
	close(accepted);
	close(client);
}

/* The listening socket survives the forwarder; clients of the gap are served by the next one. */
static void test_killed(const int *listeners, int server)
{
	pid_t pid = lab_forwarder();
	int waiting = lab_socket(lab.client, SOCK_STREAM, "192.0.2.7", 40002);
	char byte;

	check(pid > 0 && kill(pid, SIGKILL) == 0 && waitpid(pid, NULL, 0) == pid);
	check(read(lab.forwarder, &byte, 1) == 0);
	close(lab.forwarder);
	lab.forwarder = -1;
	check(lab_connect(waiting, "192.0.2.1", 8080) == 0);
	lab_publish(&lab, listeners, 2, "tcp", 80);
	check(lab_forwarder() != pid);

	char peer[80];
	int accepted = lab_accept(server, peer);

	check(strcmp(peer, "192.0.2.7 40002") == 0);
	close(accepted);
	close(waiting);
	exchange(lab_socket(lab.client, SOCK_STREAM, "192.0.2.7", 40003), "192.0.2.1", 8080, server,
		"192.0.2.7 40003");
}

/* Of a container that ends, clients still get the last words. */
static void test_last_words(int server)
{
	int client = lab_socket(lab.client, SOCK_STREAM, "192.0.2.7", 0);
	char peer[80], text[16];

	check(lab_connect(client, "192.0.2.1", 8080) == 0);
	int accepted = lab_accept(server, peer);

	check(write(accepted, "farewell", 8) == 8);
	close(accepted);
	lab_close(&lab);
	check(read(client, text, sizeof(text)) == 8 && read(client, text, 1) == 0);
	close(client);
}

int main(int argc, char **argv)
{
	int listeners[2], server, server6;
	struct rlimit limit;

	if (argc > 1 && strcmp(argv[1], "ports") == 0)
		return verb_ports(argc, argv);
	getrlimit(RLIMIT_NOFILE, &limit);
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
	if (limit.rlim_cur < 4 * MANY)
		return skip("too few open files are allowed here");
	lab_build(&lab);
	listeners[0] = lab_bind(IPPROTO_TCP, "0.0.0.0", 8080);
	listeners[1] = lab_bind(IPPROTO_TCP, "::", 8080);
	lab_publish(&lab, listeners, 2, "tcp", 80);
	test_refused();
	server = lab_listen(lab.container, "172.18.0.2", 80);
	server6 = lab_listen(lab.container, "fd00::2", 80);
	test_addresses(server, server6);
	test_address_of_n(server);
	test_half_close(server);
	test_reset(server);
	test_large(server);
	test_many(server);
	test_backpressure(server);
	test_killed(listeners, server);
	test_last_words(server);
	return failures > 0;
}
