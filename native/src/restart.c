/* SPDX-License-Identifier: Apache-2.0 */
#include "restart.h"

static bool wanted(const struct restart *restart, const struct plan_restart *policy, int exit_code)
{
	switch (policy->policy) {
	case RESTART_ALWAYS:
	case RESTART_UNLESS_STOPPED:
		return true;
	case RESTART_ON_FAILURE:
		return exit_code != 0 && (policy->maximum == 0 || restart->count < policy->maximum);
	case RESTART_NO:
		break;
	}
	return false;
}

bool restart_decide(struct restart *restart, const struct plan_restart *policy, int exit_code,
	bool stopped_by_user, long long ran_ms)
{
	if (stopped_by_user || !wanted(restart, policy, exit_code))
		return false;
	if (ran_ms >= RESTART_CALM_MS || restart->delay_ms == 0)
		restart->delay_ms = RESTART_FIRST_MS;
	else if (restart->delay_ms < RESTART_LONGEST_MS / 2)
		restart->delay_ms *= 2;
	else
		restart->delay_ms = RESTART_LONGEST_MS;
	restart->count++;
	return true;
}
