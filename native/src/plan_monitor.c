/* SPDX-License-Identifier: Apache-2.0 */
#include "plan_parts.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "scope.h"

/* About 24 days: no length of time that somebody waits for is longer, and all fit into a poll. */
enum { TIME_MAX_MS = 2000000000 };

static int get_number(json_t *object, const char *name, long long least, long long most,
	long long *ret, struct failure *out)
{
	json_t *value = json_object_get(object, name);

	if (!json_is_integer(value) || json_integer_value(value) < least ||
		json_integer_value(value) > most)
		return plan_bad(out, name, "is no number, or out of range");
	*ret = json_integer_value(value);
	return 0;
}

static int read_restart(json_t *object, struct plan_restart *ret, struct failure *out)
{
	static const char *const known[] = {"policy", "maximum", NULL};
	static const char *const policies[] = {"no", "always", "unless-stopped", "on-failure"};
	long long maximum;
	int policy;

	if (!object)
		return 0;
	if (plan_check_members(object, "restart", known, out) < 0 ||
		plan_get_choice(object, "policy", policies, array_size(policies), &policy, out) <
			0 ||
		get_number(object, "maximum", 0, 2147483647, &maximum, out) < 0)
		return -1;
	*ret = (struct plan_restart){
		.policy = (enum restart_policy)policy, .maximum = (unsigned)maximum};
	return 0;
}

static int read_health(json_t *object, struct plan_health *ret, struct failure *out)
{
	static const char *const known[] = {
		"check", "interval", "timeout", "startPeriod", "startInterval", "retries", NULL};
	long long retries;

	if (!object)
		return 0;
	if (plan_check_members(object, "health", known, out) < 0 ||
		plan_get_path(object, "check", REQUIRED, &ret->check, out) < 0 ||
		get_number(object, "interval", 1, TIME_MAX_MS, &ret->interval_ms, out) < 0 ||
		get_number(object, "timeout", 1, TIME_MAX_MS, &ret->timeout_ms, out) < 0 ||
		get_number(object, "startPeriod", 0, TIME_MAX_MS, &ret->start_period_ms, out) < 0 ||
		get_number(object, "startInterval", 1, TIME_MAX_MS, &ret->start_interval_ms, out) <
			0 ||
		get_number(object, "retries", 1, 2147483647, &retries, out) < 0)
		return -1;
	ret->retries = (unsigned)retries;
	return 0;
}

/* Kept as the text that goes into every record. */
static int read_attributes(json_t *object, char **ret, struct failure *out)
{
	if (!object)
		return 0;
	*ret = json_is_object(object) ? json_dumps(object, JSON_COMPACT | JSON_SORT_KEYS) : NULL;
	return *ret ? 0 : plan_bad(out, "logging.attributes", "must be an object");
}

static int read_logging(json_t *object, struct plan_logging *ret, struct failure *out)
{
	static const char *const known[] = {"driver", "maxSize", "maxFiles", "attributes", "fields",
		"compress", "buffer", NULL};
	static const char *const drivers[] = {"file", "journald", "passthrough"};
	long long files;
	int driver;

	ret->max_files = 1;
	if (!object)
		return 0;
	if (plan_check_members(object, "logging", known, out) < 0 ||
		plan_get_choice(object, "driver", drivers, array_size(drivers), &driver, out) < 0 ||
		get_number(object, "maxSize", 0, INT64_MAX, &ret->max_size, out) < 0 ||
		get_number(object, "maxFiles", 1, 1000, &files, out) < 0 ||
		read_attributes(json_object_get(object, "attributes"), &ret->attributes, out) < 0)
		return -1;
	ret->driver = (enum log_driver)driver;
	ret->max_files = (unsigned)files;
	ret->compress = json_is_true(json_object_get(object, "compress"));
	if (json_object_get(object, "buffer") &&
		get_number(object, "buffer", 1, INT64_MAX, &ret->buffer, out) < 0)
		return -1;
	if (json_object_get(object, "fields"))
		ret->fields = json_incref(json_object_get(object, "fields"));
	return 0;
}

int plan_read_monitor(json_t *root, struct plan *plan, struct failure *out)
{
	long long stop_signal = SIGTERM;

	if (read_restart(json_object_get(root, "restart"), &plan->restart, out) < 0 ||
		read_health(json_object_get(root, "health"), &plan->health, out) < 0 ||
		read_logging(json_object_get(root, "logging"), &plan->logging, out) < 0)
		return -1;
	if (json_object_get(root, "stopSignal") &&
		get_number(root, "stopSignal", 1, SIGRTMAX, &stop_signal, out) < 0)
		return -1;
	plan->stop_signal = json_object_get(root, "stopSignal") ? (int)stop_signal : 0;
	return 0;
}

void plan_clear_monitor(struct plan *plan)
{
	free(plan->health.check);
	free(plan->logging.attributes);
	json_decref(plan->logging.fields);
}
