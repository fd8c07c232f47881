/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor_oom.h"

#include <unistd.h>

#include "cgroup.h"
#include "journal.h"

void monitor_oom_begin(struct monitor *monitor)
{
	monitor_oom_end(monitor);
	monitor->oom.kills = 0;
	if (monitor->cgroup >= 0)
		monitor->oom.events = cgroup_open_memory_events(monitor->cgroup);
}

bool monitor_oom_check(struct monitor *monitor)
{
	unsigned long long kills;

	if (monitor->oom.events < 0 || cgroup_oom_kills(monitor->oom.events, &kills) < 0 ||
		kills <= monitor->oom.kills)
		return false;
	monitor->oom.kills = kills;
	journal_note(monitor->plan, "oom", NULL, 0);
	return true;
}

void monitor_oom_end(struct monitor *monitor)
{
	if (monitor->oom.events >= 0)
		close(monitor->oom.events);
	monitor->oom.events = -1;
}
