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
#include "memfd.h"
#include "monitor.h"
#include "plan.h"
#include "prepared.h"
#include "scope.h"
#include "session.h"
#include "shared.h"
#include "verbs.h"

/* What ps shows. The words of the command line lie one after the other. */
static void take_name(int argc, char **argv, const char *id)
{
	char *start = argv[0];
	char *end = argv[argc - 1] + strlen(argv[argc - 1]) + 1;

	prctl(PR_SET_NAME, "lighter-monitor");
	memset(start, 0, (size_t)(end - start));
	snprintf(start, (size_t)(end - start), "lighter-monitor %.12s", id);
}

/* Standard streams of its own, nothing of the caller's, and the numbers that are lent to others
 * kept free by placeholders. Returns the moved socket, or -1. */
static int settle_descriptors(int socket)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	int moved = fcntl(socket, F_DUPFD_CLOEXEC, LENT_UPLINK + 1);

	if (null < 0 || moved < 0)
		return -1;
	for (int fd = 0; fd <= 2; fd++)
		if (dup2(null, fd) < 0)
			return -1;
	for (int fd = LENT_NETNS; fd <= LENT_UPLINK; fd++)
		if (fd != null && dup3(null, fd, O_CLOEXEC) < 0)
			return -1;
	if (null > LENT_UPLINK)
		close(null);
	if (moved > LENT_UPLINK + 1)
		close_range(LENT_UPLINK + 1, (unsigned)moved - 1, 0);
	close_range((unsigned)moved + 1, ~0U, 0);
	return moved;
}

static void __attribute__((noreturn))
become_monitor(int argc, char **argv, struct monitor_request *request)
{
	pid_t pid;

	if (setsid() < 0)
		_exit(1);
	pid = fork();
	if (pid != 0)
		_exit(pid < 0);
	request->client = settle_descriptors(request->client);
	if (request->client < 0 || chdir("/") < 0)
		_exit(1);
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
static int fork_monitor(int argc, char **argv, const struct attach_options *options,
	struct plan *plan, struct failure *out)
{
	struct monitor_request request = {.plan = plan,
		.prepared = options->prepared,
		.attached = session_attachment(options, plan),
		.size = session_size()};
	int pair[2], status;
	pid_t pid;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return fail(out, errno, "monitor", "cannot make a socket pair");
	fflush(NULL);
	pid = fork();
	if (pid == 0) {
		request.client = pair[1];
		become_monitor(argc, argv, &request);
	}
	close(pair[1]);
	if (pid < 0 || retry_eintr(waitpid(pid, &status, 0)) < 0 || status != 0) {
		fail(out, pid < 0 ? errno : 0, "monitor", "cannot start the container's monitor");
		close(pair[0]);
		return -1;
	}
	return pair[0];
}

static int run(int argc, char **argv, const struct attach_options *options, struct failure *out)
{
	struct plan *plan = NULL;
	int code = -1, socket = -1;

	if (plan_load_from(options->prepared ? options->prepared : options->container,
		    options->container, &plan, out) < 0)
		return -1;
	if (memfd_ensure(argv, plan->runtime_dir, out) == 0)
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
