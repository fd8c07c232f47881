/* SPDX-License-Identifier: Apache-2.0 */
/* Containers that come, ask, change and go in any order, and servers that answer, refuse, babble or
 * stay silent: the name server must end without a fault, and without anything left in memory. */
/* Times are so short that they are over in the middle of things. */
#define HURRY "400"
#include "names_harness.h"

#define CONTAINERS 6
#define STREAMS 24
#define STEPS 6000

static uint64_t state = 20251;
static struct container containers[CONTAINERS];
static int streams[STREAMS];
static int datagrams, listener;

static unsigned draw(unsigned below)
{
	state = state * 6364136223846793005ULL + 1442695040888963407ULL;
	return (unsigned)(state >> 33) % below;
}

static const char *draw_name(void)
{
	static const char *const names[] = {
		"c0", "c1.front", "all", "x", "example.org", "1.0.0.10.in-addr.arpa"};

	return names[draw(array_size(names))];
}

static void register_container(struct container *container, bool sockets)
{
	unsigned number = (unsigned)(container - containers);
	bool own = sockets && draw(2);
	int fds[NAMES_SOCKETS] = {container->queries, container->connections, -1, -1};
	char network[256], *text;
	struct failure failure;

	snprintf(network, sizeof(network),
		"{\"id\":\"%064u\",\"name\":\"front\",\"address\":\"10.0.0.%u\","
		"\"names\":[\"c%u\",\"all\"]}",
		draw(2), number + 1, number);
	text = registration((char)number, draw(5) > 0, own ? "\"127.0.0.1\"" : "", network, "");
	if (own) {
		fds[2] = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		fds[3] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	}
	check(names_register(
		      container->control, text, fds, !sockets ? 0 : (own ? 4 : 2), &failure) == 0);
	free(text);
	if (own) {
		close(fds[2]);
		close(fds[3]);
	}
}

static void replace_container(const struct server *server, struct container *container)
{
	end_container(container);
	*container = make_container(server);
	register_container(container, true);
}

static void use_stream(const struct container *container)
{
	int *stream = &streams[draw(STREAMS)];
	unsigned char message[514];
	size_t size = make_query(message + 2, (uint16_t)draw(65536), draw_name(), DNS_A) + 2;

	dns_put16(message, (uint16_t)(size - 2));
	if (draw(8) == 0)
		message[draw((unsigned)size)] = (unsigned char)draw(256);
	if (*stream >= 0 && draw(2)) {
		close(*stream);
		*stream = -1;
	}
	if (*stream < 0) {
		*stream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (connect(*stream, (const struct sockaddr *)&container->to_connections,
			    sizeof(container->to_connections)) < 0)
			return;
	}
	(void)send(*stream, message, draw(4) ? size : draw((unsigned)size + 1),
		MSG_NOSIGNAL | MSG_DONTWAIT);
}

static void answer_datagram(void)
{
	struct sockaddr_in from;
	socklen_t length = sizeof(from);
	unsigned char bytes[4096];
	ssize_t size =
		recvfrom(datagrams, bytes, 2048, MSG_DONTWAIT, (struct sockaddr *)&from, &length);

	if (size < DNS_HEADER || draw(3) == 0)
		return;
	bytes[2] |= 0x80;
	bytes[3] = (unsigned char)(draw(2) ? 0 : draw(16));
	if (draw(4) == 0)
		bytes[draw((unsigned)size)] = (unsigned char)draw(256);
	memset(bytes + size, 0, 1000);
	(void)sendto(datagrams, bytes, (size_t)size + draw(1000), MSG_DONTWAIT,
		(struct sockaddr *)&from, length);
}

static void answer_stream(void)
{
	unsigned char bytes[4096];
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	ssize_t size;

	if (fd < 0)
		return;
	usleep(500);
	size = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT);
	if (size > 4 && draw(3)) {
		bytes[4] |= 0x80;
		(void)send(fd, bytes, draw(3) ? (size_t)size : draw((unsigned)size), MSG_NOSIGNAL);
	}
	close(fd);
}

static void step(const struct server *server)
{
	struct container *container = &containers[draw(CONTAINERS)];

	switch (draw(12)) {
	case 0:
		if (draw(8) == 0)
			replace_container(server, container);
		break;
	case 1:
		register_container(container, draw(2));
		break;
	case 2:
	case 3:
	case 4:
		use_stream(container);
		break;
	case 5:
		answer_stream();
		break;
	case 6:
	case 7:
	case 8:
		answer_datagram();
		break;
	default:
		send_query(container, (uint16_t)draw(65536), draw_name());
		(void)recv(container->asking, (char[4096]){0}, 4096, MSG_DONTWAIT);
	}
}

static void run(bool sanitized)
{
	struct server server;

	(void)sanitized;
	port = choose_port();
	datagrams = open_at(FIRST, SOCK_DGRAM, port);
	listener = open_at(FIRST, SOCK_STREAM, port);
	fcntl(listener, F_SETFL, O_NONBLOCK);
	write_resolv_conf("nameserver 127.0.0.1\nnameserver 127.0.0.7\n");
	server = start_server();
	for (size_t i = 0; i < STREAMS; i++)
		streams[i] = -1;
	for (size_t i = 0; i < CONTAINERS; i++) {
		containers[i] = make_container(&server);
		register_container(&containers[i], true);
	}
	for (int i = 0; i < STEPS; i++)
		step(&server);
	for (size_t i = 0; i < STREAMS; i++)
		if (streams[i] >= 0)
			close(streams[i]);
	for (size_t i = 0; i < CONTAINERS; i++)
		end_container(&containers[i]);
	expect_end(&server);
	close(datagrams);
	close(listener);
}

int main(int argc, char **argv)
{
	return harness_main(argc, argv, run);
}
