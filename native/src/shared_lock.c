/* SPDX-License-Identifier: Apache-2.0 */
/* The lock of those who make the shared namespaces, and their clock. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "scope.h"
#include "shared_join.h"

#define LOCK_WAIT_MS 30000

long shared_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000L + now.tv_nsec / 1000000L;
}

void shared_sleep_ms(long milliseconds)
{
	struct timespec pause = {.tv_nsec = milliseconds * 1000000L};

	nanosleep(&pause, NULL);
}

/* Takes the lock if it is free. A lock file that was replaced meanwhile, because the runtime
 * directory was wiped, locks nothing. */
static int try_lock(const char *path)
{
	auto_close int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	struct stat own, current;
	char text[16];

	if (fd < 0)
		return -1;
	if (flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -1;
	if (fstat(fd, &own) < 0 || stat(path, &current) < 0 || own.st_ino != current.st_ino) {
		errno = EWOULDBLOCK;
		return -1;
	}
	/* For the message of whoever waits too long. */
	snprintf(text, sizeof(text), "%-10d\n", (int)getpid());
	if (pwrite(fd, text, strlen(text), 0) < 0)
		return -1;
	return take_fd(&fd);
}

static int fail_lock(const char *path, struct failure *out)
{
	auto_fclose FILE *file = fopen(path, "re");
	int holder = 0;

	if (!file || fscanf(file, "%d", &holder) != 1)
		holder = 0;
	return fail(out, 0, SHARED_STEP, "%s is held by process %d for too long", path, holder);
}

int shared_lock_unless(struct join *join, int (*is_done)(struct join *join))
{
	long deadline = shared_now_ms() + LOCK_WAIT_MS, pause = 1;
	char path[4096];

	if (join->lock >= 0)
		return 0;
	snprintf(path, sizeof(path), "%s/shared.lock", join->plan->runtime_dir);
	for (;;) {
		int done;

		join->lock = try_lock(path);
		if (join->lock < 0 && errno == ENOENT) {
			if (mkdir(join->plan->runtime_dir, 0700) == 0 || errno == EEXIST)
				continue;
		}
		if (join->lock < 0 && errno != EWOULDBLOCK)
			return fail(join->out, errno, SHARED_STEP, "cannot lock %s", path);
		done = is_done(join);
		if (done != 0) {
			scope_close(&join->lock);
			join->lock = -1;
			return done;
		}
		if (join->lock >= 0)
			return 0;
		if (shared_now_ms() > deadline)
			return fail_lock(path, join->out);
		shared_sleep_ms(pause);
		pause = pause < 8 ? pause * 2 : 10;
	}
}
