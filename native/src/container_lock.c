/* SPDX-License-Identifier: Apache-2.0 */
#include "container_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include <jansson.h>

#include "container_holder.h"
#include "identity.h"
#include "json_read.h"
#include "scope.h"

#define STEP "lock"

enum { FIRST_PAUSE_MS = 2, LONGEST_PAUSE_MS = 50 };

enum { UNLIMITED = -1 };

static bool read_monitor(const json_t *state, struct identity *ret)
{
	const json_t *monitor = json_object_get(state, "monitor");
	const char *start_time = json_string_value(json_object_get(monitor, "startTime"));
	const char *boot_id = json_string_value(json_object_get(monitor, "bootId"));

	if (!start_time || !boot_id || strlen(boot_id) >= sizeof(ret->boot_id))
		return false;
	*ret = (struct identity){
		.pid = (pid_t)json_integer_value(json_object_get(monitor, "pid")),
		.start_time = strtoull(start_time, NULL, 10),
	};
	memcpy(ret->boot_id, boot_id, strlen(boot_id));
	return true;
}

/* As the state tells: it runs, or will again by its restart policy. */
static bool is_live(int directory)
{
	auto_close int fd = openat(directory, "state.json", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	json_t *state = fd < 0 ? NULL : json_read(fd, 65536, 0, NULL);
	const char *status = json_string_value(json_object_get(state, "status"));
	struct identity monitor;
	bool live = status &&
		    (strcmp(status, "running") == 0 || strcmp(status, "restarting") == 0) &&
		    read_monitor(state, &monitor) && identity_alive(&monitor);

	json_decref(state);
	return live;
}

/* Returns false when the other end of the socket has gone. */
static bool pause_with(int client, int milliseconds)
{
	struct pollfd slot = {.fd = client, .events = POLLRDHUP};

	return poll(&slot, 1, milliseconds) <= 0;
}

static const char *id_of(const char *directory)
{
	const char *slash = strrchr(directory, '/');

	return slash ? slash + 1 : directory;
}

static int fail_gone(const char *path, struct failure *out)
{
	return fail(out, 0, STEP, "No such container: %s", id_of(path));
}

/* What was opened may have been moved to the trash while the lock was waited for. */
static bool is_there(int fd, const char *path)
{
	struct stat opened, named;

	return fstat(fd, &opened) == 0 && stat(path, &named) == 0 &&
	       opened.st_ino == named.st_ino && opened.st_dev == named.st_dev;
}

static time_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

static int take_lock(const char *directory, int client, int patience, struct failure *out)
{
	auto_close int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	time_t begun = now();

	if (fd < 0 && errno == ENOENT)
		return fail_gone(directory, out);
	if (fd < 0)
		return fail(out, errno, STEP, "cannot open %.300s", directory);
	for (int pause = FIRST_PAUSE_MS; flock(fd, LOCK_EX | LOCK_NB) < 0;
		pause = pause * 2 < LONGEST_PAUSE_MS ? pause * 2 : LONGEST_PAUSE_MS) {
		if (errno != EWOULDBLOCK && errno != EINTR)
			return fail(out, errno, STEP, "cannot lock %.300s", directory);
		if (is_live(fd))
			return fail_kind(out, FAILURE_ALREADY, 0, STEP, "the container is running");
		if (patience != UNLIMITED && now() - begun > patience)
			container_end_holder(fd, id_of(directory));
		if (!pause_with(client, pause))
			return fail_kind(out, FAILURE_ALREADY, 0, STEP,
				"nobody waits for the container any more");
		if (!is_there(fd, directory))
			return fail_gone(directory, out);
	}
	return is_there(fd, directory) ? take_fd(&fd) : fail_gone(directory, out);
}

int container_lock(const char *directory, int client, struct failure *out)
{
	return take_lock(directory, client, UNLIMITED, out);
}

int container_lock_by_force(const char *directory, int patience, struct failure *out)
{
	return take_lock(directory, -1, patience, out);
}
