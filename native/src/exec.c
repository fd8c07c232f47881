/* SPDX-License-Identifier: Apache-2.0 */
/* The verb exec: a further process in a running container. */
#include <fcntl.h>
#include <getopt.h>
#include <linux/close_range.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "exec_process.h"
#include "exec_behind.h"
#include "exec_request.h"
#include "exec_streams.h"
#include "exec_trace.h"
#include "gone.h"
#include "memfd.h"
#include "plan.h"
#include "process.h"
#include "relay.h"
#include "scope.h"
#include "terminal.h"
#include "verbs.h"

#define STEP "exec"

struct exec_arguments {
	const char *container, *file, *detach_keys, *error_prefix;
	const char *name, *gone_prefix; /* for a container that goes meanwhile */
	int report;
	int control; /* of a caller that serves others, -1 = none */
	bool detach; /* Docker's client sees such a failure as a request's, not as an exit */
	bool keeps_result;
};

static int parse_arguments(int argc, char **argv, struct exec_arguments *ret, struct failure *out)
{
	static const struct option options[] = {
		{"container", required_argument, NULL, 'c'},
		{"exec", required_argument, NULL, 'e'},
		{"detach-keys", required_argument, NULL, 'k'},
		{"error-prefix", required_argument, NULL, 'p'},
		{"gone-prefix", required_argument, NULL, 'g'},
		{"name", required_argument, NULL, 'n'},
		{"report-fd", required_argument, NULL, 'r'},
		{"control-fd", required_argument, NULL, 'f'},
		{0},
	};
	int option;

	/* The verb stands behind the program's own options. */
	while (argc > 0 && strcmp(argv[0], "exec") != 0) {
		argc--;
		argv++;
	}
	opterr = 0;
	optind = 0;
	while ((option = getopt_long(argc, argv, "+", options, NULL)) != -1) {
		if (option == 'c')
			ret->container = optarg;
		else if (option == 'e')
			ret->file = optarg;
		else if (option == 'k')
			ret->detach_keys = optarg;
		else if (option == 'p')
			ret->error_prefix = optarg;
		else if (option == 'g')
			ret->gone_prefix = optarg;
		else if (option == 'n')
			ret->name = optarg;
		else if (option == 'r')
			ret->report = atoi(optarg);
		else if (option == 'f')
			ret->control = atoi(optarg);
		else
			return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP, "exec: bad option");
	}
	if (!ret->container || !ret->file || optind != argc)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP,
			"exec needs --container DIR and --exec FILE, and nothing else");
	if (ret->report != -1 && (ret->report < 3 || fcntl(ret->report, F_GETFD) < 0))
		return fail_kind(
			out, FAILURE_BAD_INPUT, 0, STEP, "--report-fd is no open descriptor");
	if (ret->control != -1 && (ret->control < 3 || fcntl(ret->control, F_GETFD) < 0))
		return fail_kind(
			out, FAILURE_BAD_INPUT, 0, STEP, "--control-fd is no open descriptor");
	return 0;
}

/* Undoes what the caller's runtime left: its signal handling, O_NONBLOCK, open descriptors. */
static int undo_inheritance(const struct exec_arguments *arguments, struct failure *out)
{
	int last = arguments->report > arguments->control ? arguments->report : arguments->control;

	if (process_reset_signals(out) < 0)
		return -1;
	for (int fd = 0; fd < 3; fd++) {
		int flags = fcntl(fd, F_GETFL);

		if (flags < 0 && open("/dev/null", O_RDWR) != fd)
			return fail(out, errno, STEP, "cannot open /dev/null");
		if (flags >= 0 && (flags & O_NONBLOCK) &&
			fcntl(fd, F_SETFL, flags & ~O_NONBLOCK) < 0)
			return fail(out, errno, STEP, "cannot make descriptor %d blocking", fd);
	}
	for (int fd = 3; fd < last; fd++)
		if (fd != arguments->report && fd != arguments->control)
			close(fd);
	syscall(SYS_close_range, last < 3 ? 3U : (unsigned)last + 1, ~0U, 0U);
	return 0;
}

