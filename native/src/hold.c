/* SPDX-License-Identifier: Apache-2.0 */
/* The verb `hold`: one command at a time changes what a container is. The command talks to this
 * process over its standard streams; the locks end with it, and it ends with the command. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>

#include "container_lock.h"
#include "process.h"
#include "scope.h"
#include "verbs.h"

#define STEP "hold"

/* Who changes it: not the lock of the directory, which the monitor holds for long. */
static int lock_changes(const char *directory, struct failure *out)
{
	auto_close int fd = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);

	if (fd < 0)
		return fail(out, errno, STEP, "cannot open %.300s", directory);
	auto_close int lock =
		openat(fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NOCTTY, 0600);

	if (lock < 0 || retry_eintr(flock(lock, LOCK_EX)) < 0)
		return fail(out, errno, STEP, "cannot lock %.300s", directory);
	return take_fd(&lock);
}

static void report_done(void)
{
	puts("{\"event\":\"done\"}");
	fflush(stdout);
}

/* Serves: a byte asks to wait until the container runs or surely does not. */
static int serve(const char *directory, struct failure *out)
{
	auto_close int lock = lock_changes(directory, out);
	auto_close int still = -1;
	char byte;

	if (lock < 0)
		return -1;
	report_done();
	while (retry_eintr(read(STDIN_FILENO, &byte, 1)) == 1) {
		if (still < 0)
			still = container_lock(directory, STDIN_FILENO, out);
		if (still < 0 && out->kind != FAILURE_ALREADY)
			return -1;
		report_done();
	}
	return 0;
}

int verb_hold(int argc, char **argv)
{
	struct failure failure = {0};

	if (argc != 4 || strcmp(argv[2], "--container") != 0)
		fail_kind(&failure, FAILURE_BAD_INPUT, 0, STEP, "usage: hold --container DIR");
	else if (process_reset_signals(&failure) == 0 && serve(argv[3], &failure) == 0)
		return 0;
	failure_report(STDOUT_FILENO, &failure);
	return failure_exit_code(&failure);
}
