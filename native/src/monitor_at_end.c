/* SPDX-License-Identifier: Apache-2.0 */
#include "monitor_at_end.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scope.h"

/* Longer than the command's own limit for an answer (lib/container/volume-mounts.ts). */
enum { LIMIT_MS = 40000 };

/* A command that begins with what every program begins with, not with what the monitor has. */
static void run(char *const *command)
{
	struct sigaction usual = {.sa_handler = SIG_DFL};
	int null = open("/dev/null", O_RDWR);
	sigset_t none;

	for (int i = 0; null >= 0 && i < 3; i++)
		dup2(null, i);
	close_range(3, ~0U, 0);
	sigemptyset(&none);
	sigaction(SIGPIPE, &usual, NULL);
	sigprocmask(SIG_SETMASK, &none, NULL);
	execv(command[0], command);
	_exit(127);
}

void monitor_run_at_end(const struct plan *plan)
{
	pid_t child;

	if (plan->at_end.count == 0)
		return;
	child = fork();
	if (child == 0)
		run(plan->at_end.items);
	if (child < 0)
		return;
	auto_close int pidfd = pidfd_open(child, 0);
	struct pollfd ended = {.fd = pidfd, .events = POLLIN};

	if (retry_eintr(poll(&ended, 1, LIMIT_MS)) <= 0)
		kill(child, SIGKILL);
	retry_eintr(waitpid(child, NULL, 0));
}
