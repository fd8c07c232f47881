/* SPDX-License-Identifier: Apache-2.0 */
#include "child.h"

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "console.h"
#include "hooks.h"
#include "process.h"
#include "rootfs.h"
#include "scope.h"
#include "sync.h"
#include "sysctl.h"

struct child {
	struct child_context *context;
	const struct spec *spec;
	struct rootfs rootfs;
	struct process process;
	int terminal; /* the pty's slave, -1 = none */
};

/* Whatever the start waits for, it ends with the parent. Any change of credentials undoes it. */
static int follow_parent(const struct child *child, struct failure *out)
{
	if (child->context->options->die_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return fail(out, errno, "parent", "cannot ask for a signal at the parent's death");
	return 0;
}

/* From here on the process stands alone: its own session, the caller's signal handling undone. */
static int start_session(struct child *child, struct failure *out)
{
	umask(0);
	if (child->context->options->lock >= 0)
		close(child->context->options->lock);
	if (setsid() < 0)
		return fail(out, errno, "session", "cannot start a session");
	if (follow_parent(child, out) < 0)
		return -1;
	return process_reset_signals(out);
}

/* A process of a new user namespace has all capabilities in it, and an id that nobody mapped. */
static int become_mapped(const struct child *child, struct failure *out)
{
	const struct spec *spec = child->spec;
	uid_t uid = 0;
	gid_t gid = 0;
	bool has_root = spec->uid_mapping_count == 0;

	for (size_t i = 0; i < spec->uid_mapping_count; i++)
		has_root = has_root || spec->uid_mappings[i].container_id == 0;
	if (!has_root) {
		uid = spec->process.user.uid;
		gid = spec->process.user.gid;
	}
	/* Refused where setgroups is denied; the final groups are set, and checked, later. */
	(void)!setgroups(0, NULL);
	if (prctl(PR_SET_KEEPCAPS, 1) < 0 || setresgid(gid, gid, gid) < 0 ||
		setresuid(uid, uid, uid) < 0)
		return fail(out, errno, "user namespace", "cannot become user %u of it", uid);
	return 0;
}

static int enter_user_namespace(struct child *child, struct failure *out)
{
	const struct child_context *context = child->context;

	if (!context->new_userns)
		return context->joined_userns ? become_mapped(child, out) : 0;
	/* The map files of a non-dumpable process belong to the host's root. Nobody else is in the
	 * new namespace yet that could use the moment. */
	if (prctl(PR_SET_DUMPABLE, 1) < 0)
		return fail(out, errno, "user namespace", "cannot become dumpable");
	if (sync_send(context->sync, SYNC_MAP_IDS, 0, -1) < 0 ||
		sync_expect(context->sync, SYNC_IDS_MAPPED) < 0)
		return fail(out, errno, "handshake", "the parent did not answer");
	return 0;
}

/* Through the host's procfs, which the parent has verified. While the process is dumpable the file
 * is its own. */
static int set_oom_score(struct child *child, struct failure *out)
{
	const struct spec_process *process = &child->spec->process;
	char text[16];
	int length;

	if (!process->has_oom_score_adj)
		return 0;
	length = snprintf(text, sizeof(text), "%d", process->oom_score_adj);
	auto_close int fd =
		openat(child->context->proc, "self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, (size_t)length) != length)
		return fail(out, errno, "oom_score_adj", "cannot set oom_score_adj to %s", text);
	return 0;
}

static int hide(struct child *child, struct failure *out)
{
	if (child->context->new_userns && become_mapped(child, out) < 0)
		return -1;
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return fail(out, errno, "dumpable", "cannot become non-dumpable");
	return follow_parent(child, out);
}

static int enter_cgroup_namespace(struct child *child, struct failure *out)
{
	if (child->context->new_cgroupns && unshare(CLONE_NEWCGROUP) < 0)
		return fail(out, errno, "cgroup", "cannot create the cgroup namespace");
	return 0;
}

/* Names of the host must stay what they are: without a namespace of its own a name is refused. */
static int set_names(struct child *child, struct failure *out)
{
	const struct spec *spec = child->spec;
	const char *path;

	if (!spec->hostname && !spec->domainname)
		return 0;
	if (!spec_namespace_find(spec, CLONE_NEWUTS, &path))
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "hostname",
			"hostname and domainname need a uts namespace");
	if (spec->hostname && sethostname(spec->hostname, strlen(spec->hostname)) < 0)
		return fail(out, errno, "hostname", "cannot set hostname '%s'", spec->hostname);
	if (spec->domainname && setdomainname(spec->domainname, strlen(spec->domainname)) < 0)
		return fail(out, errno, "hostname", "cannot set domainname '%s'", spec->domainname);
	return 0;
}

static int set_sysctls(struct child *child, struct failure *out)
{
	return child->spec->sysctl_count ? sysctl_apply(child->context->proc, child->spec, out) : 0;
}

static int open_rootfs(struct child *child, struct failure *out)
{
	return rootfs_open(&child->rootfs, out);
}

static int mount_filesystems(struct child *child, struct failure *out)
{
	return rootfs_mount_all(&child->rootfs, out);
}

static int make_devices(struct child *child, struct failure *out)
{
	return rootfs_make_devices(&child->rootfs, out);
}

static int make_console(struct child *child, struct failure *out)
{
	const struct spec_process *process = &child->spec->process;
	auto_close int master = -1;

	if (!process->terminal)
		return 0;
	if (console_open(child->rootfs.root, process->console_rows, process->console_columns,
		    process->user.uid, &master, &child->terminal, out) < 0)
		return -1;
	if (child->rootfs.dev >= 0 && console_bind(child->rootfs.dev, child->terminal, out) < 0)
		return -1;
	if (sync_send(child->context->sync, SYNC_CONSOLE, 0, master) < 0)
		return fail(out, errno, "handshake", "cannot hand over the terminal");
	return 0;
}

static int restrict_rootfs(struct child *child, struct failure *out)
{
	return rootfs_restrict(&child->rootfs, out);
}

static int run_hooks(struct child *child, struct failure *out)
{
	const struct spec *spec = child->spec;
	const struct hook_state state = {.id = child->context->options->id,
		.bundle = child->context->options->bundle,
		.status = "creating",
		.pid = getpid()};

	if (spec->hooks[HOOK_PRESTART].count > 0 || spec->hooks[HOOK_CREATE_RUNTIME].count > 0)
		if (sync_send(child->context->sync, SYNC_NAMESPACES_READY, 0, -1) < 0 ||
			sync_expect(child->context->sync, SYNC_HOOKS_RAN) < 0)
			return fail(out, errno, "handshake", "the parent did not answer");
	return hooks_run(spec, HOOK_CREATE_CONTAINER, &state, out);
}

static int change_root(struct child *child, struct failure *out)
{
	return rootfs_pivot(&child->rootfs, out);
}

/* Before the privileges go: a filter of system calls may not know of this one. */
static int read_ahead(struct child *child, struct failure *out)
{
	const struct spec_process *process = &child->spec->process;

	(void)out;
	command_read_ahead(process->args.items[0], process->env.items);
	return 0;
}

static int set_stdio(struct child *child, struct failure *out)
{
	if (child->terminal >= 0)
		return process_take_terminal(child->terminal, out);
	return process_place_stdio(child->context->options->stdio, out);
}

static int drop_privileges(struct child *child, struct failure *out)
{
	return process_restrict(&child->process, out);
}

/* Tells the parent, then waits to be let go. End of file at the gate: the parent is gone, and
 * nobody would ever look after this container. */
static int wait_at_gate(struct child *child, struct failure *out)
{
	struct child_context *context = child->context;
	auto_close int netns = openat(context->proc, "self/ns/net", O_RDONLY | O_CLOEXEC);
	char path[32], byte;
	int fifo;

	/* Nobody outside may look into this process, so it hands out what is needed to connect it.
	 */
	if (netns < 0)
		return fail(out, errno, "handshake", "cannot open the network namespace");
	if ((stragglers_possible(child->spec, context->options->cgroup_fd) &&
		    stragglers_tell(child->spec, context->proc, context->sync) < 0) ||
		sync_send(context->sync, SYNC_READY, 0, netns) < 0)
		return fail(out, errno, "handshake", "the parent is gone");
	if (context->gate >= 0) {
		if (retry_eintr(read(context->gate, &byte, 1)) != 1)
			_exit(1);
		return 0;
	}
	/* Only by descriptor: this process sees another root, and may have become another user. */
	snprintf(path, sizeof(path), "self/fd/%d", context->fifo);
	fifo = retry_eintr(openat(context->proc, path, O_WRONLY | O_CLOEXEC));
	if (fifo < 0)
		return fail(out, errno, "fifo", "cannot wait for the start");
	/* The reader of the fifo is who hears of a failure from now on. */
	context->report = fifo;
	return 0;
}

static int run_start_hooks(struct child *child, struct failure *out)
{
	const struct hook_state state = {.id = child->context->options->id,
		.bundle = child->context->options->bundle,
		.status = "created",
		.pid = getpid()};

	return hooks_run(child->spec, HOOK_START_CONTAINER, &state, out);
}

static int seal(struct child *child, struct failure *out)
{
	return process_seal(&child->process, out);
}

static int execute(struct child *child, struct failure *out)
{
	return process_execute(&child->process, out);
}

typedef int step_function(struct child *child, struct failure *out);

static const struct {
	const char *name;
	step_function *run;
} steps[] = {
	{"session", start_session},
	{"user namespace", enter_user_namespace},
	{"oom score", set_oom_score},
	{"hide", hide},
	{"cgroup namespace", enter_cgroup_namespace},
	{"names", set_names},
	{"sysctl", set_sysctls},
	{"rootfs", open_rootfs},
	{"mounts", mount_filesystems},
	{"devices", make_devices},
	{"console", make_console},
	{"restrict", restrict_rootfs},
	{"hooks", run_hooks},
	{"pivot", change_root},
	{"read ahead", read_ahead},
	{"stdio", set_stdio},
	{"privileges", drop_privileges},
	{"gate", wait_at_gate},
	{"start hooks", run_start_hooks},
	{"seal", seal},
	{"exec", execute},
};

void child_main(struct child_context *context)
{
	const struct spec *spec = context->spec;
	struct child child = {.context = context,
		.spec = spec,
		.rootfs = {.spec = spec,
			.bundle_path = context->options->bundle,
			.proc = context->proc,
			.sync = context->new_userns || context->joined_userns ? context->sync : -1,
			.own_cgroup = context->new_cgroupns && context->options->cgroup_fd >= 0,
			.bundle = -1,
			.root = -1,
			.dev = -1},
		.process = {.spec = &spec->process,
			.filter = context->filter,
			.make_cwd = true,
			.die_with_parent = context->options->die_with_parent},
		.terminal = -1};
	struct failure failure = {0};

	for (size_t i = 0; i < array_size(steps); i++) {
		if (steps[i].run(&child, &failure) == 0)
			continue;
		if (!failure.step)
			failure.step = steps[i].name;
		failure_send(context->report, &failure);
		break;
	}
	_exit(1);
}
