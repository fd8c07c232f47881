/* SPDX-License-Identifier: Apache-2.0 */
#include "pause.h"

#include <fcntl.h>
#include <linux/nsfs.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <time.h>

#include "cgroup.h"
#include "scope.h"

#define STEP "pause"

/* Processes that fork meanwhile need another round; each round meets fewer that can. */
enum { ROUNDS = 200, NESTED_MAX = 32 };

static bool is_same(int fd, const struct pid_namespace *namespace)
{
	struct stat file;

	return fstat(fd, &file) == 0 && file.st_ino == namespace->inode &&
	       file.st_dev == namespace->device;
}

/* In the namespace, or in one below it. */
static bool is_inside(pid_t pid, const struct pid_namespace *namespace)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	for (int depth = 0; fd >= 0 && depth < NESTED_MAX; depth++) {
		int parent;

		if (is_same(fd, namespace))
			return true;
		parent = ioctl(fd, NS_GET_PARENT);
		close(fd);
		fd = parent;
	}
	return false;
}

/* The letter of /proc/PID/stat; 0 when it is gone. */
static char state_of(pid_t pid)
{
	char path[64], text[512];
	const char *end;
	ssize_t length;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);

	length = fd < 0 ? -1 : retry_eintr(read(fd, text, sizeof(text) - 1));
	if (length <= 0)
		return 0;
	text[length] = '\0';
	end = strrchr(text, ')');
	return end && end[1] == ' ' ? end[2] : 0;
}

static bool is_known(const struct pause *pause, pid_t pid)
{
	for (size_t i = 0; i < pause->count; i++)
		if (pause->stopped[i] == pid)
			return true;
	return false;
}

static int remember(struct pause *pause, pid_t pid, struct failure *out)
{
	pid_t *grown = reallocarray(pause->stopped, pause->count + 1, sizeof(*grown));

	if (!grown)
		return fail(out, ENOMEM, STEP, "cannot remember what is stopped");
	pause->stopped = grown;
	grown[pause->count++] = pid;
	return 0;
}

/* Returns how many of the container's processes were still running, -1 = failure. */
static int stop_round(struct pause *pause, struct failure *out)
{
	auto_closedir DIR *proc = opendir("/proc");
	const struct dirent *entry;
	int running = 0;

	if (!proc)
		return fail(out, errno, STEP, "cannot read /proc");
	while ((entry = readdir(proc))) {
		pid_t pid = (pid_t)atoi(entry->d_name);
		char state = pid > 0 && is_inside(pid, &pause->namespace) ? state_of(pid) : 0;

		if (state == 0 || strchr("TtZX", state))
			continue;
		running++;
		if (kill(pid, SIGSTOP) == 0 && !is_known(pause, pid) &&
			remember(pause, pid, out) < 0)
			return -1;
	}
	return running;
}

static void pause_ms(long milliseconds)
{
	nanosleep(&(struct timespec){.tv_nsec = milliseconds * 1000000L}, NULL);
}

/* The first process of a pid namespace cannot refuse SIGSTOP from outside. */
static int stop_each(struct pause *pause, pid_t pid, struct failure *out)
{
	struct stat file, own;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/ns/pid", (int)pid);
	if (stat(path, &file) < 0 || stat("/proc/self/ns/pid", &own) < 0)
		return fail(out, errno, STEP, "cannot look at the container's processes");
	if (file.st_ino == own.st_ino && file.st_dev == own.st_dev)
		return fail_kind(out, FAILURE_UNSUPPORTED, 0, STEP,
			"it has no cgroup of its own, and it shares the host's processes");
	pause->namespace = (struct pid_namespace){.device = file.st_dev, .inode = file.st_ino};
	for (int round = 0; round < ROUNDS; round++) {
		int running = stop_round(pause, out);

		if (running <= 0)
			return running;
		pause_ms(round < 10 ? 1 : 10);
	}
	return fail(out, 0, STEP, "its processes do not stop");
}

static void continue_each(struct pause *pause)
{
	/* The first process last: it sees its children running again. A pid that has become
	 * another's meanwhile is none of the container's. */
	for (size_t i = pause->count; i-- > 0;)
		if (is_inside(pause->stopped[i], &pause->namespace) &&
			state_of(pause->stopped[i]) == 'T')
			kill(pause->stopped[i], SIGCONT);
	free(pause->stopped);
	pause->stopped = NULL;
	pause->count = 0;
}

int pause_begin(struct pause *pause, int cgroup, pid_t pid, struct failure *out)
{
	int result = cgroup >= 0 ? cgroup_freeze(cgroup, true, out) : stop_each(pause, pid, out);

	pause->paused = true;
	if (result < 0)
		pause_end(pause, cgroup);
	return result;
}

void pause_end(struct pause *pause, int cgroup)
{
	struct failure ignored;

	if (cgroup >= 0)
		(void)cgroup_freeze(cgroup, false, &ignored);
	else
		continue_each(pause);
	pause->paused = false;
}
