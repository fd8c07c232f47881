/* SPDX-License-Identifier: Apache-2.0 */
/* The verb `lend`: keeps the shared namespaces and the uplink between the steps of a build, which
 * borrow them as containers do. It ends with its standard input. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>

#include "memfd.h"
#include "plan.h"
#include "process.h"
#include "scope.h"
#include "shared.h"
#include "verbs.h"

#define STEP "lend"

/* An uplink that dies at once is not to keep the machine busy. */
enum { RENEWAL_PAUSE_MS = 2000 };

/* The shared namespaces want their numbers; what else was inherited is nobody's business here. */
static int settle(struct failure *out)
{
	struct sigaction ignore = {.sa_handler = SIG_IGN};

	if (process_reset_signals(out) < 0)
		return -1;
	/* Ctrl-C is for the command, which closes the pipe. */
	if (sigaction(SIGINT, &ignore, NULL) < 0 || sigaction(SIGPIPE, &ignore, NULL) < 0 ||
		close_range(3, ~0U, 0) < 0 || chdir("/") < 0)
		return fail(out, errno, STEP, "cannot settle");
	prctl(PR_SET_NAME, "lighter-lend");
	return 0;
}

static void serve(const struct plan *plan, struct shared *shared)
{
	bool bridged = plan->network.mode == NETWORK_BRIDGE;
	struct failure ignored;
	char byte;

	for (;;) {
		struct pollfd slots[] = {{.fd = STDIN_FILENO, .events = POLLIN},
			{.fd = bridged ? shared->uplink : -1}};

		if (poll(slots, array_size(slots), -1) < 0 && errno != EINTR)
			return;
		if (slots[0].revents && retry_eintr(read(STDIN_FILENO, &byte, 1)) <= 0)
			return;
		if (slots[1].revents & POLLERR) {
			(void)shared_renew_uplink(shared, plan, &ignored);
			poll(slots, 1, RENEWAL_PAUSE_MS);
		}
	}
}

static int lend(const struct plan *plan, struct failure *out)
{
	struct shared shared;

	if (settle(out) < 0 || shared_join(plan, &shared, out) < 0)
		return -1;
	if (prctl(PR_SET_DUMPABLE, 1) < 0) {
		shared_leave(plan);
		return fail(out, errno, STEP, "cannot become a lender");
	}
	if (plan->network.mode != NETWORK_BRIDGE || shared_wait_uplink(&shared, plan, out) == 0) {
		puts("{\"event\":\"done\"}");
		fflush(stdout);
		serve(plan, &shared);
	} else {
		shared_leave(plan);
		return -1;
	}
	shared_leave(plan);
	return 0;
}

int verb_lend(int argc, char **argv)
{
	struct plan *plan = NULL;
	struct failure failure = {0};
	int result = -1;

	if (argc != 4 || strcmp(argv[2], "--container") != 0)
		fail_kind(&failure, FAILURE_BAD_INPUT, 0, STEP, "usage: lend --container DIR");
	else if (plan_load(argv[3], &plan, &failure) == 0 &&
		 memfd_ensure(argv, plan->runtime_dir, &failure) == 0)
		result = lend(plan, &failure);
	plan_free(plan);
	if (result == 0)
		return 0;
	failure_report(STDOUT_FILENO, &failure);
	return failure_exit_code(&failure);
}
