/* SPDX-License-Identifier: Apache-2.0 */
#include "health_check.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "exec_process.h"
#include "exec_request.h"
#include "health.h"
#include "scope.h"

/* Descriptor 3 is the only one that the checking process keeps of the monitor's. */
enum { RESULT_FD = 3 };

static long long now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

static void add_output(struct health_result *result, const char *bytes, size_t length)
{
	size_t room = HEALTH_OUTPUT_MAX - result->length;

	/* One byte more than fits says that something was cut. */
	if (result->length > HEALTH_OUTPUT_MAX)
		return;
	if (length > room) {
		memcpy(result->output + result->length, bytes, room);
		memcpy(result->output + HEALTH_OUTPUT_MAX, "...", 3);
		result->length = HEALTH_OUTPUT_MAX + 3;
		return;
	}
	memcpy(result->output + result->length, bytes, length);
	result->length += length;
}

/* false: end of file. */
static bool read_output(int fd, struct health_result *result)
{
	char chunk[4096];
	ssize_t got;

	while ((got = retry_eintr(read(fd, chunk, sizeof(chunk)))) > 0)
		add_output(result, chunk, (size_t)got);
	return got < 0 && errno == EAGAIN;
}

/* Until the process ends, its time is over, or the monitor does not want to know any more: then the
 * other end of RESULT_FD is closed. Who inherited its output does not count. */
static bool await_end(int pidfd, int output, long long deadline, struct health_result *result)
{
	bool open = true;

	for (;;) {
		long long left = deadline - now_ms();
		struct pollfd slots[] = {{.fd = pidfd, .events = POLLIN},
			{.fd = open ? output : -1, .events = POLLIN}, {.fd = RESULT_FD}};

		if (left <= 0)
			return false;
		if (poll(slots, 3, (int)left) < 0 && errno != EINTR)
			return false;
		if (slots[2].revents)
			return false;
		if (slots[1].revents)
			open = read_output(output, result);
		if (slots[0].revents) {
			if (open)
				read_output(output, result);
			return true;
		}
	}
}

static void say_timeout(const struct plan_health *health, struct health_result *result)
{
	char text[sizeof(result->output)], time[32];
	int length;

	format_duration(health->timeout_ms, time, sizeof(time));
	length = snprintf(text, sizeof(text), "Health check exceeded timeout (%s)%s%.*s", time,
		result->length > 0 ? ": " : "", (int)result->length, result->output);
	result->length = length < (int)sizeof(text) ? (size_t)length : sizeof(text) - 1;
	memcpy(result->output, text, result->length);
	result->exit_code = -1;
	result->died = HEALTH_KILLED;
}

static void say_failure(const struct failure *why, struct health_result *result)
{
	int length = snprintf(result->output, sizeof(result->output),
		"OCI runtime exec failed: exec failed: unable to start container process: %s: "
		"unknown",
		why->message);

	result->length = (size_t)length;
	result->exit_code = result->died = -1;
}

static int run_check(const struct plan *plan, long long deadline, struct health_result *result,
	struct failure *out)
{
	struct exec_process process;
	struct exec_request request;
	int ends[2], status = 0;

	if (exec_request_load(plan->container_dir, plan->health.check, plan, true, &request, out) <
		0)
		return -1;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(out, errno, "health", "cannot make a pipe");
	if (exec_process_start(&request, (const int[]){0, ends[1], ends[1]}, &process, out) < 0)
		return -1;
	close(ends[1]);
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	if (!await_end(process.pidfd, ends[0], deadline, result)) {
		/* It began a session of its own: its children are in the group, as a rule. */
		kill(-process.pid, SIGKILL);
		syscall(SYS_pidfd_send_signal, process.pidfd, SIGKILL, NULL, 0);
		say_timeout(&plan->health, result);
		return 0;
	}
	retry_eintr(waitpid(process.pid, &status, 0));
	result->exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	result->died = result->exit_code;
	return 0;
}

static void __attribute__((noreturn)) check_main(const struct plan *plan, int fd)
{
	long long deadline = now_ms() + plan->health.timeout_ms;
	struct health_result result = {0};
	struct failure failure;

	/* The container's lock is among what must not outlive the monitor. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (dup2(fd, RESULT_FD) < 0 || fcntl(RESULT_FD, F_SETFD, FD_CLOEXEC) < 0)
		_exit(1);
	syscall(SYS_close_range, RESULT_FD + 1U, ~0U, 0U);
	if (run_check(plan, deadline, &result, &failure) < 0)
		say_failure(&failure, &result);
	clock_gettime(CLOCK_REALTIME, &result.end);
	_exit(write(RESULT_FD, &result, sizeof(result)) != (ssize_t)sizeof(result));
}

pid_t health_check_start(const struct plan *plan, int *ret_fd)
{
	int ends[2];
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	pid = fork();
	if (pid == 0)
		check_main(plan, ends[1]);
	close(ends[1]);
	if (pid < 0)
		close(ends[0]);
	else
		*ret_fd = ends[0];
	return pid;
}
