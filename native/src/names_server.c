/* SPDX-License-Identifier: Apache-2.0 */
/* The verb `names`: one server of names for all containers of a user. */
#include "names_server.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#include <seccomp.h>

#include "harden.h"
#include "helper.h"
#include "scope.h"
#include "verbs.h"

#define STEP "names"

enum {
	FIRST_MEMBER_MS = 10000, /* who started the server is dead by then */
	FORWARDS_TOTAL = 1000
};

int names_watch(struct names_server *server, struct names_source *source, enum names_event event,
	int fd, void *owner, uint32_t events)
{
	struct epoll_event watched = {.events = events, .data.ptr = source};

	*source = (struct names_source){.event = event, .fd = fd, .owner = owner};
	if (epoll_ctl(server->epoll, EPOLL_CTL_ADD, fd, &watched) == 0)
		return 0;
	source->fd = -1;
	return -1;
}

int names_rewatch(struct names_server *server, struct names_source *source, uint32_t events)
{
	struct epoll_event watched = {.events = events, .data.ptr = source};

	return epoll_ctl(server->epoll, EPOLL_CTL_MOD, source->fd, &watched);
}

/* Removed by hand: the descriptor's file may be open elsewhere too, and then epoll keeps it. */
void names_unwatch(struct names_server *server, struct names_source *source)
{
	if (source->fd >= 0)
		(void)epoll_ctl(server->epoll, EPOLL_CTL_DEL, source->fd, NULL);
	source->fd = -1;
}

void names_close(struct names_server *server, struct names_source *source)
{
	int fd = source->fd;

	names_unwatch(server, source);
	if (fd >= 0)
		close(fd);
}

void names_wake_at(struct names_server *server, uint64_t time)
{
	if (server->wake == 0 || time < server->wake)
		server->wake = time;
}

void names_refuse_connection(struct names_server *server, int listener)
{
	close(server->reserve);
	server->reserve = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (server->reserve >= 0)
		close(server->reserve);
	server->reserve = dup(0);
}

static uint64_t milliseconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void sweep(struct names_server *server)
{
	struct names_member *member;

	server->wake = 0;
	LIST_FOREACH(member, &server->members, entry)
	{
		names_forwards_sweep(server, member);
		names_streams_sweep(server, member);
	}
}

static void dispatch(struct names_server *server, struct names_source *source, uint32_t events)
{
	switch (source->event) {
	case EVENT_LISTENER:
		names_take_member(server);
		break;
	case EVENT_REGISTRATION:
		names_member_event(server, source->owner);
		break;
	case EVENT_QUERIES:
		names_take_datagrams(server, source->owner);
		break;
	case EVENT_CONNECTIONS:
		names_take_connection(server, source->owner);
		break;
	case EVENT_OUTWARD:
		names_outward_event(server, source->owner);
		break;
	case EVENT_STREAM:
		names_stream_event(server, source->owner, events);
		break;
	case EVENT_FORWARD:
		names_forward_event(server, source->owner);
		break;
	}
}

/* One event at a time: handling it may free what the next one is about. The kernel hands them out
 * in turn. */
static int loop(struct names_server *server, struct failure *out)
{
	uint64_t give_up = milliseconds() + FIRST_MEMBER_MS;
	bool had_member = false;

	for (;;) {
		uint64_t until = had_member ? server->wake : give_up;
		struct epoll_event event;
		int timeout, count;

		server->now = milliseconds();
		timeout = until == 0 ? -1 : (until > server->now ? (int)(until - server->now) : 0);
		count = epoll_wait(server->epoll, &event, 1, timeout);
		if (count < 0 && errno != EINTR)
			return fail(out, errno, STEP, "cannot wait");
		server->now = milliseconds();
		if (count > 0)
			dispatch(server, event.data.ptr, event.events);
		if (server->wake != 0 && server->wake <= server->now)
			sweep(server);
		/* What was asked meanwhile waits in the members' sockets for the next server. */
		if (server->retired)
			return 0;
		/* Somebody may have connected just now. */
		if (had_member && LIST_EMPTY(&server->members))
			names_take_member(server);
		if (LIST_EMPTY(&server->members) && (had_member || server->now >= give_up))
			return 0;
		had_member = !LIST_EMPTY(&server->members);
	}
}

/* Each question to others takes a descriptor; half of all are left to connections. */
static unsigned forward_limit(void)
{
	struct rlimit limit = {.rlim_cur = 1024};

	(void)getrlimit(RLIMIT_NOFILE, &limit);
	return limit.rlim_cur / 2 < FORWARDS_TOTAL ? (unsigned)limit.rlim_cur / 2 : FORWARDS_TOTAL;
}

int names_serve(int listener, const struct names_options *options, struct failure *out)
{
	struct names_server server = {.options = *options,
		.resolv = {.path = options->resolv_conf},
		.forward_limit = forward_limit()};
	auto_close int epoll = epoll_create1(EPOLL_CLOEXEC);

	server.epoll = epoll;
	server.reserve = dup(0);
	if (epoll < 0 ||
		names_watch(&server, &server.listener, EVENT_LISTENER, listener, NULL, EPOLLIN) < 0)
		return fail(out, errno, STEP, "cannot listen");
	return loop(&server, out);
}

static int parse_arguments(int argc, char **argv, struct names_options *ret)
{
	static const struct option known[] = {{"resolv-conf", required_argument, NULL, 'r'},
		{"port", required_argument, NULL, 'p'}, {"hurry", required_argument, NULL, 'h'},
		{0}};
	int option;

	while ((option = getopt_long(argc, argv, "", known, NULL)) != -1)
		if (option == 'r')
			ret->resolv_conf = optarg;
		else if (option == 'p')
			ret->port = (uint16_t)atoi(optarg);
		else if (option == 'h')
			ret->hurry = (unsigned)atoi(optarg);
		else
			return -1;
	return ret->hurry > 0 ? 0 : -1;
}

int verb_names(int argc, char **argv)
{
	/* To ask other servers, and to find them. */
	static const int calls[] = {SCMP_SYS(socket), SCMP_SYS(connect), SCMP_SYS(ioctl),
		SCMP_SYS(openat), SCMP_SYS(newfstatat), SCMP_SYS(stat), SCMP_SYS(fstat)};
	struct names_options options = {
		.resolv_conf = "/etc/resolv.conf", .port = DNS_PORT, .hurry = 1};
	struct failure failure;

	if (parse_arguments(argc, argv, &options) < 0 ||
		fcntl(HELPER_LISTENER, F_SETFL, O_NONBLOCK) < 0)
		return 125;
	if (harden(0, calls, array_size(calls), &failure) < 0 ||
		names_serve(HELPER_LISTENER, &options, &failure) < 0) {
		dprintf(STDERR_FILENO, "lighter-native: %s\n", failure.message);
		return 1;
	}
	return 0;
}
