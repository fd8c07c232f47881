/* SPDX-License-Identifier: Apache-2.0 */
/* A name server in a process of its own, containers that are sockets of the test, and servers that
 * it may ask, for the tests of names. The program under test is this one with sanitizers, and then
 * the real one with its filter of system calls, where it has been built. */
#ifndef LIGHTER_NAMES_HARNESS_H
#define LIGHTER_NAMES_HARNESS_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "names_client.h"
#include "names_packet.h"
#include "scope.h"
#include "verbs.h"

static const char *program;
static char directory[64];
static uint16_t port; /* of the servers that are asked */

#ifndef HURRY
/* All times of the server are a fourth. */
#define HURRY "4"
#endif
#define SECONDS_LATE 20

/* Servers that tests play. */
#define FIRST "127.0.0.1"
#define SECOND "127.0.0.2"

struct server {
	pid_t pid;
	struct sockaddr_un address;
};

struct container {
	int control, queries, connections, asking;
	struct sockaddr_in to_queries, to_connections;
};

static inline double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline void write_resolv_conf(const char *text)
{
	char path[128], draft[128];
	FILE *file;

	snprintf(path, sizeof(path), "%s/resolv.conf", directory);
	snprintf(draft, sizeof(draft), "%s/draft", directory);
	file = fopen(draft, "we");
	must(file && fputs(text, file) >= 0 && fclose(file) == 0 && rename(draft, path) == 0);
}

static inline int open_at(const char *address, int type, uint16_t number)
{
	struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(number)};
	struct timeval late = {.tv_sec = SECONDS_LATE};
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0), on = 1;

	inet_pton(AF_INET, address, &name.sin_addr);
	must(fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0);
	must(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &late, sizeof(late)) == 0);
	must(bind(fd, (struct sockaddr *)&name, sizeof(name)) == 0);
	must(type == SOCK_DGRAM || listen(fd, 16) == 0);
	return fd;
}

static inline struct sockaddr_in name_of(int fd)
{
	struct sockaddr_in name;
	socklen_t size = sizeof(name);

	must(getsockname(fd, (struct sockaddr *)&name, &size) == 0);
	return name;
}

/* A port that is free for both kinds of sockets at the addresses of the played servers. */
static inline uint16_t choose_port(void)
{
	for (int round = 0; round < 100; round++) {
		auto_close int found = open_at(FIRST, SOCK_DGRAM, 0);
		struct sockaddr_in name = name_of(found);
		auto_close int stream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		auto_close int other = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		auto_close int other_stream = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		bool free_at_first = bind(stream, (struct sockaddr *)&name, sizeof(name)) == 0;

		inet_pton(AF_INET, SECOND, &name.sin_addr);
		if (free_at_first && bind(other, (struct sockaddr *)&name, sizeof(name)) == 0 &&
			bind(other_stream, (struct sockaddr *)&name, sizeof(name)) == 0)
			return ntohs(name.sin_port);
	}
	must(!"no port is free");
	return 0;
}

static inline struct server start_server(void)
{
	struct server server = {.address = {.sun_family = AF_UNIX}};
	char resolv_conf[128], number[8];
	int listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(server.address.sun_path, sizeof(server.address.sun_path), "%s/names", directory);
	unlink(server.address.sun_path);
	must(bind(listener, (struct sockaddr *)&server.address, sizeof(server.address)) == 0);
	must(listen(listener, 16) == 0);
	snprintf(resolv_conf, sizeof(resolv_conf), "%s/resolv.conf", directory);
	snprintf(number, sizeof(number), "%u", port);
	server.pid = fork();
	must(server.pid >= 0);
	if (server.pid == 0) {
		must(dup2(listener, 3) == 3 && fcntl(3, F_SETFD, 0) == 0);
		execl(program, "lighter-native", "names", "--resolv-conf", resolv_conf, "--port",
			number, "--hurry", HURRY, NULL);
		_exit(127);
	}
	close(listener);
	return server;
}

/* How many descriptors the server has; 0 where nobody may look. */
static inline int count_descriptors(const struct server *server)
{
	auto_closedir DIR *open_files = NULL;
	char path[64];
	int count = 0;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)server->pid);
	open_files = opendir(path);
	while (open_files && readdir(open_files))
		count++;
	return count;
}

/* It ends by itself with the last connection, and without a fault. */
static inline void expect_end(const struct server *server)
{
	int status = -1;

	must(waitpid(server->pid, &status, 0) == server->pid);
	check(status == 0);
}

