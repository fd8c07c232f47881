/* SPDX-License-Identifier: Apache-2.0 */
#include "events.h"

#include <stdio.h>

#include <jansson.h>

void event_started(char *ret, size_t size, pid_t pid)
{
	snprintf(ret, size, "{\"event\":\"started\",\"pid\":%d}", (int)pid);
}

void event_exited(char ret[EVENT_SIZE], int exit_code, int signal, bool oom_killed)
{
	snprintf(ret, EVENT_SIZE,
		"{\"event\":\"exited\",\"exitCode\":%d,\"signal\":%d,\"oomKilled\":%s}", exit_code,
		signal, oom_killed ? "true" : "false");
}

char *event_failed(const struct failure *why)
{
	json_t *event = json_pack("{s:s, s:s, s:s, s:i, s:s}", "event", "failed", "kind",
		failure_kind_name(why->kind), "step", why->step ? why->step : "", "errno",
		why->error, "message", why->message);
	char *text;

	/* A message may quote bytes of an image that are no UTF-8. */
	if (!event)
		event = json_pack("{s:s, s:s, s:s, s:i, s:s}", "event", "failed", "kind",
			failure_kind_name(why->kind), "step", why->step ? why->step : "", "errno",
			why->error, "message", "the cause cannot be shown as text");
	text = event ? json_dumps(event, JSON_COMPACT) : NULL;
	json_decref(event);
	return text;
}
