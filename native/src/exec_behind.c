/* SPDX-License-Identifier: Apache-2.0 */
#include "exec_behind.h"

#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "exec_trace.h"
#include "scope.h"

#define STEP "exec"

enum { TERMINAL = 3 };

int exec_behind_fork(int *ret_code, struct failure *out)
{
	auto_close int from = -1;
	unsigned char code = 1;
	int ends[2];
	pid_t pid;

	*ret_code = -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(out, errno, STEP, "cannot make a pipe");
	from = ends[0];
	pid = fork();
	if (pid == 0) {
		/* The command may be gone when it is told. */
		signal(SIGPIPE, SIG_IGN);
		return ends[1];
	}
	close(ends[1]);
	/* As Docker's client does: these three are no reason to end. */
	signal(SIGUSR1, SIG_IGN);
	signal(SIGUSR2, SIG_IGN);
	signal(SIGALRM, SIG_IGN);
	if (pid < 0)
		return fail(out, errno, STEP, "cannot leave a process with the detached one");
	/* Without a word it was killed. */
	if (retry_eintr(read(from, &code, 1)) < 0)
		code = 1;
	*ret_code = code;
	return -1;
}

void exec_behind_tell(int fd, int exit_code)
{
	unsigned char code = (unsigned char)exit_code;

	while (write(fd, &code, 1) < 0 && errno == EINTR)
		;
	close(fd);
}

static void let_go(int console)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	bool has_terminal = console >= 0 && dup2(console, TERMINAL) >= 0;

	setsid();
	for (int fd = 0; null >= 0 && fd < 3; fd++)
		dup2(null, fd);
	if (!has_terminal && null >= 0)
		dup2(null, TERMINAL);
	syscall(SYS_close_range, (unsigned)TERMINAL + 1, ~0U, 0U);
	if (chdir("/") < 0)
		_exit(1);
}

static int exit_code_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Takes what is written to the terminal until the last process that has it open is gone, and
 * changes of its size. */
static void serve_terminal(const char *file)
{
	static unsigned char rest[4096];
	struct signalfd_siginfo info;
	struct winsize size;
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigprocmask(SIG_BLOCK, &set, NULL);
	auto_close int signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);

	fcntl(TERMINAL, F_SETFL, 0);
	for (;;) {
		struct pollfd polls[] = {
			{.fd = TERMINAL, .events = POLLIN}, {.fd = signals, .events = POLLIN}};

		/* Before the wait: one may have come before signals were watched. */
		if (exec_trace_take_size(file, &size) == 0)
			ioctl(TERMINAL, TIOCSWINSZ, &size);
		if (retry_eintr(poll(polls, array_size(polls), -1)) < 0)
			return;
		while (signals >= 0 && read(signals, &info, sizeof(info)) > 0)
			;
		if (polls[0].revents && retry_eintr(read(TERMINAL, rest, sizeof(rest))) <= 0)
			return;
	}
}

void exec_behind_wait(const struct plan *plan, const char *file, bool keeps_result,
	const struct exec_process *process)
{
	int status = 0;

	let_go(process->console);
	serve_terminal(file);
	if (retry_eintr(waitpid(process->pid, &status, 0)) == process->pid)
		exec_trace_end(plan, file, exit_code_of(status), keeps_result ? process->pid : 0);
	_exit(0);
}