static inline int connect_to(const struct server *server)
{
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	char byte;

	must(connect(fd, (struct sockaddr *)&server->address, sizeof(server->address)) == 0);
	must(recv(fd, &byte, 1, 0) == 1);
	return fd;
}

static inline struct container make_container(const struct server *server)
{
	struct container made = {.control = connect_to(server),
		.queries = open_at("127.0.0.1", SOCK_DGRAM, 0),
		.connections = open_at("127.0.0.1", SOCK_STREAM, 0),
		.asking = open_at("127.0.0.1", SOCK_DGRAM, 0)};

	made.to_queries = name_of(made.queries);
	made.to_connections = name_of(made.connections);
	return made;
}

/* "id" is one letter of it; networks and links are JSON. */
static inline char *registration(
	char id, bool forward, const char *servers, const char *networks, const char *links)
{
	char *text;

	must(asprintf(&text,
		     "{\"id\":\"%064d\",\"forward\":%s,\"servers\":[%s],\"networks\":[%s],"
		     "\"links\":{%s}}",
		     id, forward ? "true" : "false", servers, networks, links) > 0);
	return text;
}

#define NETWORK(digit, name, address, names)                                                       \
	"{\"id\":\"" digit digit digit digit digit digit digit digit "\",\"name\":\"" name         \
	"\",\"address\":\"" address "\",\"names\":[" names "]}"
#define NET1 "11111111"
#define NET2 "22222222"

/* Registers and takes the text. */
static inline int enroll(const struct container *container, char *text, bool with_sockets)
{
	const int fds[] = {container->queries, container->connections};
	struct failure failure;
	int result = names_register(
		container->control, text, fds, with_sockets ? array_size(fds) : 0, &failure);

	free(text);
	return result;
}

static inline void end_container(struct container *container)
{
	close(container->control);
	close(container->queries);
	close(container->connections);
	close(container->asking);
}

static inline size_t make_query(unsigned char *packet, uint16_t id, const char *name, uint16_t type)
{
	size_t size = DNS_HEADER;

	memcpy(packet, "\0\0\1\0\0\1\0\0\0\0\0\0", DNS_HEADER);
	dns_put16(packet, id);
	size += dns_write_name(name, packet + size);
	dns_put16(packet + size, type);
	dns_put16(packet + size + 2, DNS_IN);
	return size + 4;
}

static inline void send_query(const struct container *container, uint16_t id, const char *name)
{
	unsigned char packet[512];
	size_t size = make_query(packet, id, name, DNS_A);

	must(sendto(container->asking, packet, size, 0,
		     (const struct sockaddr *)&container->to_queries,
		     sizeof(container->to_queries)) == (ssize_t)size);
}

struct reply {
	unsigned char bytes[65535];
	ssize_t size;
	int id, code, answers;
};

static inline void read_reply(struct reply *reply)
{
	reply->id = reply->code = reply->answers = -1;
	if (reply->size < DNS_HEADER)
		return;
	reply->id = dns_get16(reply->bytes);
	reply->code = dns_answer_code(reply->bytes);
	reply->answers = dns_get16(reply->bytes + 6);
}

static inline struct reply *get_reply(const struct container *container)
{
	static struct reply reply;

	reply.size = recv(container->asking, reply.bytes, sizeof(reply.bytes), 0);
	read_reply(&reply);
	return &reply;
}

static inline struct reply *ask(const struct container *container, const char *name)
{
	static uint16_t id;
	struct reply *reply;

	send_query(container, ++id, name);
	reply = get_reply(container);
	check(reply->id == id);
	return reply;
}

static inline bool is_quiet(int fd, int milliseconds)
{
	struct pollfd event = {.fd = fd, .events = POLLIN};

	return poll(&event, 1, milliseconds) == 0;
}

static inline int harness_main(int argc, char **argv, void (*run)(bool sanitized))
{
	static char real[PATH_MAX];

	if (argc > 1 && strcmp(argv[1], "names") == 0)
		return verb_names(argc, argv);
	snprintf(directory, sizeof(directory), "/tmp/lighter-names-XXXXXX");
	must(mkdtemp(directory));
	/* Nothing may hang. */
	alarm(240);
	check_subject = program = "/proc/self/exe";
	run(true);
	must(readlink("/proc/self/exe", real, sizeof(real) - 1) > 0);
	snprintf(real, sizeof(real) - 1, "%s/../lighter-native", dirname(strdupa(real)));
	if (access(real, X_OK) == 0) {
		check_subject = program = real;
		run(false);
	}
	must(chdir(directory) == 0);
	unlink("names");
	unlink("resolv.conf");
	must(rmdir(directory) == 0);
	return failures > 0;
}

#endif
