/* SPDX-License-Identifier: Apache-2.0 */
#include "shared.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "bridge.h"
#include "identity.h"
#include "lenders.h"
#include "nat.h"
#include "netlink.h"
#include "netns.h"
#include "scope.h"
#include "shared_join.h"

static bool is_reserved(int fd)
{
	struct stat status;

	return fstat(fd, &status) == 0 && S_ISCHR(status.st_mode) &&
	       status.st_rdev == makedev(1, 3);
}

int shared_reserve(void)
{
	for (int number = LENT_NETNS; number <= LENT_UPLINK; number++) {
		if (fcntl(number, F_GETFD) >= 0) {
			if (is_reserved(number))
				continue;
			errno = EBUSY;
			return -1;
		}
		auto_close int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

		if (null < 0 || (null != number && dup3(null, number, O_CLOEXEC) < 0))
			return -1;
		if (null == number)
			take_fd(&null);
	}
	return 0;
}

static int lend(int fd, int number, struct failure *out)
{
	if (dup3(fd, number, O_CLOEXEC) < 0)
		return fail(out, errno, SHARED_STEP, "cannot keep descriptor %d", number);
	return 0;
}

static int borrow(struct join *join, bool thorough)
{
	auto_close int netns = -1;
	auto_close int uplink = -1;

	if (!lenders_borrow(join->plan, thorough, &netns, &uplink))
		return 0;
	/* The pipe first, as everywhere: who holds N without it would be a lender of a dying
	 * uplink. */
	if (lend(uplink, LENT_UPLINK, join->out) < 0 || lend(netns, LENT_NETNS, join->out) < 0)
		return -1;
	return 1;
}

static int borrow_listed(struct join *join)
{
	return borrow(join, false);
}

static bool map_is(const char *path, const struct id_extent *extents, size_t count)
{
	auto_fclose FILE *file = fopen(path, "re");
	struct id_extent line;
	size_t lines = 0;

	while (file && fscanf(file, "%u %u %u", &line.inside, &line.outside, &line.count) == 3) {
		bool known = false;

		for (size_t i = 0; i < count; i++)
			known = known || memcmp(&extents[i], &line, sizeof(line)) == 0;
		if (!known)
			return false;
		lines++;
	}
	return lines == count;
}

/* N belongs to U, so whoever holds N can name U. */
static int enter_borrowed(struct join *join)
{
	const struct id_map *map = &join->plan->id_map;
	auto_close int userns = ioctl(LENT_NETNS, NS_GET_USERNS);

	if (userns < 0 || setns(userns, CLONE_NEWUSER) < 0)
		return fail(
			join->out, errno, SHARED_STEP, "cannot enter the shared user namespace");
	if (!map_is("/proc/self/uid_map", map->uids, map->uid_count) ||
		!map_is("/proc/self/gid_map", map->gids, map->gid_count))
		return fail(join->out, 0, SHARED_STEP,
			"the running containers have another id map than the one configured now: "
			"stop them first");
	return userns_become_root(join->out);
}

struct new_netns {
	int netns;
	int route;
};

/* Where br_netfilter is loaded each namespace begins with the rules for routed packets applied to
 * bridged ones as well: a twentieth of the speed between containers, and nothing here needs it. */
static void keep_bridges_plain(void)
{
	static const char *const switches[] = {"/proc/sys/net/bridge/bridge-nf-call-iptables",
		"/proc/sys/net/bridge/bridge-nf-call-ip6tables",
		"/proc/sys/net/bridge/bridge-nf-call-arptables"};
	struct failure ignored;

	/* Absent without the module; where they are refused all works as well. */
	for (size_t i = 0; i < array_size(switches); i++)
		(void)netns_sysctl(switches[i], "0", &ignored);
}

static int set_up_netns(void *context, struct failure *out)
{
	struct new_netns *made = context;

	made->netns = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
	if (made->netns < 0)
		return fail(out, errno, SHARED_STEP, "cannot open the network namespace");
	made->route = nl_open(NETLINK_ROUTE);
	if (made->route < 0)
		return fail(out, errno, SHARED_STEP, "cannot open a netlink socket");
	if (netns_sysctl("/proc/sys/net/ipv4/ip_forward", "1", out) < 0)
		return -1;
	keep_bridges_plain();
	/* Switched on where it is needed; without this every link sends router solicitations. */
	if (access("/proc/sys/net/ipv6", F_OK) == 0 &&
		netns_sysctl("/proc/sys/net/ipv6/conf/default/disable_ipv6", "1", out) < 0)
		return -1;
	return link_up(made->route, 1, out);
}

