/* SPDX-License-Identifier: Apache-2.0 */
/* First process of a container started with --init: one child, its signals, and everybody's
 * zombies. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "process.h"
#include "scope.h"
#include "verbs.h"

/* Raised by the process's own faults: blocking them would hide what went wrong. */
static const int own_faults[] = {SIGFPE, SIGILL, SIGSEGV, SIGBUS, SIGABRT, SIGTRAP, SIGSYS};

static void __attribute__((noreturn)) run_command(char **command)
{
	struct failure failure;
	int error;

	/* Its own foreground group, so that the terminal's Ctrl-C reaches it and not this process
	 * too. SIGTTOU is still blocked: the change is not refused to a background group. */
	setpgid(0, 0);
	if (isatty(STDIN_FILENO))
		(void)!tcsetpgrp(STDIN_FILENO, getpid());
	if (process_reset_signals(&failure) < 0) {
		fprintf(stderr, "init: %s\n", failure.message);
		_exit(125);
	}
	execvp(command[0], command);
	error = errno;
	fprintf(stderr, "init: exec %s: %s\n", command[0], strerror(error));
	_exit(error == ENOENT || error == ENOTDIR ? 127 : 126);
}

/* Reaps what has ended. Returns whether the child is among it. */
static bool reap(pid_t child, int *ret_code)
{
	bool ended = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		if (pid != child)
			continue;
		ended = true;
		*ret_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	}
	return ended;
}

static int serve(pid_t child, const sigset_t *set)
{
	int code = 125;

	for (;;) {
		siginfo_t info;
		int number = sigwaitinfo(set, &info);

		if (number < 0)
			continue;
		if (number == SIGCHLD) {
			if (reap(child, &code))
				return code;
		} else if (number != SIGTTIN && number != SIGTTOU) {
			kill(child, number);
		}
	}
}

int verb_init(int argc, char **argv)
{
	char **command = argv + 1;
	sigset_t set;
	pid_t child;

	/* `lighter-native init -- COMMAND…` or `docker-init -- COMMAND…` */
	if (argc > 1 && strcmp(command[0], "init") == 0)
		command++;
	if (argc > 1 && command[0] && strcmp(command[0], "--") == 0)
		command++;
	if (!command[0]) {
		fputs("init: no command\n", stderr);
		return 125;
	}
	sigfillset(&set);
	for (size_t i = 0; i < array_size(own_faults); i++)
		sigdelset(&set, own_faults[i]);
	if (sigprocmask(SIG_SETMASK, &set, NULL) < 0 ||
		(getpid() != 1 && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0)) {
		perror("init");
		return 125;
	}
	child = fork();
	if (child == 0)
		run_command(command);
	if (child < 0) {
		perror("init: fork");
		return 125;
	}
	return serve(child, &set);
}
