/* SPDX-License-Identifier: Apache-2.0 */
#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "netlink.h"
#include "scope.h"

#define STEP "network namespace"
#define STACK_SIZE (256 * 1024)

struct visit {
	int netns;
	int (*work)(void *context, struct failure *out);
	void *context;
	struct failure *out;
	int result;
};

static int visit_main(void *argument)
{
	struct visit *visit = argument;

	if (visit->netns >= 0 && setns(visit->netns, CLONE_NEWNET) < 0)
		visit->result = fail(visit->out, errno, STEP, "cannot enter the network namespace");
	else if (visit->netns < 0 && unshare(CLONE_NEWNET) < 0)
		visit->result = fail(visit->out, errno, STEP, "cannot create a network namespace%s",
			errno == ENOSPC ? " (sysctl user.max_net_namespaces)" : "");
	else
		visit->result = visit->work(visit->context, visit->out);
	return 0;
}

int netns_run(int netns, int (*work)(void *context, struct failure *out), void *context,
	struct failure *out)
{
	struct visit visit = {netns, work, context, out, -1};
	sigset_t all, previous;
	char *stack;
	pid_t pid;
	int error, status = -1;

	stack = mmap(NULL, STACK_SIZE, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK | MAP_NORESERVE, -1, 0);
	if (stack == MAP_FAILED)
		return fail(out, errno, STEP, "cannot map a stack");
	/* A handler of the caller must not run on memory it shares. */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &previous);
	pid = clone(visit_main, stack + STACK_SIZE, CLONE_VM | CLONE_FILES | CLONE_VFORK, &visit);
	error = errno;
	if (pid > 0)
		retry_eintr(waitpid(pid, &status, __WALL));
	sigprocmask(SIG_SETMASK, &previous, NULL);
	munmap(stack, STACK_SIZE);
	if (pid < 0)
		return fail(out, error, STEP, "cannot fork");
	if (status != 0)
		return fail(out, 0, STEP, "the process in the network namespace was killed");
	return visit.result;
}

struct socket_visit {
	int protocol;
	int fd;
};

static int open_socket(void *context, struct failure *out)
{
	struct socket_visit *visit = context;

	visit->fd = nl_open(visit->protocol);
	if (visit->fd >= 0)
		return 0;
	if (visit->protocol == NETLINK_NETFILTER && errno == EPROTONOSUPPORT)
		return fail(out, 0, STEP, "this kernel has no nftables (CONFIG_NF_TABLES)");
	return fail(out, errno, STEP, "cannot open a netlink socket");
}

int netns_socket(int netns, int protocol, struct failure *out)
{
	struct socket_visit visit = {protocol, -1};

	return netns_run(netns, open_socket, &visit, out) < 0 ? -1 : visit.fd;
}

int netns_sysctl(const char *path, const char *value, struct failure *out)
{
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || retry_eintr(write(fd, value, strlen(value))) < 0)
		return fail(out, errno, STEP, "cannot write %s to %s", value, path);
	return 0;
}
