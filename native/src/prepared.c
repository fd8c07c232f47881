/* SPDX-License-Identifier: Apache-2.0 */
#include "prepared.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "scope.h"

#define STEP "prepare"
#define RECORD "container.json"

/* Written by lib/container/start.ts. The plan is the last one: it names the others. */
static const struct prepared_file {
	const char *name, *target;
	bool optional;
} files[] = {
	{"config.json", "bundle/config.json", false},
	/* Not those of a container that joins another one's network. */
	{"hosts", "hosts", true},
	{"hostname", "hostname", true},
	{"resolv.conf", "resolv.conf", true},
	{"health-check.json", "health-check.json", true},
	{"plan.json", "plan.json", false},
};

static int open_directory(const char *path)
{
	return open(path, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

/* The link keeps the inode from being used again. */
static bool is_same_record(int prepared, int directory)
{
	struct stat read, now;

	return fstatat(prepared, RECORD, &read, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstatat(directory, RECORD, &now, AT_SYMLINK_NOFOLLOW) == 0 &&
	       read.st_ino == now.st_ino && read.st_dev == now.st_dev;
}

int prepared_take(const char *prepared, int directory, struct failure *out)
{
	auto_close int from = open_directory(prepared);

	if (from < 0)
		return fail(out, errno, STEP, "cannot open %.300s", prepared);
	if (!is_same_record(from, directory))
		return fail_kind(out, FAILURE_STALE, 0, STEP,
			"the container was changed while it was started");
	for (size_t i = 0; i < array_size(files); i++) {
		const struct prepared_file *file = &files[i];

		if (renameat(from, file->name, directory, file->target) < 0 &&
			!(errno == ENOENT && file->optional))
			return fail(out, errno, STEP, "cannot take over %s", file->name);
	}
	prepared_discard(prepared);
	return 0;
}

void prepared_discard(const char *prepared)
{
	auto_close int from = open_directory(prepared);

	if (from < 0)
		return;
	for (size_t i = 0; i < array_size(files); i++)
		unlinkat(from, files[i].name, 0);
	unlinkat(from, RECORD, 0);
	rmdir(prepared);
}
