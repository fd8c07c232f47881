/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a cgroup: of its processes, of those below it, and of itself. */
#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "scope.h"

enum { DEPTH_LIMIT = 32, DELETE_ATTEMPTS = 200, DELETE_PAUSE_MS = 10 };

/* For kernels before 5.14. Processes that fork meanwhile need another round. */
static int kill_each(int fd, struct failure *out)
{
	for (int round = 0; round < 100; round++) {
		auto_close int processes = openat(fd, "cgroup.procs", O_RDONLY | O_CLOEXEC);
		int copy = processes < 0 ? -1 : dup(processes);
		auto_fclose FILE *list = copy < 0 ? NULL : fdopen(copy, "re");
		bool found = false;
		int pid;

		if (!list)
			return fail(out, errno, "cgroup", "cannot read cgroup.procs");
		while (fscanf(list, "%d", &pid) == 1) {
			found = true;
			if (pid > 0)
				kill(pid, SIGKILL);
		}
		if (!found)
			return 0;
		nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
	}
	return fail(out, EBUSY, "cgroup", "cannot kill the processes of the cgroup");
}

int cgroup_kill(int fd, struct failure *out)
{
	auto_close int file = openat(fd, "cgroup.kill", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (file >= 0 && retry_eintr(write(file, "1", 1)) == 1)
		return 0;
	if (errno != ENOENT)
		return fail(out, errno, "cgroup", "cannot kill the processes of the cgroup");
	return kill_each(fd, out);
}

static int delete_below(int parent, const char *name, int depth)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	const struct dirent *entry;

	if (fd < 0)
		return errno == ENOENT ? 0 : -1;
	auto_closedir DIR *directory = fdopendir(fd);

	if (!directory) {
		close(fd);
		return -1;
	}
	while ((entry = readdir(directory)))
		if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 &&
			strcmp(entry->d_name, "..") != 0 && depth < DEPTH_LIMIT &&
			delete_below(dirfd(directory), entry->d_name, depth + 1) < 0)
			return -1;
	for (int attempt = 0; attempt < DELETE_ATTEMPTS; attempt++) {
		if (unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno != EBUSY)
			return -1;
		nanosleep(&(struct timespec){.tv_nsec = DELETE_PAUSE_MS * 1000000L}, NULL);
	}
	errno = EBUSY;
	return -1;
}

int cgroup_delete(const char *path, struct failure *out)
{
	int fd;

	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	if (cgroup_open(path, &fd, out) < 0)
		return -1;
	close(fd);
	if (delete_below(AT_FDCWD, path, 0) < 0)
		return fail(out, errno, "cgroup", "cannot remove the cgroup %s", path);
	return 0;
}
