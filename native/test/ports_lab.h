/* SPDX-License-Identifier: Apache-2.0 */
/* A small internet for the forwarder's tests, without root: a client's machine, the host, the
 * shared namespace N with a bridge, and a container, all in a user namespace of the test.
 *
 *   client 192.0.2.7, 2001:db8::7 -- host 192.0.2.1, 2001:db8::1    N 172.18.0.1, fd00::1 --
 * container .2, ::2
 */
#ifndef LIGHTER_TEST_PORTS_LAB_H
#define LIGHTER_TEST_PORTS_LAB_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <jansson.h>

#include "check.h"
#include "bridge.h"
#include "helper.h"
#include "netlink.h"
#include "netns.h"
#include "ports.h"
#include "ports_client.h"
#include "routes.h"
#include "scope.h"
#include "verbs.h"

struct lab {
	char directory[64];
	int client, n, container; /* network namespaces; the test itself is in the host's */
	int forwarder;		  /* connection to it */
};

/* --- sockets that stand in a namespace --- */

struct lab_socket {
	int family, type, fd;
};

static inline int lab_open_socket(void *context, struct failure *out)
{
	struct lab_socket *wanted = context;
	const struct timeval patience = {.tv_sec = 10};
	const int on = 1;

	(void)out;
	wanted->fd = socket(wanted->family, wanted->type | SOCK_CLOEXEC, 0);
	setsockopt(wanted->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	setsockopt(wanted->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	setsockopt(wanted->fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	return 0;
}

static inline union ports_address lab_address(const char *text, unsigned port)
{
	union ports_address address = {0};

	if (inet_pton(AF_INET, text, &address.v4.sin_addr) == 1)
		address.any.sa_family = AF_INET;
	else if (inet_pton(AF_INET6, text, &address.v6.sin6_addr) == 1)
		address.any.sa_family = AF_INET6;
	address.v4.sin_port = htons((uint16_t)port);
	return address;
}

/* A socket in a namespace (-1: the host's), bound where there is an address. */
static inline int lab_socket(int netns, int type, const char *text, unsigned port)
{
	union ports_address address = lab_address(text, port);
	struct lab_socket wanted = {address.any.sa_family, type, -1};
	struct failure failure;

	if (netns < 0)
		lab_open_socket(&wanted, &failure);
	else if (netns_run(netns, lab_open_socket, &wanted, &failure) < 0)
		return -1;
	if (bind(wanted.fd, &address.any, ports_address_size(&address)) < 0) {
		close(wanted.fd);
		return -1;
	}
	return wanted.fd;
}

static inline int lab_listen(int netns, const char *text, unsigned port)
{
	int fd = lab_socket(netns, SOCK_STREAM, text, port);

	check(fd >= 0 && listen(fd, 4096) == 0);
	return fd;
}

static inline int lab_connect(int fd, const char *text, unsigned port)
{
	union ports_address address = lab_address(text, port);

	return connect(fd, &address.any, ports_address_size(&address));
}

/* Who the address is, as text "ADDRESS PORT". */
static inline const char *lab_text(const union ports_address *address)
{
	static char text[80];
	char ip[INET6_ADDRSTRLEN];

	if (address->any.sa_family == AF_INET)
		inet_ntop(AF_INET, &address->v4.sin_addr, ip, sizeof(ip));
	else
		inet_ntop(AF_INET6, &address->v6.sin6_addr, ip, sizeof(ip));
	snprintf(text, sizeof(text), "%s %u", ip, ntohs(address->v4.sin_port));
	return text;
}

static inline int lab_accept(int listener, char peer[80])
{
	union ports_address address = {0};
	const struct timeval patience = {.tv_sec = 10};
	socklen_t size = sizeof(address);
	int fd = accept4(listener, &address.any, &size, SOCK_CLOEXEC);

	if (fd >= 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		snprintf(peer, 80, "%s", lab_text(&address));
	} else
		snprintf(peer, 80, "nobody");
	return fd;
}

/* --- building it --- */

static inline bool lab_write(const char *path, const char *text)
{
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static inline bool lab_map(pid_t pid, unsigned uid, unsigned gid)
{
	char path[64], text[64];

	snprintf(path, sizeof(path), "/proc/%d/setgroups", (int)pid);
	(void)lab_write(path, "deny");
	snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)pid);
	snprintf(text, sizeof(text), "0 %u 1", uid);
	if (!lab_write(path, text))
		return false;
	snprintf(path, sizeof(path), "/proc/%d/gid_map", (int)pid);
	snprintf(text, sizeof(text), "0 %u 1", gid);
	return lab_write(path, text);
}

/* N, in a user namespace of its own as the real one is. */
static inline int lab_make_n(void)
{
	int ready[2];
	char path[64], byte;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWNET) == 0)
			(void)!write(ready[1], "", 1);
		pause();
		_exit(0);
	}
	(void)!read(ready[0], &byte, 1);
	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)pid);

	int fd = open(path, O_RDONLY | O_CLOEXEC);

	check(lab_map(pid, 0, 0));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	close(ready[0]);
	close(ready[1]);
	return fd;
}

