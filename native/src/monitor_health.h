/* SPDX-License-Identifier: Apache-2.0 */
/* Running the container's health check and recording what it says in DIR/health.json. */
#ifndef LIGHTER_MONITOR_HEALTH_H
#define LIGHTER_MONITOR_HEALTH_H

#include "monitor.h"

/* The container was started, or goes on after a pause; it ended, or is paused. Without a health
 * check they do nothing. */
void monitor_health_begin(struct monitor *monitor);
void monitor_health_resume(struct monitor *monitor);
void monitor_health_end(struct monitor *monitor);

/* A check is due, or late. */
void monitor_health_due(struct monitor *monitor);

/* The result of one arrived. */
void monitor_health_result(struct monitor *monitor);

#endif
