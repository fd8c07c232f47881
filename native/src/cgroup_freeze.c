/* SPDX-License-Identifier: Apache-2.0 */
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <time.h>

#include "cgroup.h"
#include "scope.h"

/* How long the kernel may need until the last process stands still. */
enum { FREEZE_MS = 2000, FREEZE_STEP_MS = 5 };

static bool is_frozen(int cgroup)
{
	auto_close int events = openat(cgroup, "cgroup.events", O_RDONLY | O_CLOEXEC);
	char text[256];
	ssize_t length = events < 0 ? -1 : retry_eintr(read(events, text, sizeof(text) - 1));

	if (length < 0)
		return false;
	text[length] = '\0';
	return strstr(text, "frozen 1") != NULL;
}

int cgroup_freeze(int fd, bool frozen, struct failure *out)
{
	auto_close int file = openat(fd, "cgroup.freeze", O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (file < 0 || retry_eintr(write(file, frozen ? "1" : "0", 1)) < 0)
		return fail(
			out, errno, "cgroup", "cannot %s the cgroup", frozen ? "freeze" : "thaw");
	for (int waited = 0; frozen && !is_frozen(fd); waited += FREEZE_STEP_MS) {
		if (waited >= FREEZE_MS)
			return fail(out, 0, "cgroup", "its processes do not stop");
		nanosleep(&(struct timespec){.tv_nsec = FREEZE_STEP_MS * 1000000L}, NULL);
	}
	return 0;
}
