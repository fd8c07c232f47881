/* SPDX-License-Identifier: Apache-2.0 */
#include "session_signals.h"

#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "scope.h"

/* Faults, and what is meant for this process alone, are left as they are; so are the two that stop
 * a background process which uses its terminal. */
static bool is_proxied(int number)
{
	static const int own[] = {SIGKILL, SIGSTOP, SIGCHLD, SIGPIPE, SIGURG, SIGWINCH, SIGTTIN,
		SIGTTOU, SIGSEGV, SIGBUS, SIGILL, SIGFPE};

	for (size_t i = 0; i < array_size(own); i++)
		if (own[i] == number)
			return false;
	/* 32 and 33 belong to the C library. */
	return number < 32 || number >= SIGRTMIN;
}

int session_signals(bool proxy, struct failure *out)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};
	sigset_t set;
	int fd;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	for (int number = 1; proxy && number <= SIGRTMAX; number++)
		if (is_proxied(number))
			sigaddset(&set, number);
	/* A reader of the output that left is noticed by EPIPE. */
	if (sigaction(SIGPIPE, &ignore, NULL) < 0 || sigprocmask(SIG_BLOCK, &set, NULL) < 0)
		return fail(out, errno, "signals", "cannot watch signals");
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? fail(out, errno, "signals", "cannot watch signals") : fd;
}
