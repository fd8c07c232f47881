/* SPDX-License-Identifier: Apache-2.0 */
/* The command that a plan has run when the container is over: it tells plugins of volumes. */
#ifndef LIGHTER_MONITOR_AT_END_H
#define LIGHTER_MONITOR_AT_END_H

#include "plan.h"

/* Runs plan->at_end, where there is one, and waits for it, though not for ever. Its failures are
 * nobody's to hear. */
void monitor_run_at_end(const struct plan *plan);

#endif
