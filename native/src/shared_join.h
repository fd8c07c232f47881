/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of joining the shared namespaces; only the shared*.c files use this. */
#ifndef LIGHTER_SHARED_JOIN_H
#define LIGHTER_SHARED_JOIN_H

#include "plan.h"
#include "shared.h"
#include "uplink.h"

#define SHARED_STEP "shared namespaces"

/* What one join carries from step to step. */
struct join {
	const struct plan *plan;
	const struct plan_endpoint *endpoint; /* whose bridge is looked for, or made */
	struct shared *shared;
	struct failure *out;
	struct uplink_starter starter;
	char record[4096];
	int lock;
};

/* Monotonic. */
long shared_now_ms(void);
void shared_sleep_ms(long milliseconds);

/* Waits for the lock, as long as `is_done` does not find that another process did the work. Returns
 * 0 with the lock held, 1 when there is nothing left to do, -1. */
int shared_lock_unless(struct join *join, int (*is_done)(struct join *join));

/* Names the file that names the running uplink. */
void shared_name_record(struct join *join);

/* Forked while we still are outside, where a systemd manager answers. Most joins need none. */
int shared_prepare_uplink(struct join *join, bool borrowed);

/* Starts the uplink unless one lives. */
int shared_ensure_uplink(struct join *join);

#endif