static int exit_code_of(int status)
{
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

static void report_exit(int report, int status)
{
	if (report >= 0)
		dprintf(report,
			"{\"event\":\"exited\",\"exitCode\":%d,\"signal\":%d,\"oomKilled\":false}\n",
			exit_code_of(status), WIFSIGNALED(status) ? WTERMSIG(status) : 0);
}

/* In Docker's words and with its code; the process goes on, and its end is noted. */
static int leave_detached(struct relay *relay, int behind, int *status, struct failure *out)
{
	bool detached;

	terminal_restore();
	fputs("read escape sequence\n", stderr);
	exec_behind_tell(behind, 1);
	relay_leave_client(relay);
	return relay_run(relay, status, &detached, out);
}

/* Does not return when the process ended; the command that the caller sees ends with it. */
static int follow(struct relay *relay, const struct plan *plan,
	const struct exec_arguments *arguments, struct failure *out)
{
	int behind = relay->client, status, result;
	bool detached;

	result = relay_run(relay, &status, &detached, out);
	if (result == 0 && detached)
		result = leave_detached(relay, behind, &status, out);
	terminal_restore();
	if (result < 0)
		return -1;
	if (!detached)
		report_exit(arguments->report, status);
	exec_trace_end(plan, arguments->file, exit_code_of(status),
		arguments->keeps_result ? relay->pid : 0);
	if (!detached)
		exec_behind_tell(behind, exit_code_of(status));
	if (arguments->report >= 0)
		close(arguments->report);
	relay_drop_rest(relay);
	_exit(0);
}

/* A terminal's size is part of what the program sees first. */
static void adopt_terminal_size(struct spec_process *process)
{
	struct winsize size;

	if (!process->terminal || (process->console_rows && process->console_columns))
		return;
	if (terminal_size(0, &size) < 0 && terminal_size(1, &size) < 0)
		return;
	process->console_rows = size.ws_row;
	process->console_columns = size.ws_col;
}

/* Docker's sentence around what kept the command from starting. */
static void word_failure(struct failure *failure)
{
	if (strcmp(failure->step, "exec") == 0 || strcmp(failure->step, "cwd") == 0)
		failure_within(failure,
			"OCI runtime exec failed: exec failed: unable to start container process");
}

static int run_request(struct exec_request *request, const struct plan *plan,
	const struct exec_arguments *arguments, int behind, struct failure *out)
{
	struct exec_process process;
	struct relay relay = {.console = -1,
		.client = behind,
		.control = arguments->control,
		.request = arguments->file};
	int stdio[3] = {-1, -1, -1};

	for (size_t i = 0; i < RELAY_STREAMS; i++)
		relay.streams[i].from = relay.streams[i].to = -1;
	if (detach_keys_parse(arguments->detach_keys, &relay.keys, out) < 0)
		return -1;
	if (!request->process.terminal && exec_streams_prepare(request, &relay, stdio, out) < 0)
		return -1;
	/* A server drops what its client does not read: that is nothing to the process. */
	for (size_t i = 0; i < RELAY_STREAMS; i++)
		relay.streams[i].drops = arguments->control >= 0;
	adopt_terminal_size(&request->process);
	if (!request->detach && relay_block_signals(out) < 0)
		return -1;
	if (exec_process_start(request, stdio, &process, out) < 0) {
		word_failure(out);
		return -1;
	}
	exec_streams_close(stdio);
	exec_trace_begin(arguments->file, process.pid, arguments->keeps_result);
	relay.pid = process.pid;
	relay.pidfd = process.pidfd;
	if (arguments->report >= 0)
		dprintf(arguments->report, "{\"event\":\"started\",\"pid\":%d}\n", process.pid);
	if (process.console >= 0 &&
		exec_streams_terminal(request, &relay, process.console, out) < 0)
		return -1;
	if (!request->detach)
		return follow(&relay, plan, arguments, out);
	exec_behind_tell(behind, 0);
	exec_behind_wait(plan, arguments->file, arguments->keeps_result, &process);
}

/* Docker's exec answers 126 for a user that is not there. */
static int exit_code(const struct failure *failure)
{
	return failure->kind == FAILURE_NO_USER ? 126 : failure_exit_code(failure);
}

static int report_failure(const struct exec_arguments *arguments, struct failure *failure)
{
	const char *prefix = arguments->error_prefix;
	bool gone = failure->kind == FAILURE_SETUP && arguments->container &&
		    gone_ended(arguments->container, arguments->name, failure);

	if (gone)
		prefix = arguments->gone_prefix;
	if (arguments->report >= 0)
		failure_report(arguments->report, failure);
	else
		fprintf(stderr, "%s%s\n", prefix ? prefix : "", failure->message);
	return arguments->detach || gone ? 1 : exit_code(failure);
}

/* A request is carried out by a process that stays with it, whatever becomes of the command that
 * the caller sees. */
static int run_in_place(struct exec_request *request, const struct plan *plan,
	const struct exec_arguments *arguments)
{
	struct failure failure = {0};
	int behind = -1, result;

	behind = exec_behind_fork(&result, &failure);
	if (behind < 0)
		return result < 0 ? report_failure(arguments, &failure) : result;
	result = run_request(request, plan, arguments, behind, &failure);
	if (result < 0)
		result = report_failure(arguments, &failure);
	exec_behind_tell(behind, result);
	_exit(0);
}

int verb_exec(int argc, char **argv)
{
	struct exec_arguments arguments = {.report = -1, .control = -1};
	struct exec_request request;
	struct failure failure = {0};
	struct plan *plan = NULL;
	int result;

	if (parse_arguments(argc, argv, &arguments, &failure) < 0)
		return report_failure(&arguments, &failure);
	if (undo_inheritance(&arguments, &failure) < 0 ||
		plan_load(arguments.container, &plan, &failure) < 0)
		return report_failure(&arguments, &failure);
	/* Nothing that the container can reach may lead back to the executable on disk. */
	if (memfd_ensure(argv, plan->runtime_dir, &failure) < 0 ||
		exec_request_load(
			arguments.container, arguments.file, plan, false, &request, &failure) < 0) {
		plan_free(plan);
		return report_failure(&arguments, &failure);
	}
	arguments.detach = request.detach;
	arguments.keeps_result = request.keeps_result;
	/* From here on they must not reach the process. */
	if (arguments.report >= 0)
		fcntl(arguments.report, F_SETFD, FD_CLOEXEC);
	if (arguments.control >= 0)
		fcntl(arguments.control, F_SETFD, FD_CLOEXEC);
	result = run_in_place(&request, plan, &arguments);
	exec_request_clear(&request);
	plan_free(plan);
	return result;
}
