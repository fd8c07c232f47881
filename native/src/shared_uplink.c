/* SPDX-License-Identifier: Apache-2.0 */
/* The uplink's half of joining the shared namespaces: found, replaced, started, waited for. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "identity.h"
#include "bridge.h"
#include "routes.h"
#include "scope.h"
#include "shared_join.h"
#include "uplink_program.h"

void shared_name_record(struct join *join)
{
	snprintf(join->record, sizeof(join->record), "%s/uplink", join->plan->runtime_dir);
}

int shared_prepare_uplink(struct join *join, bool borrowed)
{
	struct identity identity;

	if (join->plan->network.mode != NETWORK_BRIDGE ||
		(borrowed && uplink_read_record(join->record, LENT_NETNS, &identity) > 0))
		return 0;
	return uplink_prepare(join->plan, join->record, true, &join->starter, join->out);
}

static long age_ms(const struct identity *identity)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return now.tv_sec * 1000L + now.tv_nsec / 1000000L -
	       (long)(identity->start_time * 1000ULL / (unsigned long long)sysconf(_SC_CLK_TCK));
}

static void end_uplink(const struct identity *identity)
{
	auto_close int process = identity_open(identity);

	if (process >= 0)
		kill(identity->pid, SIGKILL);
}

/* Returns 1 when an uplink lives, be it still on its way, 0 when one must be started, -1. */
static int uplink_is_there(struct join *join)
{
	struct shared *shared = join->shared;
	struct identity identity;
	bool up = false, has_route = false;
	int tap;

	int recorded = uplink_read_record(join->record, LENT_NETNS, &identity);

	/* What was waited for before, perhaps in vain, is another one. */
	shared->uplink_pending = false;
	if (recorded == 0)
		return 0;
	tap = link_find(shared->route, UPLINK_LINK, &up, join->out);
	if (tap < 0 || route_has_default(shared->route, &has_route, join->out) < 0)
		return -1;
	/* The runtime directory was wiped: a tap link exists only as long as its uplink. */
	if (recorded < 0)
		return tap > 0 && up && has_route;
	shared->uplink_pending = tap == 0 || !up || !has_route;
	shared->uplink_identity = identity;
	if (!shared->uplink_pending || age_ms(&identity) < UPLINK_WAIT_MS)
		return 1;
	/* It hangs, or lost its link: replaced. */
	shared->uplink_pending = false;
	end_uplink(&identity);
	return 0;
}

int shared_ensure_uplink(struct join *join)
{
	struct uplink uplink;
	int tap, result = uplink_is_there(join);
	bool up = false;

	if (result == 0)
		result = shared_lock_unless(join, uplink_is_there);
	if (result != 0)
		return result < 0 ? -1 : 0;
	tap = link_find(join->shared->route, UPLINK_LINK, &up, join->out);
	if (tap < 0 || (tap > 0 && link_remove(join->shared->route, UPLINK_LINK, join->out) < 0))
		return -1;
	if (join->starter.socket < 0 &&
		uplink_prepare(join->plan, join->record, false, &join->starter, join->out) < 0)
		return -1;
	/* A read end of the same pipe: its writers are the living members, whoever they are. */
	auto_close int exit_pipe = open("/proc/self/fd/4", O_RDONLY | O_CLOEXEC);

	if (exit_pipe < 0)
		return fail(join->out, errno, SHARED_STEP, "cannot open the uplink's pipe");
	if (uplink_start(&join->starter, LENT_NETNS, exit_pipe, &uplink, join->out) < 0)
		return -1;
	(void)identity_of(uplink.pid, &join->shared->uplink_identity);
	join->shared->uplink_ready = uplink.ready;
	join->shared->uplink_errors = uplink.errors;
	return 0;
}

/* Another start's uplink: its last step is the default route. */
static int wait_pending(struct shared *shared, const struct plan *plan, struct failure *out)
{
	long deadline = shared_now_ms() + UPLINK_WAIT_MS;
	bool has_route = false;

	while (!has_route) {
		if (route_has_default(shared->route, &has_route, out) < 0)
			return -1;
		if (has_route)
			break;
		if (!identity_alive(&shared->uplink_identity))
			return fail(out, 0, SHARED_STEP, "%s, started by another container, died",
				uplink_name(plan));
		if (shared_now_ms() > deadline)
			return fail(out, 0, SHARED_STEP, "%s did not bring the network up in time",
				uplink_name(plan));
		shared_sleep_ms(3);
	}
	shared->uplink_pending = false;
	return 0;
}

int shared_wait_uplink(struct shared *shared, const struct plan *plan, struct failure *out)
{
	struct uplink uplink = {uplink_name(plan), 0, shared->uplink_ready, shared->uplink_errors};

	if (shared->uplink_pending)
		return wait_pending(shared, plan, out);
	if (shared->uplink_ready < 0)
		return 0;
	shared->uplink_ready = -1;
	shared->uplink_errors = -1;
	if (uplink_wait(&uplink, out) < 0)
		return -1;
	if (uplink_configure(LENT_NETNS, shared->route, plan, out) == 0)
		return 0;
	/* Half of one would stay as it is for ever: the next one is made whole. */
	end_uplink(&shared->uplink_identity);
	return -1;
}

int shared_renew_uplink(struct shared *shared, const struct plan *plan, struct failure *out)
{
	struct join join = {.plan = plan,
		.shared = shared,
		.out = out,
		.starter = UPLINK_NO_STARTER,
		.lock = -1};
	int result;

	shared_name_record(&join);
	result = shared_ensure_uplink(&join);
	uplink_dismiss(&join.starter);
	scope_close(&join.lock);
	return result < 0 ? -1 : shared_wait_uplink(shared, plan, out);
}
