/* SPDX-License-Identifier: Apache-2.0 */
/* What follows the end of the container's process. */
#ifndef LIGHTER_MONITOR_RESTART_H
#define LIGHTER_MONITOR_RESTART_H

#include "monitor.h"

/* Records the end in monitor->ended and, where the restart policy asks for it, waits and starts the
 * container again. False: it is over. */
bool monitor_restart(struct monitor *monitor);

/* Ends what serves one run of the process only: streams, cgroup, the private uplink. */
void monitor_end_run(struct monitor *monitor);

/* The user asked for the end: it is remembered on disk too, and a pending restart is called off. */
void monitor_mark_stopped(struct monitor *monitor);

#endif
