/* SPDX-License-Identifier: Apache-2.0 */
/* Whatever happens to the go-between, and whoever runs first, the caller knows the process. */
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "scope.h"
#include "sibling.h"

enum { CODE = 7 };

/* What the new process does; `go_between` made it, and may be at its clone still. */
typedef void process_main(pid_t go_between, int socket);

static pid_t fork_go_between(
	const struct sibling *sibling, int flags, process_main *run, int socket)
{
	pid_t pid = fork(), made;

	must(pid >= 0);
	if (pid > 0)
		return pid;
	pid = getpid();
	made = sibling_clone(sibling, flags);
	if (made != 0)
		_exit(made < 0);
	run(pid, socket);
	_exit(CODE);
}

static int end_of(pid_t pid)
{
	int status = -1;

	return waitpid(pid, &status, 0) == pid && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* It keeps the go-between from ending until it has been the first to speak. */
static void speak_first(pid_t go_between, int socket)
{
	pid_t self = getpid();
	char answer;

	kill(go_between, SIGSTOP);
	check(write(socket, &self, sizeof(self)) == (ssize_t)sizeof(self));
	kill(go_between, SIGCONT);
	_exit(read(socket, &answer, 1) == 1 ? CODE : 1);
}

static void end_go_between(pid_t go_between, int socket)
{
	(void)socket;
	kill(go_between, SIGKILL);
}

static void is_known(process_main *run, bool speaks)
{
	struct sibling sibling;
	int pair[2];
	pid_t helper, made, said = 0;

	must(sibling_prepare(&sibling) == 0);
	must(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == 0);
	auto_close int own = pair[0];
	auto_close int other = pair[1];

	helper = fork_go_between(&sibling, 0, run, other);
	made = sibling_take(&sibling, helper);
	must(made > 0);
	if (speaks) {
		check(read(own, &said, sizeof(said)) == (ssize_t)sizeof(said) && said == made);
		check(write(own, "", 1) == 1);
	}
	check(end_of(made) == CODE, "it is a child of the caller");
	check(waitpid(helper, NULL, WNOHANG) == -1 && errno == ECHILD, "its maker is reaped");
	errno = 0;
}

static void nothing_is_made(void)
{
	struct sibling sibling;

	must(sibling_prepare(&sibling) == 0);
	check(sibling_take(&sibling, -1) == 0, "there was no go-between");
	must(sibling_prepare(&sibling) == 0);
	/* The kernel refuses these two together. */
	check(sibling_take(&sibling,
		      fork_go_between(&sibling, CLONE_FS | CLONE_NEWNS, end_go_between, -1)) == 0,
		"the clone was refused");
}

int main(void)
{
	/* A test that hangs has failed. */
	alarm(60);
	for (int i = 0; i < 50; i++) {
		is_known(speak_first, true);
		is_known(end_go_between, false);
	}
	nothing_is_made();
	return failures > 0;
}
