/* SPDX-License-Identifier: Apache-2.0 */
/* What the monitor does while its container runs. */
#ifndef LIGHTER_MONITOR_LOOP_H
#define LIGHTER_MONITOR_LOOP_H

#include "monitor.h"

/* Copies streams and serves clients until the process is dead and its output is read to the end. */
void monitor_loop(struct monitor *monitor);

/* Serves clients until it is time for the next start, or that was called off. */
void monitor_wait_restart(struct monitor *monitor);

/* Sends what clients have not taken yet; gives up on none that is alive. */
void monitor_flush(struct monitor *monitor);

#endif