static int create_bridge(struct join *join)
{
	const struct plan_endpoint *endpoint = join->endpoint;
	struct subnet subnet;
	struct subnet6 six;
	const struct bridge_wish wish = {.name = endpoint->bridge,
		.subnet = &subnet,
		.subnet6 = endpoint->subnet6 ? &six : NULL,
		.mtu = endpoint->mtu,
		.netns = LENT_NETNS};

	if (subnet_parse(endpoint->subnet, endpoint->gateway, &subnet, join->out) < 0 ||
		(endpoint->subnet6 && subnet6_parse(endpoint->subnet6, endpoint->gateway6, &six,
					      join->out) < 0) ||
		nat_guard(LENT_NETNS, endpoint->bridge, &subnet, endpoint->internal, join->out) < 0)
		return -1;
	if (endpoint->subnet6 && (nat_guard6(LENT_NETNS, endpoint->bridge, &six, endpoint->internal,
					  join->out) < 0 ||
					 ipv6_forward(LENT_NETNS, join->out) < 0))
		return -1;
	return bridge_create(join->shared->route, &wish, join->out);
}

static int create_bridges(struct join *join)
{
	const struct plan_network *network = &join->plan->network;

	for (size_t i = 0; i < network->endpoint_count; i++) {
		join->endpoint = &network->endpoints[i];
		if (create_bridge(join) < 0)
			return -1;
	}
	return 0;
}

/* N with what the plan wants in it. */
static int make_netns(void *context, struct failure *out)
{
	struct join *join = context;
	struct new_netns made = {-1, -1};
	int ends[2], result;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(out, errno, SHARED_STEP, "cannot make a pipe");
	auto_close int reader = ends[0];
	auto_close int writer = ends[1];

	result = netns_run(-1, set_up_netns, &made, out);
	auto_close int netns = made.netns;

	join->shared->route = made.route;
	if (result < 0 || lend(writer, LENT_UPLINK, out) < 0 || lend(netns, LENT_NETNS, out) < 0)
		return -1;
	return create_bridges(join);
}

/* newuidmap and newgidmap take a few milliseconds: N is made beside them. */
static int make_namespaces(struct join *join)
{
	return userns_create_beside(&join->plan->id_map, make_netns, join, join->out);
}

static int enter_shared(struct join *join)
{
	int found = borrow_listed(join);

	if (found == 0)
		found = shared_lock_unless(join, borrow_listed);
	if (found == 0 && join->lock >= 0)
		found = borrow(join, true);
	if (found < 0 || shared_prepare_uplink(join, found > 0) < 0)
		return -1;
	if (found > 0) {
		scope_close(&join->lock);
		join->lock = -1;
		if (enter_borrowed(join) < 0)
			return -1;
		join->shared->route = netns_socket(LENT_NETNS, NETLINK_ROUTE, join->out);
		if (join->shared->route < 0)
			return -1;
	} else if (make_namespaces(join) < 0)
		return -1;
	return lenders_add(join->plan, join->out);
}

static int bridge_is_there(struct join *join)
{
	struct bridge bridge;

	return bridge_find(join->shared->route, join->endpoint->bridge, &bridge, join->out);
}

int shared_ensure_bridge(struct shared *shared, const struct plan *plan,
	const struct plan_endpoint *endpoint, struct failure *out)
{
	struct join join = {
		.plan = plan, .endpoint = endpoint, .shared = shared, .out = out, .lock = -1};
	int result = shared_lock_unless(&join, bridge_is_there);

	/* An address may have been on a bridge that nobody is on any more. */
	if (result == 0 && bridge_sweep(LENT_NETNS, shared->route, out) < 0)
		result = -1;
	if (result == 0)
		result = create_bridge(&join);
	scope_close(&join.lock);
	return result < 0 ? -1 : 0;
}

static int join_steps(struct join *join)
{
	bool bridged = join->plan->network.mode == NETWORK_BRIDGE;

	if (shared_reserve() < 0)
		return fail(
			join->out, errno, SHARED_STEP, "cannot reserve the descriptors 3 and 4");
	if (enter_shared(join) < 0)
		return -1;
	return bridged ? shared_ensure_uplink(join) : 0;
}

int shared_join(const struct plan *plan, struct shared *ret, struct failure *out)
{
	struct shared shared = {.netns = LENT_NETNS,
		.uplink = LENT_UPLINK,
		.uplink_ready = -1,
		.uplink_errors = -1,
		.route = -1};
	struct join join = {.plan = plan,
		.shared = &shared,
		.out = out,
		.starter = UPLINK_NO_STARTER,
		.lock = -1};
	sigset_t job_control, previous;
	int result;

	shared_name_record(&join);
	/* Suspended with the lock held, this process would stop everybody's starts. */
	sigemptyset(&job_control);
	sigaddset(&job_control, SIGTSTP);
	sigaddset(&job_control, SIGTTIN);
	sigaddset(&job_control, SIGTTOU);
	sigprocmask(SIG_BLOCK, &job_control, &previous);
	result = join_steps(&join);
	uplink_dismiss(&join.starter);
	scope_close(&join.lock);
	sigprocmask(SIG_SETMASK, &previous, NULL);
	if (result < 0) {
		scope_close(&shared.route);
		scope_close(&shared.uplink_ready);
		scope_close(&shared.uplink_errors);
		lenders_remove(plan);
		return -1;
	}
	*ret = shared;
	return 0;
}

void shared_leave(const struct plan *plan)
{
	lenders_remove(plan);
}
