/* SPDX-License-Identifier: Apache-2.0 */
#include "uplink_program.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/nsfs.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "helper.h"
#include "scope.h"
#include "systemd_scope.h"
#include "uplink.h"
#include "uplink_version.h"
#include "userns.h"

const char *uplink_name(const struct plan *plan)
{
	return plan->network.uplink == UPLINK_PASTA ? "pasta" : "slirp4netns";
}

/* The shared uplink lives in a scope of its own: stopping the container that happened to start it
 * must not cut the others off. Without a systemd manager there is no scope to be stopped with. */
static int leave_scope_and_enter(void)
{
	struct failure ignored;
	char scope[32];
	auto_close int userns = -1;

	snprintf(scope, sizeof(scope), "uplink-%d", (int)getpid());
	systemd_scope_enter(scope, "network of lighter's containers", NULL, &ignored);
	userns = ioctl(UPLINK_FD_NETNS, NS_GET_USERNS);
	if (userns < 0 || setns(userns, CLONE_NEWUSER) < 0)
		return -1;
	return userns_become_root(&ignored);
}

/* The sandbox is a pivot_root, which a system that runs from its initramfs refuses. */
static bool can_pivot(void)
{
	auto_fclose FILE *mounts = fopen("/proc/self/mountinfo", "re");
	char line[4096], mountpoint[8];
	bool result = true;

	while (mounts && fgets(line, sizeof(line), mounts))
		if (sscanf(line, "%*d %*d %*s %*s %7s", mountpoint) == 1 &&
			strcmp(mountpoint, "/") == 0)
			result = !strstr(line, " - rootfs ");
	return result;
}

/* pasta knows no exit pipe: the kernel sends it a signal when the last writer is gone. It keeps the
 * pipe open as its standard output. */
static int end_with_pipe(void)
{
	struct pollfd event = {.fd = UPLINK_FD_EXIT};
	int flags = fcntl(UPLINK_FD_EXIT, F_GETFL);

	if (flags < 0 || fcntl(UPLINK_FD_EXIT, F_SETOWN, getpid()) < 0 ||
		fcntl(UPLINK_FD_EXIT, F_SETSIG, SIGTERM) < 0 ||
		fcntl(UPLINK_FD_EXIT, F_SETFL, flags | O_ASYNC) < 0)
		return -1;
	/* It may have gone before there was a signal. */
	if (poll(&event, 1, 0) > 0 && event.revents & POLLHUP)
		_exit(0);
	return 0;
}

/* What slirp4netns can do depends on its version and on this host. */
static void describe_slirp(const struct plan *plan, struct uplink_version *version, char **ret)
{
	static char sandbox[] = "SANDBOX=--enable-sandbox";
	size_t count = 0;

	if (can_pivot())
		ret[count++] = sandbox;
	uplink_version_recall(plan->network.uplink_program, plan->runtime_dir, version);
	for (char *const *entry = (char *[]){version->text, version->key, version->file, NULL};
		*entry; entry++)
		if (**entry)
			ret[count++] = *entry;
}

static void fail_here(const char *what) __attribute__((noreturn));

static void fail_here(const char *what)
{
	dprintf(2, "%s: %s", what, strerror(errno));
	_exit(127);
}

void uplink_become(const struct plan *plan, bool outside)
{
	const struct plan_network *network = &plan->network;
	char *environment[6] = {(char[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}};
	struct uplink_version version;
	char mtu[16];
	char *arguments[] = {network->uplink_script, network->uplink_program,
		(char[]){"/proc/self/fd/3"}, (char[]){UPLINK_LINK}, mtu, (char[]){"4"},
		(char[]){"5"}, NULL};
	sigset_t none;

	if (outside && leave_scope_and_enter() < 0)
		fail_here("cannot enter the shared user namespace");
	if (!outside)
		helper_leave_root_file_system();
	if (network->uplink == UPLINK_SLIRP4NETNS)
		describe_slirp(plan, &version, environment + 1);
	snprintf(mtu, sizeof(mtu), "%u", network->mtu);
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (network->uplink == UPLINK_PASTA && end_with_pipe() < 0)
		fail_here("cannot watch the pipe of the containers");
	if (chdir("/") == 0)
		execve(network->uplink_script, arguments, environment);
	fail_here(network->uplink_script);
}
