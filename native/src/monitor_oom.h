/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel's out-of-memory killer does in the container. */
#ifndef LIGHTER_MONITOR_OOM_H
#define LIGHTER_MONITOR_OOM_H

#include "monitor.h"

/* Begins with a new cgroup; one without the memory controller has nothing to watch. */
void monitor_oom_begin(struct monitor *monitor);

/* Whether it struck since the last look: that is an event, and `oomKilled` of the state. */
bool monitor_oom_check(struct monitor *monitor);

void monitor_oom_end(struct monitor *monitor);

#endif
