/* SPDX-License-Identifier: Apache-2.0 */
/* Networks of a running container that come and go. */
#ifndef LIGHTER_MONITOR_NETWORK_H
#define LIGHTER_MONITOR_NETWORK_H

#include "fail.h"
#include "frames.h"
#include "monitor.h"

/* Does what a frame asks for: {"connect": endpoint as in plan.json} or {"disconnect": network's
 * id}, and records it in the state. */
int monitor_change_network(struct monitor *monitor, const struct frame *frame, struct failure *out);

#endif
