/* SPDX-License-Identifier: Apache-2.0 */
/* Names as a container has them: sockets and rule in a network namespace of its own, asked by the C
 * library's resolver and by busybox. */
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

#include "bridge.h"
#include "names_harness.h"
#include "netlink.h"

#define REPLICAS 100

/* How many lines of a program's output have the text in them. */
static int count_lines(const char *command, const char *text)
{
	FILE *output = popen(command, "re");
	char line[512];
	int count = 0;

	must(output);
	while (fgets(line, sizeof(line), output))
		count += strstr(line, text) != NULL;
	pclose(output);
	return count;
}

static void enter_namespaces(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	struct failure failure;
	char path[128];
	int fd;

	must(unshare(CLONE_NEWNET | CLONE_NEWNS) == 0);
	must(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	snprintf(path, sizeof(path), "%s/inside", directory);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	must(fd >= 0 && write(fd, "nameserver 127.0.0.11\n", 22) == 22);
	close(fd);
	must(mount(path, "/etc/resolv.conf", NULL, MS_BIND, NULL) == 0);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	must(ioctl(fd, SIOCSIFFLAGS, &request) == 0);
	close(fd);
	/* Without any address but the loopback's getaddrinfo asks nobody. */
	fd = nl_open(NETLINK_ROUTE);
	must(fd >= 0 && link_add_address(fd, 1, htonl(0x0a000001), 24, &failure) == 0);
	close(fd);
}

/* The address and port that an answer comes from are those that were asked. */
static void test_port(void)
{
	struct sockaddr_in asked = {.sin_family = AF_INET, .sin_port = htons(DNS_PORT)}, from;
	int fd = open_at("0.0.0.0", SOCK_DGRAM, 0), free_port;
	unsigned char packet[512];
	size_t size = make_query(packet, 9, "web", DNS_A);
	socklen_t length = sizeof(from);

	inet_pton(AF_INET, NAMES_ADDRESS, &asked.sin_addr);
	must(sendto(fd, packet, size, 0, (struct sockaddr *)&asked, sizeof(asked)) ==
		(ssize_t)size);
	check(recvfrom(fd, packet, sizeof(packet), 0, (struct sockaddr *)&from, &length) ==
		(ssize_t)size + 16);
	check(from.sin_addr.s_addr == asked.sin_addr.s_addr && from.sin_port == asked.sin_port);
	close(fd);
	/* A container may serve names itself. */
	free_port = open_at("0.0.0.0", SOCK_DGRAM, DNS_PORT);
	close(free_port);
	free_port = open_at("0.0.0.0", SOCK_STREAM, DNS_PORT);
	close(free_port);
}

/* A server that only the container's namespace knows. */
static void test_own_server(void)
{
	int own = open_at("127.0.0.9", SOCK_DGRAM, port);
	pid_t pid = fork();

	must(pid >= 0);
	if (pid == 0) {
		struct sockaddr_in from;
		socklen_t length = sizeof(from);
		unsigned char bytes[2048];

		for (;;) {
			ssize_t size =
				recvfrom(own, bytes, 1024, 0, (struct sockaddr *)&from, &length);

			if (size < 0)
				_exit(0);
			bytes[2] |= 0x80;
			bytes[7] = 1;
			memcpy(bytes + size, "\xc0\x0c\0\1\0\1\0\0\0\1\0\4\1\2\3\4", 16);
			(void)sendto(
				own, bytes, (size_t)size + 16, 0, (struct sockaddr *)&from, length);
		}
	}
	check(count_lines("getent ahostsv4 outside.example", "1.2.3.4") == 3);
	kill(pid, SIGKILL);
	must(waitpid(pid, NULL, 0) == pid);
	close(own);
}

static void run(bool sanitized)
{
	char *text;
	int fds[NAMES_SOCKETS], others[NAMES_SOCKETS], controls[REPLICAS];
	struct server server;
	struct failure failure;

	/* Once in a namespace is for good. */
	if (!sanitized)
		return;
	port = 5300;
	write_resolv_conf("");
	server = start_server();
	enter_namespaces();
	auto_close int netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	if (names_open_sockets(netns, false, others, &failure) < 0) {
		printf("%s\n", failure.message);
		exit(1);
	}
	check(others[2] == -1 && others[3] == -1);
	/* Once more, as after the name server's death. */
	must(names_open_sockets(netns, true, fds, &failure) == 0);
	for (int i = 0; i < REPLICAS; i++) {
		char network[256];

		snprintf(network, sizeof(network),
			"{\"id\":\"%064d\",\"name\":\"front\",\"address\":\"10.0.0.%d\",\"names\":["
			"\"all\",\"%s\"]}",
			1, i + 1, i == 0 ? "web" : "other");
		text = registration(1, true, "\"127.0.0.9\"", network, "");
		controls[i] = connect_to(&server);
		check(names_register(controls[i], text, fds, NAMES_SOCKETS, &failure) == 0);
		free(text);
	}
	test_port();
	check(count_lines("getent ahostsv4 web", "10.0.0.1") == 3);
	check(count_lines("getent hosts WEB.front", "10.0.0.1") == 1);
	check(count_lines("getent hosts 10.0.0.1", "all.front") == 1);
	/* More than a datagram holds: asked again over a stream. */
	check(count_lines("getent ahostsv4 all", "STREAM") == REPLICAS);
	if (access("/usr/bin/busybox", X_OK) == 0) {
		check(count_lines("busybox nslookup web 2>&1", "10.0.0.1") == 1);
		check(count_lines("busybox nslookup -type=a all 127.0.0.11 2>&1", "10.0.0.") >= 30);
	}
	test_own_server();
	for (int i = 0; i < REPLICAS; i++)
		close(controls[i]);
	expect_end(&server);
	for (int i = 0; i < NAMES_SOCKETS; i++) {
		close(fds[i]);
		if (others[i] >= 0)
			close(others[i]);
	}
	must(chdir(directory) == 0 && unlink("inside") == 0);
}

int main(int argc, char **argv)
{
	if (geteuid() != 0)
		return skip("namespaces need root");
	return harness_main(argc, argv, run);
}
