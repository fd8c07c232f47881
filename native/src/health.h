/* SPDX-License-Identifier: Apache-2.0 */
/* What the results of a health check say about a container. */
#ifndef LIGHTER_HEALTH_H
#define LIGHTER_HEALTH_H

#include <stdbool.h>
#include <stddef.h>

#include "plan.h"

enum health_status { HEALTH_STARTING, HEALTH_HEALTHY, HEALTH_UNHEALTHY };

struct health {
	enum health_status status;
	unsigned failing_streak;
};

/* "starting", "healthy", "unhealthy" */
const char *health_status_name(enum health_status status);

/* Takes one result in. began_ms: when the check began, since the container's start. Failures within
 * the start period do not count as long as none has succeeded. Returns whether the status
 * changed. */
bool health_judge(
	struct health *health, const struct plan_health *plan, int exit_code, long long began_ms);

/* Milliseconds until the next check; now_ms since the container's start. */
long long health_delay(
	const struct health *health, const struct plan_health *plan, long long now_ms);

/* A length of time as Go prints it: "1.5s", "500ms", "1m30s". */
void format_duration(long long milliseconds, char *ret, size_t size);

#endif
