/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cgroup.h"
#include "pause.h"
#include "scope.h"

static volatile unsigned *counter;

static void rest(long milliseconds)
{
	nanosleep(&(struct timespec){.tv_nsec = milliseconds * 1000000L}, NULL);
}

static bool stands(void)
{
	unsigned before = *counter;

	rest(50);
	return *counter == before;
}

/* On a busy machine the process that counts may wait for its turn. */
static bool counts(void)
{
	for (int attempt = 0; attempt < 100; attempt++)
		if (!stands())
			return true;
	return false;
}

static void count(void)
{
	for (;;) {
		++*counter;
		usleep(500);
	}
}

/* Forks the process that counts, first in a new pid namespace when flags say so. */
static pid_t start(int flags, long delay_ms)
{
	pid_t pid;

	if (flags && unshare(flags) < 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		/* Nothing stays when a check ends the test. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		rest(delay_ms);
		/* Two of them: the child must stand still as well. */
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			count();
		}
		for (;;)
			pause();
	}
	return pid;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

/* Returns false when no cgroup can be made here. */
static bool expect_freezer(const char *tree)
{
	struct failure failure;
	struct pause state = {0};
	char path[128], procs[160], text[16];
	int cgroup, fd;
	pid_t pid;

	snprintf(path, sizeof(path), "%s/lighter-test-%d", tree, (int)getpid());
	if (mkdir(path, 0755) < 0)
		return false;
	if (cgroup_open(path, &cgroup, &failure) < 0 ||
		faccessat(cgroup, "cgroup.freeze", W_OK, 0) < 0) {
		rmdir(path);
		return false;
	}
	pid = start(0, 200);
	assert(pid > 0);
	snprintf(procs, sizeof(procs), "%s/cgroup.procs", path);
	fd = open(procs, O_WRONLY | O_CLOEXEC);
	assert(fd >= 0);
	snprintf(text, sizeof(text), "%d", (int)pid);
	assert(write(fd, text, strlen(text)) > 0);
	close(fd);
	rest(400);
	assert(counts());
	assert(pause_begin(&state, cgroup, pid, &failure) == 0);
	assert(state.paused && stands());
	pause_end(&state, cgroup);
	assert(!state.paused && counts());
	end(pid);
	assert(cgroup_kill(cgroup, &failure) == 0);
	close(cgroup);
	assert(cgroup_delete(path, &failure) == 0);
	return true;
}

static void expect_signals(pid_t pid)
{
	struct pause state = {0};
	struct failure failure;

	rest(100);
	assert(counts());
	assert(pause_begin(&state, -1, pid, &failure) == 0);
	assert(state.paused && state.count == 2);
	assert(stands());
	pause_end(&state, -1);
	assert(!state.paused && state.count == 0);
	assert(counts());
}

int main(void)
{
	struct failure failure;
	struct pause state = {0};
	int status;
	pid_t pid;

	counter = mmap(
		NULL, sizeof(*counter), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	assert(counter != MAP_FAILED);
	/* Whoever shares the host's processes cannot be told from them. */
	assert(pause_begin(&state, -1, getpid(), &failure) < 0);
	assert(failure.kind == FAILURE_UNSUPPORTED && !state.paused);
	if (!expect_freezer("/sys/fs/cgroup/unified") && !expect_freezer("/sys/fs/cgroup"))
		fprintf(stderr, "test_pause: no cgroup can be made here\n");
	/* In a process of its own: who has left its pid namespace can have no threads, and the
	 * sanitizer wants one at the end. */
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pid = start(geteuid() == 0 ? CLONE_NEWPID : CLONE_NEWUSER | CLONE_NEWPID, 0);
		if (pid < 0) {
			puts("no pid namespace can be made here");
			fflush(stdout);
			_exit(77);
		}
		expect_signals(pid);
		end(pid);
		_exit(0);
	}
	assert(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
	return WEXITSTATUS(status);
}