/* Strict everywhere: what works here works with the usual settings too. */
static inline int lab_set_up(void *context, struct failure *out)
{
	if (context)
		*(int *)context = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (netns_sysctl("/proc/sys/net/ipv6/conf/default/accept_dad", "0", out) < 0 ||
		netns_sysctl("/proc/sys/net/ipv4/ip_forward", "1", out) < 0 ||
		netns_sysctl("/proc/sys/net/ipv4/conf/all/rp_filter", "1", out) < 0)
		return -1;
	return 0;
}

static inline int lab_new_netns(struct failure *out)
{
	int fd = -1;

	return netns_run(-1, lab_set_up, &fd, out) < 0 ? -1 : fd;
}

static inline void lab_add(int netns, const char *link, const char *four, unsigned prefix,
	const char *six, struct failure *out)
{
	auto_close int route = netns_socket(netns, NETLINK_ROUTE, out);
	struct ifaddrmsg info = {
		.ifa_family = AF_INET6, .ifa_prefixlen = 64, .ifa_flags = IFA_F_NODAD};
	struct nl_refusal refusal;
	struct nl_message message;
	struct in6_addr address;
	bool up;
	int index = link_find(route, link, &up, out);

	check(index > 0 && link_up(route, 1, out) == 0);
	if (four)
		check(link_add_address(route, index, inet_addr(four), prefix, out) == 0);
	inet_pton(AF_INET6, six, &address);
	info.ifa_index = (unsigned)index;
	nl_begin(&message, RTM_NEWADDR, NLM_F_CREATE, &info, sizeof(info));
	nl_put(&message, IFA_LOCAL, &address, sizeof(address));
	nl_put(&message, IFA_ADDRESS, &address, sizeof(address));
	check(link_up(route, index, out) == 0 && nl_request(route, &message, &refusal) == 0);
}

static inline void lab_default6(int netns, const char *gateway, struct failure *out)
{
	auto_close int route = netns_socket(netns, NETLINK_ROUTE, out);
	struct rtmsg info = {.rtm_family = AF_INET6,
		.rtm_protocol = RTPROT_BOOT,
		.rtm_type = RTN_UNICAST,
		.rtm_table = RT_TABLE_MAIN};
	struct nl_refusal refusal;
	struct nl_message message;
	struct in6_addr address;

	inet_pton(AF_INET6, gateway, &address);
	nl_begin(&message, RTM_NEWROUTE, NLM_F_CREATE, &info, sizeof(info));
	nl_put(&message, RTA_GATEWAY, &address, sizeof(address));
	check(nl_request(route, &message, &refusal) == 0);
}

/* A bridge with a veth to `peer`, whose end is eth0. */
static inline void lab_bridge(int netns, const char *name, const char *subnet, const char *gateway,
	int peer, struct failure *out)
{
	auto_close int route = netns_socket(netns, NETLINK_ROUTE, out);
	auto_close int peer_route = netns_socket(peer, NETLINK_ROUTE, out);
	struct subnet parsed;
	struct bridge bridge;
	struct veth veth = {.name = "v0",
		.bridge = &bridge,
		.mtu = 1500,
		.peer_netns = peer,
		.peer_name = "eth0"};

	check(subnet_parse(subnet, gateway, &parsed, out) == 0 &&
		bridge_create(route,
			&(struct bridge_wish){.name = name, .subnet = &parsed, .mtu = 1500},
			out) == 0 &&
		bridge_find(route, name, &bridge, out) == 1);
	mac_of_address(parsed.gateway + htonl(9), veth.peer_mac);
	check(veth_create(route, &veth, out) == 0);
}

