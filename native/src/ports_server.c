/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

#include <jansson.h>
#include <seccomp.h>

#include "harden.h"
#include "helper.h"
#include "ports.h"
#include "ports_registry.h"
#include "scope.h"
#include "userns.h"
#include "verbs.h"

#define STEP "ports"
#define EVENTS 256

/* Kept back, so that registrations come through when connections have taken all others. */
#define RESERVE 512

/* Whoever starts the forwarder connects at once. */
#define FIRST_MS 10000
#define PAUSE_MS 100
#define EXPIRY_MS 1000

/* How long connections of a retired forwarder may go on: nobody tells it of a container's end. */
#define RETIREMENT_MS (60 * 60 * 1000)

int ports_watch(struct ports *ports, int fd, struct ports_watch *watch, uint32_t events)
{
	struct epoll_event event = {.events = events, .data.ptr = watch};

	if (epoll_ctl(ports->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
		return -1;
	ports->descriptors++;
	return 0;
}

void ports_close(struct ports *ports, int fd)
{
	(void)epoll_ctl(ports->epoll, EPOLL_CTL_DEL, fd, NULL);
	close(fd);
	ports->descriptors--;
}

void ports_discard(struct ports *ports, struct ports_watch *watch)
{
	watch->ready = NULL;
	watch->next_discarded = ports->discarded;
	ports->discarded = watch;
}

static void free_discarded(struct ports *ports)
{
	while (ports->discarded) {
		struct ports_watch *watch = ports->discarded;

		ports->discarded = watch->next_discarded;
		free(watch->owner);
	}
}

bool ports_has_room(const struct ports *ports, size_t count)
{
	return ports->descriptors + count + RESERVE <= ports->limit;
}

static void set_accepting(struct ports *ports, bool on)
{
	for (struct ports_member *member = ports->members; member; member = member->next)
		for (struct ports_listener *listener = member->listeners; listener;
			listener = listener->next) {
			struct epoll_event event = {
				.events = on || listener->protocol != IPPROTO_TCP ? EPOLLIN : 0,
				.data.ptr = &listener->watch};

			(void)epoll_ctl(ports->epoll, EPOLL_CTL_MOD, listener->fd, &event);
		}
}

void ports_pause(struct ports *ports)
{
	set_accepting(ports, false);
	ports->paused = true;
	ports->resume_at = ports->now + PAUSE_MS;
}

static void accept_members(struct ports *ports, struct ports_watch *watch, uint32_t events)
{
	int fd;

	(void)watch;
	(void)events;
	while ((fd = helper_accept(HELPER_LISTENER)) >= 0) {
		struct ports_member *member = calloc(1, sizeof(*member));

		if (member) {
			member->watch = (struct ports_watch){ports_hear, member, NULL};
			member->socket = fd;
		}
		if (!member || ports_watch(ports, fd, &member->watch, EPOLLIN) < 0) {
			free(member);
			close(fd);
			return;
		}
		member->next = ports->members;
		ports->members = member;
	}
}

/* --- entering N --- */

static bool is_own_userns(int userns)
{
	struct stat own, other;

	return stat("/proc/self/ns/user", &own) == 0 && fstat(userns, &other) == 0 &&
	       own.st_ino == other.st_ino && own.st_dev == other.st_dev;
}

/* Foreign source addresses take CAP_NET_RAW, clients' ports below 1024 CAP_NET_BIND_SERVICE. */
static int keep_little(struct failure *out)
{
	static const int calls[] = {SCMP_SYS(bind), SCMP_SYS(connect), SCMP_SYS(fstat),
		SCMP_SYS(getsockname), SCMP_SYS(listen), SCMP_SYS(newfstatat), SCMP_SYS(pipe2),
		SCMP_SYS(recvmmsg), SCMP_SYS(sendmmsg), SCMP_SYS(setsockopt), SCMP_SYS(shutdown),
		SCMP_SYS(socket), SCMP_SYS(splice)};

	for (int number = 0; prctl(PR_CAPBSET_READ, (unsigned long)number, 0, 0, 0) >= 0; number++)
		if (prctl(PR_CAPBSET_DROP, (unsigned long)number, 0, 0, 0) < 0)
			return fail(out, errno, STEP, "cannot drop a capability");
	return harden(
		1ULL << CAP_NET_RAW | 1ULL << CAP_NET_BIND_SERVICE, calls, array_size(calls), out);
}

int ports_enter(struct ports *ports, int netns, struct failure *out)
{
	struct stat status;
	auto_close int userns = ioctl(netns, NS_GET_USERNS);

	if (userns < 0 || fstat(netns, &status) < 0)
		return fail(out, errno, STEP, "cannot find the shared user namespace");
	if (!is_own_userns(userns) && setns(userns, CLONE_NEWUSER) < 0)
		return fail(out, errno, STEP, "cannot enter the shared user namespace");
	if (userns_become_root(out) < 0)
		return -1;
	if (setns(netns, CLONE_NEWNET) < 0)
		return fail(out, errno, STEP, "cannot enter the shared network namespace");
	if (ports_route_prepare(ports, out) < 0 || ports_return_start(ports, netns, out) < 0 ||
		keep_little(out) < 0)
		return -1;
	ports->netns = status.st_ino;
	ports->nsfs = status.st_dev;
	return 0;
}

/* --- the loop --- */

static int64_t clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static int patience(const struct ports *ports)
{
	int64_t until = INT64_MAX;

	if (ports->queue)
		return 0;
	if (ports->paused)
		until = ports->resume_at;
	if (ports->flow_count > 0 && ports->expire_at < until)
		until = ports->expire_at;
	if (ports->retired && ports->gone_at < until)
		until = ports->gone_at;
	if (until == INT64_MAX)
		return -1;
	return until > ports->now ? (int)(until - ports->now) : 0;
}

static void run_timers(struct ports *ports)
{
	if (ports->paused && ports->now >= ports->resume_at) {
		ports->paused = false;
		set_accepting(ports, true);
		if (ports->starved)
			ports_wake_connections(ports);
		ports->starved = false;
	}
	if (ports->now >= ports->expire_at) {
		ports_expire_flows(ports);
		ports->expire_at = ports->now + EXPIRY_MS;
	}
}

/* Whether there is somebody to work for. */
static bool has_work(struct ports *ports)
{
	/* Who waits to register starts another. */
	if (ports->half_entered)
		return false;
	if (ports->retired) {
		if (ports->gone_at == 0) {
			ports->gone_at = ports->now + RETIREMENT_MS;
			ports_close(ports, HELPER_LISTENER);
		}
		return ports_drop_idle(ports, ports->now >= ports->gone_at);
	}
	/* Somebody may have come while the last one left. */
	if (!ports->members)
		accept_members(ports, NULL, 0);
	return ports->members;
}

static int run(struct ports *ports)
{
	static struct epoll_event events[EVENTS];
	int timeout = FIRST_MS;

	for (;;) {
		int count = retry_eintr(epoll_wait(ports->epoll, events, EVENTS, timeout));

		if (count < 0)
			return -1;
		ports->now = clock_ms();
		for (int i = 0; i < count; i++) {
			struct ports_watch *watch = events[i].data.ptr;

			if (watch->ready)
				watch->ready(ports, watch, events[i].events);
		}
		ports_run_queue(ports);
		run_timers(ports);
		free_discarded(ports);
		if (!has_work(ports))
			return 0;
		timeout = patience(ports);
	}
}

int verb_ports(int argc, char **argv)
{
	static struct ports ports = {.route = -1, .way_maker = -1};
	struct rlimit limit;

	ports.verb = argc > 1 ? argv[1] : NULL;
	prctl(PR_SET_NAME, "lighter-ports");
	signal(SIGPIPE, SIG_IGN);
	/* harden raises the limit on descriptors to the hard one. */
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		return 1;
	ports.limit = limit.rlim_max;
	ports.now = clock_ms();
	/* jansson would open /dev/urandom, which the system call filter refuses. */
	if (getrandom(&ports.seed, sizeof(ports.seed), 0) != sizeof(ports.seed))
		return 1;
	json_object_seed(ports.seed);
	ports.epoll = epoll_create1(EPOLL_CLOEXEC);
	ports.accepting.ready = accept_members;
	if (ports.epoll < 0 || fcntl(HELPER_LISTENER, F_SETFL, O_RDWR | O_NONBLOCK) < 0 ||
		ports_watch(&ports, HELPER_LISTENER, &ports.accepting, EPOLLIN) < 0)
		return 1;
	return run(&ports) < 0 ? 1 : 0;
}
