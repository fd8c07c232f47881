/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "health.h"

static const struct plan_health plan = {.interval_ms = 30000,
	.timeout_ms = 30000,
	.start_period_ms = 10000,
	.start_interval_ms = 500,
	.retries = 3};

static void expect_start_period(void)
{
	struct health health = {0};

	/* Within it, failures do not count, and checks come often. */
	assert(!health_judge(&health, &plan, 1, 9999));
	assert(health.failing_streak == 0 && health.status == HEALTH_STARTING);
	assert(health_delay(&health, &plan, 9999) == 500);
	assert(health_delay(&health, &plan, 10000) == 30000);
	assert(!health_judge(&health, &plan, 1, 10000));
	assert(health.failing_streak == 1);
	/* A success ends it for good. */
	assert(health_judge(&health, &plan, 0, 5000));
	assert(health.status == HEALTH_HEALTHY && health.failing_streak == 0);
	assert(health_delay(&health, &plan, 5000) == 30000);
	assert(!health_judge(&health, &plan, 1, 5500));
	assert(health.failing_streak == 1);
}

static void expect_retries(void)
{
	struct health health = {.status = HEALTH_HEALTHY};

	assert(!health_judge(&health, &plan, 1, 20000));
	assert(!health_judge(&health, &plan, -1, 20000));
	assert(health.status == HEALTH_HEALTHY);
	assert(health_judge(&health, &plan, 127, 20000));
	assert(health.status == HEALTH_UNHEALTHY && health.failing_streak == 3);
	assert(!health_judge(&health, &plan, 1, 20000));
	assert(health.failing_streak == 4);
	assert(health_judge(&health, &plan, 0, 20000));
	assert(health.status == HEALTH_HEALTHY && health.failing_streak == 0);
}

static void expect_duration(long long milliseconds, const char *wanted)
{
	char text[32];

	format_duration(milliseconds, text, sizeof(text));
	assert(strcmp(text, wanted) == 0);
}

int main(void)
{
	expect_start_period();
	expect_retries();
	expect_duration(0, "0s");
	expect_duration(500, "500ms");
	expect_duration(1500, "1.5s");
	expect_duration(10000, "10s");
	expect_duration(90000, "1m30s");
	expect_duration(3600000, "1h0m0s");
	expect_duration(100, "100ms");
	return 0;
}
