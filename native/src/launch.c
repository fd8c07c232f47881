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

#include "child.h"
#include "donor.h"
#include "hooks.h"
#include "map_ids.h"
#include "join.h"
#include "mount.h"
#include "scope.h"
#include "sync.h"

/* Both ends of everything the two halves share, and what the parent learns on the way. */
struct launch {
	const struct spec *spec;
	const struct launch_options *options;
	struct child_context child;
	struct join_list joins;
	int new_flags;
	int sync, report, gate; /* the parent's ends */
	pid_t pid;
	int pidfd;
	int console;
	int netns;
};

static void close_slot(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

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
	struct clone_args arguments = {.flags = (unsigned)flags};

	if (!(flags & CLONE_PARENT))
		arguments.exit_signal = SIGCHLD;
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
	close_slot(&launch->sync);
	close_slot(&launch->report);
	close_slot(&launch->gate);
	close_slot(&launch->pidfd);
}

/* Joining a pid or time namespace counts only for children, so a go-between joins and clones the
 * container's process as a sibling of itself, a child of the caller. */
static void __attribute__((noreturn)) join_and_clone(struct launch *launch)
{
	struct failure failure;
	pid_t pid;

	close_parent_ends(launch);
	if (join_all(&launch->joins, &failure) < 0)
		goto failed;
	pid = clone_process(launch->new_flags | CLONE_PARENT, -1, NULL);
	if (pid == 0)
		child_main(&launch->child);
	if (pid < 0) {
		fail(&failure, errno, "clone", "cannot create the container's process");
		goto failed;
	}
	if (sync_send(launch->child.sync, SYNC_PROCESS_CREATED, pid, -1) < 0)
		_exit(1);
	_exit(0);
failed:
	failure_send(launch->child.report, &failure);
	_exit(1);
}

/* Says why the other half stopped talking. */
static int explain_silence(const struct launch *launch, struct failure *out)
{
	int result = failure_receive(launch->report, out);

	if (result > 0)
		return -1;
	return fail(out, 0, "handshake", "the container's process died before it was ready");
}

static int spawn_joined(struct launch *launch, int cgroup, struct failure *out)
{
	enum sync_message message = SYNC_READY;
	auto_close int passed = -1;
	int32_t pid = 0;
	int status, result;
	pid_t joiner = clone_process(0, cgroup, NULL);

	if (joiner == 0)
		join_and_clone(launch);
	if (joiner < 0)
		return fail(out, errno, "clone", "cannot create a process");
	close_slot(&launch->child.sync);
	close_slot(&launch->child.report);
	result = sync_receive(launch->sync, &message, &pid, &passed);
	retry_eintr(waitpid(joiner, &status, 0));
	if (result <= 0 || message != SYNC_PROCESS_CREATED)
		return explain_silence(launch, out);
	launch->pid = pid;
	launch->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
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
	close_slot(&launch->child.sync);
	close_slot(&launch->child.report);
	return 0;
}

static int clone_rootfs(const struct launch *launch, struct failure *out)
{
	const char *path = launch->spec->root_path;
	auto_close int origin =
		openat(launch->child.bundle, path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int tree = origin < 0 ? -1 : mount_clone(origin, true);

	if (tree < 0)
		fail(out, errno, "rootfs", "cannot bind the root filesystem %s", path);
	return tree;
}

static int open_source(
	const struct launch *launch, const struct spec_mount *mount, struct failure *out)
{
	struct mount_options options = {0};
	bool of_donor;

	if (mount_options_parse(mount, &options, out) < 0)
		return -1;
	of_donor = options.of_donor;
	mount_options_clear(&options);
	if (!of_donor)
		return mount_open_source(launch->child.bundle, mount, out);
	if (launch->options->donor < 0)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "mount",
			"the mount on %s is of another container, but none is joined",
			mount->destination);
	return donor_clone_mount(launch->options->donor, mount->source, out);
}

/* The child's user namespace may be refused a path that the caller can reach (a directory of the
 * host's root): the caller clones the mount in the child's stead. */
static int serve_source(struct launch *launch, int32_t index, struct failure *out)
{
	auto_close int tree = -1;

	if (index == SYNC_ROOTFS)
		tree = clone_rootfs(launch, out);
	else if (index < 0 || (size_t)index >= launch->spec->mount_count)
		return fail(out, 0, "handshake", "the process asked for a mount that is not there");
	else
		tree = open_source(launch, &launch->spec->mounts[index], out);
	if (tree < 0)
		return -1;
	if (sync_send(launch->sync, SYNC_SOURCE_OPENED, 0, tree) < 0)
		return fail(out, errno, "handshake", "cannot answer the container's process");
	return 0;
}

static int serve_hooks(struct launch *launch, struct failure *out)
{
	static const enum spec_hook_stage stages[] = {HOOK_PRESTART, HOOK_CREATE_RUNTIME};
	const struct hook_state state = {.id = launch->options->id,
		.bundle = launch->options->bundle,
		.status = "creating",
		.pid = launch->pid};

	for (size_t i = 0; i < array_size(stages); i++)
		if (hooks_run(launch->spec, stages[i], &state, out) < 0)
			return -1;
	if (sync_send(launch->sync, SYNC_HOOKS_RAN, 0, -1) < 0)
		return explain_silence(launch, out);
	return 0;
}

/* Answers the child until it waits at the gate. */
static int serve_child(struct launch *launch, struct failure *out)
{
	for (;;) {
		enum sync_message message = SYNC_READY;
		auto_close int passed = -1;
		int32_t value = 0;

		if (sync_receive(launch->sync, &message, &value, &passed) <= 0)
			return explain_silence(launch, out);
		switch (message) {
		case SYNC_MAP_IDS:
			if (map_ids_write(launch->child.proc, launch->pid, launch->spec, out) < 0)
				return -1;
			if (sync_send(launch->sync, SYNC_IDS_MAPPED, 0, -1) < 0)
				return explain_silence(launch, out);
			break;
		case SYNC_SOURCE_WANTED:
			if (serve_source(launch, value, out) < 0)
				return -1;
			break;
		case SYNC_NAMESPACES_READY:
			if (serve_hooks(launch, out) < 0)
				return -1;
			break;
		case SYNC_CONSOLE:
			close_slot(&launch->console);
			launch->console = take_fd(&passed);
			break;
		case SYNC_READY:
			launch->netns = take_fd(&passed);
			return 0;
		default:
			return fail(out, 0, "handshake", "message %d out of turn", (int)message);
		}
	}
}

static void release(struct launch *launch)
{
	close_slot(&launch->child.sync);
	close_slot(&launch->child.report);
	close_slot(&launch->child.gate);
	close_slot(&launch->child.fifo);
	close_slot(&launch->child.proc);
	close_slot(&launch->child.bundle);
	close_slot(&launch->sync);
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
	close_slot(&launch->report);
	close_slot(&launch->gate);
	close_slot(&launch->pidfd);
	close_slot(&launch->console);
	close_slot(&launch->netns);
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
		result = serve_child(&launch, out);
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
		.report = launch.report};
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
		close_slot(&launched->gate);
	}
	result = failure_receive(launched->report, out);
	close_slot(&launched->report);
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
	close_slot(&launched->pidfd);
	close_slot(&launched->console);
	close_slot(&launched->netns);
	close_slot(&launched->gate);
	close_slot(&launched->report);
}
