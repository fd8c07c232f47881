/* SPDX-License-Identifier: Apache-2.0 */
/* Who removes a container in any case ends the monitor whose start of it hangs, and nobody else. */
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "container_lock.h"
#include "monitor_name.h"
#include "scope.h"

#define ID "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define OTHER "f123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static char own_program[4096];

/* A process with that command line that holds the lock of the directory until it is killed. */
static pid_t hold(const char *name, const char *directory)
{
	char *const arguments[] = {(char *)(uintptr_t)name, (char *)(uintptr_t)directory, NULL};
	int ends[2];
	char byte;
	pid_t pid;

	must(pipe2(ends, O_CLOEXEC) == 0);
	pid = fork();
	must(pid >= 0);
	if (pid == 0) {
		must(dup2(ends[1], STDOUT_FILENO) == STDOUT_FILENO);
		execv(own_program, arguments);
		_exit(127);
	}
	close(ends[1]);
	must(read(ends[0], &byte, 1) == 1, "it holds the lock");
	close(ends[0]);
	return pid;
}

static int be_holder(const char *directory)
{
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (fd < 0 || flock(fd, LOCK_EX) < 0 || write(STDOUT_FILENO, "", 1) != 1)
		return 1;
	alarm(60);
	return pause();
}

static bool lives(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) == 0;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void ends_the_monitor(const char *directory)
{
	char name[MONITOR_NAME_SIZE];
	struct failure failure;
	int status = 0;
	pid_t monitor;

	monitor_name(ID, name);
	monitor = hold(name, directory);
	auto_close int lock = container_lock_by_force(directory, 0, &failure);

	check(lock >= 0, failure.message);
	check(waitpid(monitor, &status, 0) == monitor && WIFSIGNALED(status) &&
			WTERMSIG(status) == SIGKILL,
		"it was ended");
}

/* Forces the lock beside a process until that process has had its time. */
static bool survives(const char *name, const char *held, const char *wanted)
{
	pid_t holder = hold(name, held), forcing = fork();
	bool result;

	must(forcing >= 0);
	if (forcing == 0) {
		struct failure failure;

		_exit(container_lock_by_force(wanted, 0, &failure) < 0);
	}
	if (strcmp(held, wanted) == 0)
		sleep(2);
	else
		waitpid(forcing, NULL, 0);
	result = lives(holder);
	end(holder);
	if (strcmp(held, wanted) == 0)
		waitpid(forcing, NULL, 0);
	return result;
}

int main(int argc, char **argv)
{
	char base[] = "/tmp/test_container_lock.XXXXXX", directory[256], beside[256];
	char name[MONITOR_NAME_SIZE];
	ssize_t length = readlink("/proc/self/exe", own_program, sizeof(own_program) - 1);

	if (argc == 2)
		return be_holder(argv[1]);
	must(length > 0 && mkdtemp(base) != NULL);
	snprintf(directory, sizeof(directory), "%s/" ID, base);
	snprintf(beside, sizeof(beside), "%s/" OTHER, base);
	must(mkdir(directory, 0700) == 0 && mkdir(beside, 0700) == 0);
	ends_the_monitor(directory);
	check(survives("lighter-native", directory, directory), "a reader is left alone");
	monitor_name(OTHER, name);
	check(survives(name, directory, directory), "so is who has another name");
	monitor_name(ID, name);
	check(survives(name, beside, directory), "and who has another container's lock");
	must(rmdir(directory) == 0 && rmdir(beside) == 0 && rmdir(base) == 0);
	return failures > 0;
}
