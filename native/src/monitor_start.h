/* SPDX-License-Identifier: Apache-2.0 */
/* Starting the container of a monitor, the first time and again. */
#ifndef LIGHTER_MONITOR_START_H
#define LIGHTER_MONITOR_START_H

#include "monitor.h"

/* A file in the container's directory: the user asked for its end. It outlives the monitor, for who
 * starts containers after a reboot. */
#define STOPPED_MARK "stopped"

/* Takes over the client, the signals and the container's lock. */
int monitor_prepare(
	struct monitor *monitor, const struct monitor_request *request, struct failure *out);

/* Starts the process. again: the root filesystem is mounted, the log is open, the shared namespaces
 * are joined. */
int monitor_start(
	struct monitor *monitor, bool again, const struct winsize *size, struct failure *out);

/* Replaces state.json by the running state as it is now. */
int monitor_record_running(struct monitor *monitor, struct failure *out);

#endif
