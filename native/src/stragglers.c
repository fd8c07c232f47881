/* SPDX-License-Identifier: Apache-2.0 */
#include "stragglers.h"

#include <dirent.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "scope.h"
#include "sync.h"

/* Processes that fork meanwhile need another round, and one that dies takes its time. */
enum { ROUNDS = 200 };

/* Not those that another container may have joined. The second one is for who made mounts of its
 * own. */
static const struct {
	const char *name;
	int flag;
} telling[STRAGGLERS_NAMESPACES] = {{"mnt", CLONE_NEWNS}, {"uts", CLONE_NEWUTS}};

static bool is_new(const struct spec *spec, int flag)
{
	const char *path = NULL;

	return spec_namespace_find(spec, flag, &path) && !path;
}

bool stragglers_possible(const struct spec *spec, int cgroup)
{
	return cgroup < 0 && !is_new(spec, CLONE_NEWPID);
}

int stragglers_tell(const struct spec *spec, int proc, int socket)
{
	for (size_t i = 0; i < array_size(telling); i++) {
		char path[32];

		if (!is_new(spec, telling[i].flag))
			continue;
		snprintf(path, sizeof(path), "self/ns/%s", telling[i].name);
		auto_close int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || sync_send(socket, SYNC_NAMESPACE, telling[i].flag, fd) < 0)
			return -1;
	}
	return 0;
}

static void add(struct stragglers *stragglers, const char *name, const struct stat *file)
{
	if (stragglers->count < STRAGGLERS_NAMESPACES)
		stragglers->known[stragglers->count++] =
			(struct own_namespace){name, file->st_dev, file->st_ino};
}

void stragglers_know(struct stragglers *stragglers, int32_t flag, int fd)
{
	struct stat file;

	for (size_t i = 0; i < array_size(telling); i++)
		if (telling[i].flag == flag && fstat(fd, &file) == 0)
			add(stragglers, telling[i].name, &file);
}

/* Of a dead process nothing is told. */
static bool look(pid_t pid, const char *name, struct stat *ret)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)pid, name);
	return stat(path, ret) == 0;
}

void stragglers_look(struct stragglers *ret, const struct spec *spec, pid_t pid)
{
	struct stat file;

	for (size_t i = 0; i < array_size(telling); i++)
		if (is_new(spec, telling[i].flag) && look(pid, telling[i].name, &file))
			add(ret, telling[i].name, &file);
}

static bool is_straggler(const struct stragglers *stragglers, pid_t pid)
{
	for (size_t i = 0; i < stragglers->count; i++) {
		const struct own_namespace *own = &stragglers->known[i];
		struct stat file;

		if (look(pid, own->name, &file) && file.st_ino == own->inode &&
			file.st_dev == own->device)
			return true;
	}
	return false;
}

/* Returns whether there was any. */
static bool kill_round(const struct stragglers *stragglers)
{
	auto_closedir DIR *proc = opendir("/proc");
	const struct dirent *entry;
	bool found = false;

	while (proc && (entry = readdir(proc))) {
		pid_t pid = (pid_t)atoi(entry->d_name);

		if (pid <= 0 || !is_straggler(stragglers, pid))
			continue;
		found = true;
		kill(pid, SIGKILL);
	}
	return found;
}

void stragglers_end(const struct stragglers *stragglers)
{
	if (stragglers->count == 0)
		return;
	for (int round = 0; round < ROUNDS && kill_round(stragglers); round++)
		nanosleep(&(struct timespec){.tv_nsec = (round < 10 ? 1 : 10) * 1000000L}, NULL);
}
