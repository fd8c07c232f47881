/* SPDX-License-Identifier: Apache-2.0 */
#include "health.h"

#include <stdio.h>
#include <string.h>

const char *health_status_name(enum health_status status)
{
	static const char *const names[] = {"starting", "healthy", "unhealthy"};

	return names[status];
}

bool health_judge(
	struct health *health, const struct plan_health *plan, int exit_code, long long began_ms)
{
	enum health_status before = health->status;

	if (exit_code == 0) {
		health->status = HEALTH_HEALTHY;
		health->failing_streak = 0;
	} else if (before != HEALTH_STARTING || began_ms >= plan->start_period_ms) {
		health->failing_streak++;
		if (health->failing_streak >= plan->retries)
			health->status = HEALTH_UNHEALTHY;
	}
	return health->status != before;
}

long long health_delay(
	const struct health *health, const struct plan_health *plan, long long now_ms)
{
	if (health->status == HEALTH_STARTING && now_ms < plan->start_period_ms)
		return plan->start_interval_ms;
	return plan->interval_ms;
}

/* Seconds with as many decimals as they need. */
static void format_seconds(long long milliseconds, char *ret, size_t size)
{
	int length = snprintf(ret, size, "%lld.%03lld", milliseconds / 1000, milliseconds % 1000);

	while (length > 0 && ret[length - 1] == '0')
		length--;
	if (length > 0 && ret[length - 1] == '.')
		length--;
	snprintf(ret + length, size - (size_t)length, "s");
}

void format_duration(long long milliseconds, char *ret, size_t size)
{
	long long hours = milliseconds / 3600000, minutes = milliseconds / 60000 % 60;
	char seconds[32];

	format_seconds(milliseconds % 60000, seconds, sizeof(seconds));
	if (milliseconds == 0)
		snprintf(ret, size, "0s");
	else if (milliseconds < 1000)
		snprintf(ret, size, "%lldms", milliseconds);
	else if (hours > 0)
		snprintf(ret, size, "%lldh%lldm%s", hours, minutes, seconds);
	else if (minutes > 0)
		snprintf(ret, size, "%lldm%s", minutes, seconds);
	else
		snprintf(ret, size, "%s", seconds);
}