/* Exits with 77 where the kernel gives no namespaces. */
static inline void lab_build(struct lab *lab)
{
	unsigned uid = geteuid(), gid = getegid();
	struct failure failure = {0};

	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0 || !lab_map(getpid(), uid, gid))
		exit(77);
	*lab = (struct lab){.directory = "/tmp/lighter-ports-XXXXXX", .forwarder = -1};
	check(mkdtemp(lab->directory) != NULL);
	lab->n = lab_make_n();
	check(lab->n >= 0 && lab_set_up(NULL, &failure) == 0 &&
		netns_run(lab->n, lab_set_up, NULL, &failure) == 0);
	lab->client = lab_new_netns(&failure);
	lab->container = lab_new_netns(&failure);
	check(lab->client >= 0 && lab->container >= 0);

	auto_close int host = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);

	lab_bridge(host, "lan0", "192.0.2.0/24", "192.0.2.1", lab->client, &failure);
	lab_add(host, "lan0", NULL, 0, "2001:db8::1", &failure);
	lab_add(lab->client, "eth0", "192.0.2.7", 24, "2001:db8::7", &failure);
	lab_bridge(lab->n, "lighter0", "172.18.0.0/16", "172.18.0.1", lab->container, &failure);
	lab_add(lab->n, "lighter0", NULL, 0, "fd00::1", &failure);
	lab_add(lab->container, "eth0", "172.18.0.2", 16, "fd00::2", &failure);

	auto_close int route = netns_socket(lab->container, NETLINK_ROUTE, &failure);

	const in_addr_t gateway = inet_addr("172.18.0.1");

	check(route_set_default(
		      route, &(struct default_route){AF_INET, &gateway, 0, 0}, &failure) == 0);
	lab_default6(lab->container, "fd00::1", &failure);
	if (failure.message[0])
		printf("%s\n", failure.message);
}

/* --- publishing --- */

/* Connects to the forwarder, which is this very program, and registers one port. */
static inline void lab_publish(
	struct lab *lab, const int *listeners, size_t count, const char *protocol, int port)
{
	struct failure failure = {0};
	json_t *list = json_array();
	char id[65];
	int fds[512] = {lab->n};

	memset(id, 'a', 64);
	id[64] = '\0';
	for (size_t i = 0; i < count; i++) {
		fds[i + 1] = listeners[i];
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:i, s:i}", "protocol", protocol,
				      "address", "172.18.0.2", "address6", "fd00::2", "port", port,
				      "listener", (int)i + 1));
	}
	json_t *registration = json_pack("{s:s, s:s, s:s, s:o}", "id", id, "gateway", "172.18.0.1",
		"gateway6", "fd00::1", "ports", list);

	if (lab->forwarder < 0)
		lab->forwarder = helper_connect(lab->directory, "ports", &failure);
	check(lab->forwarder >= 0 &&
		ports_register(lab->forwarder, registration, fds, count + 1, &failure) == 0);
	if (failure.message[0])
		printf("%s\n", failure.message);
	json_decref(registration);
}

static inline int lab_bind(int protocol, const char *address, unsigned port)
{
	struct port_binding binding = {protocol, address, (uint16_t)port, (uint16_t)port};
	struct failure failure;
	int fd = ports_listen(&binding, &failure);

	if (fd < 0)
		printf("%s\n", failure.message);
	check(fd >= 0);
	return fd;
}

/* The forwarder: the only child there is. */
static inline pid_t lab_forwarder(void)
{
	auto_fclose FILE *file = NULL;
	char path[64];
	int pid = -1;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	file = fopen(path, "re");
	if (!file || fscanf(file, "%d", &pid) != 1)
		return -1;
	return pid;
}

/* Leaves, and sees the forwarder go. */
static inline void lab_close(struct lab *lab)
{
	char path[128];
	int status = -1;
	pid_t pid = lab_forwarder();

	close(lab->forwarder);
	check(pid > 0 && waitpid(pid, &status, 0) == pid && status == 0);
	snprintf(path, sizeof(path), "%s/ports-%s.sock", lab->directory, HELPER_PROTOCOL);
	unlink(path);
	snprintf(path, sizeof(path), "%s/ports.lock", lab->directory);
	unlink(path);
	check(rmdir(lab->directory) == 0);
}

#endif
