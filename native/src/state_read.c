/* SPDX-License-Identifier: Apache-2.0 */
#include "state_read.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "json_read.h"
#include "scope.h"

#define STEP "state"

enum { FILE_LIMIT = 1 << 20 };

/* The start time does not fit into every reader's numbers: it is written as text. */
static int read_start_time(const json_t *value, unsigned long long *ret)
{
	const char *text = json_string_value(value);
	char *end;

	if (json_is_integer(value)) {
		*ret = (unsigned long long)json_integer_value(value);
		return 0;
	}
	if (!text || !text[0])
		return -1;
	errno = 0;
	*ret = strtoull(text, &end, 10);
	return *end || errno ? -1 : 0;
}

static int parse_process(
	const json_t *state, const char *path, struct identity *ret, struct failure *out)
{
	const char *status = json_string_value(json_object_get(state, "status"));
	const char *boot_id = json_string_value(json_object_get(state, "bootId"));

	if (!status || strcmp(status, "running") != 0)
		return 0;
	if (!boot_id || strlen(boot_id) != sizeof(ret->boot_id) - 1 ||
		!json_is_integer(json_object_get(state, "pid")) ||
		read_start_time(json_object_get(state, "startTime"), &ret->start_time) < 0)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "%s names no process", path);
	ret->pid = (pid_t)json_integer_value(json_object_get(state, "pid"));
	memcpy(ret->boot_id, boot_id, sizeof(ret->boot_id));
	return 1;
}

int state_read_process(const char *container_dir, struct identity *ret, struct failure *out)
{
	json_error_t error = {0};
	char path[PATH_MAX];
	json_t *state;
	int result;

	if (snprintf(path, sizeof(path), "%s/state.json", container_dir) >= (int)sizeof(path))
		return fail(out, ENAMETOOLONG, STEP, "cannot read the state");
	errno = 0;
	state = json_read_path(path, FILE_LIMIT, JSON_REJECT_DUPLICATES, &error);
	if (!state && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	if (!state && errno)
		return fail(out, errno, STEP, "cannot read %s", path);
	if (!state)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "%s: %s (line %d)", path,
			error.text, error.line);
	result = parse_process(state, path, ret, out);
	json_decref(state);
	return result;
}
