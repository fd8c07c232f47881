/* SPDX-License-Identifier: Apache-2.0 */
/* Restart policies: whether and when an ended container is started again. */
#ifndef LIGHTER_RESTART_H
#define LIGHTER_RESTART_H

#include <stdbool.h>

#include "plan.h"

enum { RESTART_FIRST_MS = 100, RESTART_LONGEST_MS = 60000, RESTART_CALM_MS = 10000 };

struct restart {
	unsigned count; /* how often it was restarted since its start */
	int delay_ms;	/* the last one; 0 = none yet */
};

/* What the policy makes of an end. ran_ms: how long the process ran. True: *restart has the delay
 * until the next start, and counts it. */
bool restart_decide(struct restart *restart, const struct plan_restart *policy, int exit_code,
	bool stopped_by_user, long long ran_ms);

#endif
