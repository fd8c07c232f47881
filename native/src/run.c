/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "attach_options.h"
#include "events.h"
#include "frames.h"
#include "memfd.h"
#include "monitor.h"
#include "monitor_name.h"
#include "plan.h"
#include "prepared.h"
#include "scope.h"
#include "session.h"
#include "shared.h"
#include "step_secrets.h"
#include "verbs.h"

/* What ps shows. The words of the command line lie one after the other. */
static void take_name(int argc, char **argv, const char *id)
{
	char name[MONITOR_NAME_SIZE], *start = argv[0];
	char *end = argv[argc - 1] + strlen(argv[argc - 1]) + 1;

	prctl(PR_SET_NAME, "lighter-monitor");
	memset(start, 0, (size_t)(end - start));
	monitor_name(id, name);
	snprintf(start, (size_t)(end - start), "%s", name);
}

/* Where descriptors wait until those that they get are free: beyond these, and no further, for the
 * limit of open files may be low. */
enum { ASIDE = 16 };

/* Standard streams of its own, nothing of the caller's but what is kept, and the numbers that are
 * lent to others kept free by placeholders. The kept ones (-1 = none) are moved. */
static int settle_descriptors(int *const kept[], size_t count)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int next = LENT_UPLINK + 1;

	if (null < 0)
		return -1;
	for (size_t i = 0; i < count; i++) {
		int moved = *kept[i] < 0 ? -1 : fcntl(*kept[i], F_DUPFD_CLOEXEC, ASIDE);

		if (*kept[i] >= 0 && moved < 0)
			return -1;
		*kept[i] = moved;
	}
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(null, fd) < 0)
			return -1;
	for (int fd = LENT_NETNS; fd <= LENT_UPLINK; fd++)
		if (fd != null && dup3(null, fd, O_CLOEXEC) < 0)
			return -1;
	for (size_t i = 0; i < count; i++)
		if (*kept[i] >= 0 && (*kept[i] = dup3(*kept[i], next++, O_CLOEXEC)) < 0)
			return -1;
	close_range((unsigned)next, ~0U, 0);
	return 0;
}

/* Before there is a monitor: says so at the other end of the client's socket. */
static void __attribute__((noreturn)) give_up(const struct monitor_request *request, int error)
{
	struct frame_queue answer = {0};
	struct failure why;

	fail(&why, error, "monitor", "cannot start the container's monitor");
	auto_free char *event = event_failed(&why);

	if (request->prepared)
		prepared_discard(request->prepared);
	if (event && frame_queue_add(&answer, FRAME_FAILED, event, strlen(event)) == 0)
		(void)frame_queue_flush(&answer, request->client);
	_exit(1);
}

static void __attribute__((noreturn))
become_monitor(int argc, char **argv, struct monitor_request *request)
{
	int *kept[4 + EARLY_CLIENTS_MAX] = {
		&request->client, &request->handed[0], &request->handed[1], &request->handed[2]};
	pid_t pid;

	for (size_t i = 0; i < request->early_count; i++)
		kept[4 + i] = &request->early[i].fd;

	if (setsid() < 0)
		_exit(1);
	pid = fork();
	if (pid != 0)
		_exit(pid < 0);
	if (settle_descriptors(kept, 4 + request->early_count) < 0 || chdir("/") < 0)
		give_up(request, errno);
	/* It lies among the words that the name is written over. */
	if (request->prepared)
		request->prepared = strdup(request->prepared);
	take_name(argc, argv, request->plan->id);
	/* Buffers go back to the kernel when they are freed. */
	mallopt(M_MMAP_THRESHOLD, 32768);
	mallopt(M_TRIM_THRESHOLD, 16384);
	monitor_main(request);
}

/* Returns the client's end of the connection, or -1. */
static int fork_monitor(int argc, char **argv, struct attach_options *options, struct plan *plan,
	struct failure *out)
{
	struct monitor_request request = {.plan = plan,
		.prepared = options->prepared,
		.attached = session_attachment(options, plan),
		.early = options->early,
		.early_count = options->early_count,
		.handed = {-1, -1, -1},
		.size = session_size()};
	int pair[2], status;
	pid_t pid;

	for (size_t i = 0; i < options->early_count; i++)
		options->early[i].attached =
			session_early_attachment(options->early[i].attached, plan);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return fail(out, errno, "monitor", "cannot make a socket pair");
	for (int fd = 0; fd <= 2 && plan->logging.driver == LOG_PASSTHROUGH; fd++)
		request.handed[fd] = fd;
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		request.client = pair[1];
		become_monitor(argc, argv, &request);
	}
	close(pair[1]);
	/* Their ends are to be seen by who connected them. */
	for (size_t i = 0; i < options->early_count; i++)
		close(options->early[i].fd);
	if (pid < 0 || retry_eintr(waitpid(pid, &status, 0)) < 0 || status != 0) {
		fail(out, pid < 0 ? errno : 0, "monitor", "cannot start the container's monitor");
		close(pair[0]);
		return -1;
	}
	return pair[0];
}

static int run(int argc, char **argv, struct attach_options *options, struct failure *out)
{
	struct plan *plan = NULL;
	int code = -1, socket = -1;

	if (plan_load_from(options->prepared ? options->prepared : options->container,
		    options->container, &plan, out) < 0)
		return -1;
	if (memfd_ensure(argv, plan->runtime_dir, out) == 0 &&
		(!plan->step || step_secrets_read(plan->step, STDIN_FILENO, out) == 0))
		socket = fork_monitor(argc, argv, options, plan, out);
	if (socket >= 0)
		code = session_serve(options, plan, socket, SESSION_RUN);
	plan_free(plan);
	return code == SESSION_RUNS_ALREADY ? session_attach(options, out) : code;
}

int verb_run(int argc, char **argv)
{
	struct attach_options options;
	struct failure failure;
	int code = -1;

	if (attach_options_parse(argc - 1, argv + 1, &options, &failure) == 0 &&
		attach_reset_process(&options, &failure) == 0)
		code = run(argc, argv, &options, &failure);
	if (code < 0 && options.prepared)
		prepared_discard(options.prepared);
	return code < 0 ? attach_report_failure(&options, &failure) : code;
}
