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

/* DIR/exec/ID.json with another ending. */
static int record_path(const char *file, const char *ending, char path[PATH_MAX])
{
	size_t length = strlen(file);
	int written;

	if (length <= strlen(REQUEST) || strcmp(file + length - strlen(REQUEST), REQUEST) != 0)
		return -1;
	written =
		snprintf(path, PATH_MAX, "%.*s.%s", (int)(length - strlen(REQUEST)), file, ending);
	return written < 0 || written >= PATH_MAX ? -1 : 0;
}

static void write_identity(int fd, const char *before, const struct identity *identity)
{
	dprintf(fd, "%s\"pid\":%d,\"startTime\":\"%llu\",\"bootId\":\"%s\"", before,
		(int)identity->pid, identity->start_time, identity->boot_id);
}

void exec_trace_begin(const char *file, pid_t pid, bool keeps_result)
{
	struct identity identity, keeper;
	char path[PATH_MAX];

	if (record_path(file, "running", path) < 0 || identity_of(pid, &identity) < 0)
		return;
	auto_close int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return;
	write_identity(fd, "{", &identity);
	if (keeps_result && identity_of(getpid(), &keeper) == 0) {
		write_identity(fd, ",\"keeper\":{", &keeper);
		dprintf(fd, "}");
	}
	dprintf(fd, "}\n");
}

/* Under its name it is whole. */
static void keep_result(const char *file, pid_t pid, int exit_code)
{
	char draft[PATH_MAX], path[PATH_MAX];

	if (record_path(file, "ending", draft) < 0 || record_path(file, "ended", path) < 0)
		return;
	auto_close int fd =
		open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd >= 0 && dprintf(fd, "{\"exitCode\":%d,\"pid\":%d}\n", exit_code, (int)pid) > 0)
		(void)rename(draft, path);
}

void exec_trace_end(const struct plan *plan, const char *file, int exit_code, pid_t kept)
{
	const char *slash = strrchr(file, '/');
	/* The request's name is the id that the events of its beginning have. */
	const char *name = slash ? slash + 1 : file;
	struct journal_attribute more[] = {{.key = "execID"}, {.key = "exitCode"}};
	char path[PATH_MAX];

	/* First: it has ended for whoever finds it running no more. */
	if (kept > 0)
		keep_result(file, kept, exit_code);
	if (record_path(file, "running", path) == 0)
		unlink(path);
	snprintf(more[0].value, sizeof(more[0].value), "%.*s", (int)strcspn(name, "."), name);
	snprintf(more[1].value, sizeof(more[1].value), "%d", exit_code);
	journal_note(plan, "exec_die", more, array_size(more));
}

/* Moved away first: a later one under the same name is taken by itself. */
int exec_trace_take_size(const char *file, struct winsize *ret)
{
	char path[PATH_MAX], taken[PATH_MAX];
	char text[32] = "";
	unsigned rows, columns;

	if (record_path(file, "size", path) < 0 || record_path(file, "sizing", taken) < 0 ||
		rename(path, taken) < 0)
		return -1;
	auto_close int fd = open(taken, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	unlink(taken);
	if (fd < 0 || retry_eintr(read(fd, text, sizeof(text) - 1)) <= 0 ||
		sscanf(text, "%u %u", &rows, &columns) != 2)
		return -1;
	*ret = (struct winsize){.ws_row = (unsigned short)rows, .ws_col = (unsigned short)columns};
	return 0;
}
