/* SPDX-License-Identifier: Apache-2.0 */
/* Parent half of a start: clone, id maps, cgroup, handshake. */
#include "launch.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "launch_parts.h"
#include "scope.h"
#include "sibling.h"
#include "sync.h"

static int open_inputs(struct launch *launch, struct failure *out)
{
	const struct launch_options *options = launch->options;
	struct child_context *child = &launch->child;
	struct statfs type;

	child->proc = open("/proc", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (child->proc < 0 || fstatfs(child->proc, &type) < 0)
		return fail(out, errno, "proc", "cannot open /proc");
	if (type.f_type != PROC_SUPER_MAGIC)
		return fail(out, 0, "proc", "/proc of this host is not a procfs");
	child->bundle = open(options->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (child->bundle < 0)
		return fail(out, errno, "bundle", "cannot open bundle %s", options->bundle);
	if (!options->exec_fifo)
		return 0;
	child->fifo = open(options->exec_fifo, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (child->fifo < 0)
		return fail(out, errno, "fifo", "cannot open %s", options->exec_fifo);
	/* The process opens it as whatever user it has become; the directory keeps others away. */
	if (chmod(options->exec_fifo, 0622) < 0)
		return fail(out, errno, "fifo", "cannot change the mode of %s", options->exec_fifo);
	return 0;
}

static int open_channels(struct launch *launch, struct failure *out)
{
	int pair[2];

	if (sync_pair(pair) < 0)
		return fail(out, errno, "handshake", "cannot make a socket pair");
	launch->sync = pair[0];
	launch->child.sync = pair[1];
	if (pipe2(pair, O_CLOEXEC) < 0)
		return fail(out, errno, "handshake", "cannot make a pipe");
	launch->report = pair[0];
	launch->child.report = pair[1];
	if (launch->options->exec_fifo)
		return 0;
	if (pipe2(pair, O_CLOEXEC) < 0)
		return fail(out, errno, "handshake", "cannot make a pipe");
	launch->child.gate = pair[0];
	launch->gate = pair[1];
	return 0;
}

/* Sorts the namespaces asked for into new ones and ones to join. */
static int plan_namespaces(struct launch *launch, struct failure *out)
{
	const struct spec *spec = launch->spec;
	bool mounts = false;

	for (size_t i = 0; i < spec->namespace_count; i++) {
		const struct spec_namespace *item = &spec->namespaces[i];

		mounts = mounts || item->flag == CLONE_NEWNS;
		if (item->path) {
			if (join_add(&launch->joins, item->flag, item->path, out) < 0)
				return -1;
			if (item->flag == CLONE_NEWUSER)
				launch->child.joined_userns = true;
		} else {
			launch->new_flags |= item->flag;
		}
	}
	if (!mounts)
		return fail_kind(out, FAILURE_UNSUPPORTED, 0, "namespaces",
			"a container without a mount namespace of its own is not supported");
	launch->child.new_userns = launch->new_flags & CLONE_NEWUSER;
	/* A cgroup namespace's root is the cgroup its creator is in: the child makes it, once it is
	 * there. */
	launch->child.new_cgroupns = launch->new_flags & CLONE_NEWCGROUP;
	launch->new_flags &= ~CLONE_NEWCGROUP;
	return 0;
}

static pid_t clone_process(int flags, int cgroup, int *ret_pidfd)
{
	struct clone_args arguments = {.flags = (unsigned)flags, .exit_signal = SIGCHLD};

	if (ret_pidfd) {
		arguments.flags |= CLONE_PIDFD;
		arguments.pidfd = (uintptr_t)ret_pidfd;
	}
	if (cgroup >= 0) {
		arguments.flags |= CLONE_INTO_CGROUP;
		arguments.cgroup = (unsigned)cgroup;
	}
	return (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
}

/* What only the parent may hold would keep a pipe open for a dead peer. */
static void close_parent_ends(struct launch *launch)
{
	launch_close(&launch->sync);
	launch_close(&launch->report);
	launch_close(&launch->gate);
	launch_close(&launch->pidfd);
}

/* Joins and clones the container's process as a sibling of itself. */
static void __attribute__((noreturn))
join_and_clone(struct launch *launch, const struct sibling *sibling)
{
	struct failure failure;
	pid_t pid;

	close_parent_ends(launch);
	if (join_all(&launch->joins, &failure) < 0)
		goto failed;
	pid = sibling_clone(sibling, launch->new_flags);
	if (pid == 0)
		child_main(&launch->child);
	if (pid > 0)
		_exit(0);
	fail(&failure, errno, "clone", "cannot create the container's process");
failed:
	failure_send(launch->child.report, &failure);
	_exit(1);
}

/* The container's process may ask for a mount before its go-between has ended: what it says waits
 * in the socket. */
static int spawn_joined(struct launch *launch, int cgroup, struct failure *out)
{
	struct sibling sibling;
	pid_t joiner;

	if (sibling_prepare(&sibling) < 0)
		return fail(out, errno, "clone", "cannot create a process");
	joiner = clone_process(0, cgroup, NULL);
	if (joiner == 0)
		join_and_clone(launch, &sibling);
	if (joiner < 0)
		fail(out, errno, "clone", "cannot create a process");
	launch_close(&launch->child.sync);
	launch_close(&launch->child.report);
	launch->pid = sibling_take(&sibling, joiner);
	if (joiner < 0)
		return -1;
	if (launch->pid == 0)
		return launch_explain_silence(launch, out);
	launch->pidfd = (int)syscall(SYS_pidfd_open, launch->pid, 0);
	if (launch->pidfd < 0)
		return fail(out, errno, "clone", "cannot open the container's process");
	return 0;
}

static int spawn(struct launch *launch, struct failure *out)
{
	int cgroup = launch->options->cgroup_fd;

	if (launch->joins.count > 0)
		return spawn_joined(launch, cgroup, out);
	launch->pid = clone_process(launch->new_flags, cgroup, &launch->pidfd);
	if (launch->pid == 0) {
		close_parent_ends(launch);
		child_main(&launch->child);
	}
	if (launch->pid < 0) {
		launch->pid = 0;
		return fail(out, errno, "clone", "cannot create the container's namespaces");
	}
	launch_close(&launch->child.sync);
	launch_close(&launch->child.report);
	return 0;
}

static void release(struct launch *launch)
{
	launch_close(&launch->child.sync);
	launch_close(&launch->child.report);
	launch_close(&launch->child.gate);
	launch_close(&launch->child.fifo);
	launch_close(&launch->child.proc);
	launch_close(&launch->child.bundle);
	launch_close(&launch->sync);
	join_clear(&launch->joins);
	seccomp_free(launch->child.filter);
}

static void abandon(struct launch *launch)
{
	if (launch->pid > 0) {
		/* Unreaped and ours: the pid cannot have become another process. */
		kill(launch->pid, SIGKILL);
		retry_eintr(waitpid(launch->pid, NULL, 0));
	}
	launch_close(&launch->report);
	launch_close(&launch->gate);
	launch_close(&launch->pidfd);
	launch_close(&launch->console);
	launch_close(&launch->netns);
}

static int prepare(struct launch *launch, struct failure *out)
{
	const struct spec *spec = launch->spec;

	if (!spec->process.present || spec->process.args.count == 0)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "process",
			"config.json has no process with arguments");
	if (plan_namespaces(launch, out) < 0 || open_inputs(launch, out) < 0)
		return -1;
	if (spec->seccomp && seccomp_compile(spec->seccomp, launch->options->seccomp_cache,
				     &launch->child.filter, out) < 0)
		return -1;
	return open_channels(launch, out);
}

int launch_create(const struct spec *spec, const struct launch_options *options,
	struct launched *ret, struct failure *out)
{
	struct launch launch = {.spec = spec,
		.options = options,
		.child = {.spec = spec,
			.options = options,
			.sync = -1,
			.report = -1,
			.gate = -1,
			.fifo = -1,
			.proc = -1,
			.bundle = -1},
		.sync = -1,
		.report = -1,
		.gate = -1,
		.pidfd = -1,
		.console = -1,
		.netns = -1};
	int result = prepare(&launch, out);

	if (result == 0)
		result = spawn(&launch, out);
	if (result == 0)
		result = launch_serve(&launch, out);
	release(&launch);
	if (result < 0) {
		abandon(&launch);
		return -1;
	}
	*ret = (struct launched){.pid = launch.pid,
		.pidfd = launch.pidfd,
		.console = launch.console,
		.netns = launch.netns,
		.gate = launch.gate,
		.report = launch.report,
		.stragglers = launch.stragglers};
	return 0;
}

int launch_start(struct launched *launched, struct failure *out)
{
	int result;

	/* When the process is gone already, the report says why; writing must not end the caller.
	 */
	if (launched->gate >= 0) {
		struct sigaction ignore = {.sa_handler = SIG_IGN}, before;

		sigaction(SIGPIPE, &ignore, &before);
		retry_eintr(write(launched->gate, "", 1));
		sigaction(SIGPIPE, &before, NULL);
		launch_close(&launched->gate);
	}
	result = failure_receive(launched->report, out);
	launch_close(&launched->report);
	if (result > 0)
		return -1;
	if (result < 0)
		return fail(out, errno, "handshake", "cannot hear from the container's process");
	return 0;
}

void launch_abort(struct launched *launched)
{
	if (launched->pid > 0) {
		kill(launched->pid, SIGKILL);
		retry_eintr(waitpid(launched->pid, NULL, 0));
	}
	launched->pid = 0;
	launch_close(&launched->pidfd);
	launch_close(&launched->console);
	launch_close(&launched->netns);
	launch_close(&launched->gate);
	launch_close(&launched->report);
}
