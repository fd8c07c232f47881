/* SPDX-License-Identifier: Apache-2.0 */
#include "exec_trace.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "identity.h"
#include "journal.h"
#include "scope.h"

#define REQUEST ".json"

static int record_path(const char *file, char path[PATH_MAX])
{
	size_t length = strlen(file);
	int written;

	if (length <= strlen(REQUEST) || strcmp(file + length - strlen(REQUEST), REQUEST) != 0)
		return -1;
	written = snprintf(path, PATH_MAX, "%.*s.running", (int)(length - strlen(REQUEST)), file);
	return written < 0 || written >= PATH_MAX ? -1 : 0;
}

void exec_trace_begin(const char *file, pid_t pid)
{
	struct identity identity;
	char path[PATH_MAX];

	if (record_path(file, path) < 0 || identity_of(pid, &identity) < 0)
		return;
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd >= 0)
		dprintf(fd, "{\"pid\":%d,\"startTime\":\"%llu\",\"bootId\":\"%s\"}\n",
			(int)identity.pid, identity.start_time, identity.boot_id);
}

void exec_trace_end(const struct plan *plan, const char *file, int exit_code)
{
	const char *slash = strrchr(file, '/');
	/* The request's name is the id that the events of its beginning have. */
	const char *name = slash ? slash + 1 : file;
	struct journal_attribute more[] = {{.key = "execID"}, {.key = "exitCode"}};
	char path[PATH_MAX];

	if (record_path(file, path) == 0)
		unlink(path);
	snprintf(more[0].value, sizeof(more[0].value), "%.*s", (int)strcspn(name, "."), name);
	snprintf(more[1].value, sizeof(more[1].value), "%d", exit_code);
	journal_note(plan, "exec_die", more, array_size(more));
}
