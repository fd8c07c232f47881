/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "restart.h"

static void expect_delays(void)
{
	static const int delays[] = {
		100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000};
	const struct plan_restart always = {.policy = RESTART_ALWAYS};
	struct restart restart = {0};

	for (unsigned i = 0; i < sizeof(delays) / sizeof(*delays); i++) {
		assert(restart_decide(&restart, &always, 0, false, 5));
		assert(restart.delay_ms == delays[i]);
		assert(restart.count == i + 1);
	}
	/* Ten calm seconds forget what was. */
	assert(restart_decide(&restart, &always, 1, false, 10000));
	assert(restart.delay_ms == 100 && restart.count == 13);
	assert(restart_decide(&restart, &always, 1, false, 9999));
	assert(restart.delay_ms == 200);
}

static bool once(enum restart_policy policy, int exit_code, bool stopped)
{
	struct restart restart = {0};

	return restart_decide(
		&restart, &(struct plan_restart){.policy = policy}, exit_code, stopped, 0);
}

static void expect_policies(void)
{
	assert(!once(RESTART_NO, 1, false));
	assert(once(RESTART_ALWAYS, 0, false) && !once(RESTART_ALWAYS, 0, true));
	assert(once(RESTART_UNLESS_STOPPED, 0, false) && !once(RESTART_UNLESS_STOPPED, 1, true));
	assert(once(RESTART_ON_FAILURE, 1, false) && !once(RESTART_ON_FAILURE, 0, false));
	assert(!once(RESTART_ON_FAILURE, 1, true));
}

static void expect_maximum(void)
{
	const struct plan_restart twice = {.policy = RESTART_ON_FAILURE, .maximum = 2};
	struct restart restart = {0};

	assert(restart_decide(&restart, &twice, 3, false, 0));
	assert(restart_decide(&restart, &twice, 3, false, 0));
	assert(!restart_decide(&restart, &twice, 3, false, 0));
	assert(restart.count == 2);
}

int main(void)
{
	expect_delays();
	expect_policies();
	expect_maximum();
	return 0;
}
