/* SPDX-License-Identifier: Apache-2.0 */
#include "exec_process.h"

#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/magic.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include "cgroup.h"
#include "console.h"
#include "gone.h"
#include "path.h"
#include "process.h"
#include "scope.h"
#include "sibling.h"
#include "sync.h"
#include "systemd_scope.h"
#include "users.h"

#define STEP "join"

/* All descriptors are close-on-exec; sync and report are pairs: [0] the caller's end, [1] the
 * process's. */
struct joining {
	const struct exec_request *request;
	const int *stdio;
	int target; /* pidfd of the container's first process */
	int flags;  /* CLONE_NEW… of the namespaces that differ from the caller's */
	int cgroup; /* directory of the container's cgroup, -1 = the caller is in it, or there is
		       none */
	char cgroup_path[PATH_MAX]; /* in the v2 tree */
	int sync[2], report[2];
};

static void close_slot(int *fd)
{
	scope_close(fd);
	*fd = -1;
}

static const struct {
	const char *name;
	int flag;
} namespaces[] = {
	{"user", CLONE_NEWUSER},
	{"mnt", CLONE_NEWNS},
	{"pid", CLONE_NEWPID},
	{"net", CLONE_NEWNET},
	{"ipc", CLONE_NEWIPC},
	{"uts", CLONE_NEWUTS},
	{"cgroup", CLONE_NEWCGROUP},
	{"time", CLONE_NEWTIME},
};

/* Joining the user namespace one is in is an error, so only those that differ are named. */
static int compare_namespaces(struct joining *joining, pid_t pid, struct failure *out)
{
	for (size_t i = 0; i < array_size(namespaces); i++) {
		char own_path[64], other_path[64];
		struct stat own, other;

		snprintf(own_path, sizeof(own_path), "/proc/self/ns/%s", namespaces[i].name);
		snprintf(other_path, sizeof(other_path), "/proc/%d/ns/%s", (int)pid,
			namespaces[i].name);
		if (stat(own_path, &own) < 0)
			continue; /* a kernel without this kind */
		if (stat(other_path, &other) < 0)
			return fail(out, errno == ENOENT ? 0 : errno, STEP,
				errno == ENOENT ? GONE_NOT_RUNNING
						: "cannot look at the container's namespaces");
		if (own.st_ino != other.st_ino || own.st_dev != other.st_dev)
			joining->flags |= namespaces[i].flag;
	}
	return 0;
}

/* The path in the v2 hierarchy: the line "0::/path". */
static int read_cgroup(const char *file, char ret[PATH_MAX])
{
	char line[PATH_MAX + 8];
	auto_fclose FILE *cgroups = fopen(file, "re");

	while (cgroups && fgets(line, sizeof(line), cgroups)) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, "0::/", 4) == 0 && strlen(line + 3) < PATH_MAX) {
			memcpy(ret, line + 3, strlen(line + 3) + 1);
			return 0;
		}
	}
	return -1;
}

static int open_cgroup_tree(void)
{
	static const char *const places[] = {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"};

	for (size_t i = 0; i < array_size(places); i++) {
		struct statfs type;
		auto_close int fd = open(places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		if (fd >= 0 && fstatfs(fd, &type) == 0 && type.f_type == CGROUP2_SUPER_MAGIC)
			return take_fd(&fd);
	}
	return -1;
}

/* A container without a cgroup of its own shares that of whoever started it, which is no place to
 * enter. */
static int find_cgroup(struct joining *joining, pid_t pid, struct failure *out)
{
	char file[64], own[PATH_MAX], *other = joining->cgroup_path;
	auto_close int tree = -1;

	snprintf(file, sizeof(file), "/proc/%d/cgroup", (int)pid);
	if (read_cgroup("/proc/self/cgroup", own) < 0 || read_cgroup(file, other) < 0 ||
		strcmp(own, other) == 0 || !strstr(other, joining->request->id))
		return 0;
	tree = open_cgroup_tree();
	if (tree < 0)
		return fail(out, errno, STEP, "cannot find the cgroup v2 tree");
	/* "/../…" is outside of the caller's cgroup namespace. */
	joining->cgroup = path_open(tree, other, O_RDONLY | O_DIRECTORY, PATH_NO_LINKS);
	if (joining->cgroup < 0)
		return errno == ENOENT ? fail(out, 0, STEP, GONE_NOT_RUNNING)
				       : fail(out, errno, STEP,
						 "cannot open the container's cgroup %s", other);
	return 0;
}

/* Inside: root of the container's user namespace, in all of its namespaces. */
static int enter_as_root(struct failure *out)
{
	umask(0);
	if (setsid() < 0)
		return fail(out, errno, STEP, "cannot start a session");
	/* Refused where the container has no further groups. A namespace without a root has nobody
	 * to become. */
	(void)!setgroups(0, NULL);
	if (prctl(PR_SET_KEEPCAPS, 1) < 0 || (setresgid(0, 0, 0) < 0 && errno != EINVAL) ||
		(setresuid(0, 0, 0) < 0 && errno != EINVAL))
		return fail(out, errno, STEP, "cannot become root of the container");
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return fail(out, errno, STEP, "cannot become non-dumpable");
	return process_reset_signals(out);
}

static int take_stdio(const struct joining *joining, const struct spec_process *process, int root,
	struct failure *out)
{
	auto_close int master = -1;
	auto_close int slave = -1;

	if (!process->terminal)
		return process_place_stdio(joining->stdio, out);
	if (console_open(root, process->console_rows, process->console_columns, process->user.uid,
		    &master, &slave, out) < 0 ||
		process_take_terminal(slave, out) < 0)
		return -1;
	if (sync_send(joining->sync[1], SYNC_CONSOLE, 0, master) < 0)
		return fail(out, errno, "handshake", "cannot hand over the terminal");
	return 0;
}

static int run_steps(const struct joining *joining, struct failure *out)
{
	const struct exec_request *request = joining->request;
	struct spec_process spec = request->process;
	struct process process = {.spec = &spec, .filter = request->filter};
	auto_close int root = -1;

	if (enter_as_root(out) < 0)
		return -1;
	root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (root < 0)
		return fail(out, errno, STEP, "cannot open the container's root directory");
	if (request->user) {
		/* The list in the request stays its own: resolving would free it. */
		spec.user.additional_gids = NULL;
		spec.user.additional_gid_count = 0;
		if (users_resolve(root, request->user, request->groups, &spec.user, NULL, out) < 0)
			return -1;
	}
	if (take_stdio(joining, &spec, root, out) < 0 || process_restrict(&process, out) < 0 ||
		process_seal(&process, out) < 0)
		return -1;
	return process_execute(&process, out);
}

static void __attribute__((noreturn)) process_main(struct joining *joining)
{
	struct failure failure = {0};

	if (run_steps(joining, &failure) < 0)
		failure_send(joining->report[1], &failure);
	_exit(1);
}

/* Like the score of the container's own process, it is inherited; the host's procfs is still there.
 */
static int set_oom_score(const struct spec_process *process, struct failure *out)
{
	char text[16];
	int length;

	if (!process->has_oom_score_adj)
		return 0;
	length = snprintf(text, sizeof(text), "%d", process->oom_score_adj);
	auto_close int fd = open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, (size_t)length) != length)
		return fail(out, errno, "oom_score_adj", "cannot set oom_score_adj to %s", text);
	return 0;
}

/* Joins, and clones the process as a sibling of itself, so that the caller is the parent and can
 * wait for it. */
static void __attribute__((noreturn))
go_between(struct joining *joining, const struct sibling *sibling)
{
	struct failure failure = {0};
	pid_t pid;

	close_slot(&joining->sync[0]);
	close_slot(&joining->report[0]);
	if (set_oom_score(&joining->request->process, &failure) < 0)
		goto failed;
	if (prctl(PR_SET_DUMPABLE, 0) < 0) {
		fail(&failure, errno, STEP, "cannot become non-dumpable");
		goto failed;
	}
	if (joining->flags && setns(joining->target, joining->flags) < 0) {
		fail(&failure, errno == ESRCH ? 0 : errno, STEP,
			errno == ESRCH ? GONE_NOT_RUNNING
				       : "cannot join the container's namespaces");
		goto failed;
	}
	pid = sibling_clone(sibling, 0);
	if (pid == 0)
		process_main(joining);
	if (pid > 0)
		_exit(0);
	/* A pid namespace whose first process is gone takes nobody in. */
	fail(&failure, errno == ENOMEM ? 0 : errno, STEP,
		errno == ENOMEM ? GONE_NOT_RUNNING : "cannot create a process in the container");
failed:
	failure_send(joining->report[1], &failure);
	_exit(1);
}

static int explain_silence(const struct joining *joining, struct failure *out)
{
	if (failure_receive(joining->report[0], out) > 0)
		return -1;
	return fail(out, 0, "handshake", "the process died before it could start");
}

/* Returns the go-between's pid, or -1. */
static pid_t fork_go_between(
	struct joining *joining, const struct sibling *sibling, struct failure *out)
{
	struct clone_args arguments = {.exit_signal = SIGCHLD};
	pid_t pid;

	if (joining->cgroup >= 0) {
		arguments.flags |= CLONE_INTO_CGROUP;
		arguments.cgroup = (unsigned)joining->cgroup;
	}
	pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
	if (pid < 0 && errno == EACCES && joining->cgroup >= 0) {
		/* Out of reach from a login session, but not from a place beside it. */
		if (systemd_scope_join(joining->cgroup_path, CGROUP_MONITOR_LEAF, out) != 0) {
			failure_within(out, "cannot enter the container's cgroup");
			return -1;
		}
		pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof(arguments));
	}
	if (pid == 0)
		go_between(joining, sibling);
	if (pid < 0)
		fail(out, errno, STEP,
			joining->cgroup >= 0 ? "cannot enter the container's cgroup"
					     : "cannot create a process");
	return pid;
}

static int spawn(struct joining *joining, struct exec_process *process, struct failure *out)
{
	struct sibling sibling;
	pid_t helper;

	if (sibling_prepare(&sibling) < 0)
		return fail(out, errno, STEP, "cannot create a process");
	helper = fork_go_between(joining, &sibling, out);
	close_slot(&joining->sync[1]);
	close_slot(&joining->report[1]);
	process->pid = sibling_take(&sibling, helper);
	if (helper < 0)
		return -1;
	if (process->pid == 0)
		return explain_silence(joining, out);
	process->pidfd = (int)syscall(SYS_pidfd_open, process->pid, 0);
	if (process->pidfd < 0)
		return fail(out, errno, STEP, "cannot open the new process");
	return 0;
}

/* End of file on the report: the command runs. */
static int wait_for_command(
	const struct joining *joining, struct exec_process *process, struct failure *out)
{
	if (joining->request->process.terminal) {
		enum sync_message message = SYNC_READY;
		int32_t value;

		if (sync_receive(joining->sync[0], &message, &value, &process->console) != 1 ||
			message != SYNC_CONSOLE || process->console < 0)
			return explain_silence(joining, out);
	}
	if (failure_receive(joining->report[0], out) > 0)
		return -1;
	return 0;
}

static int open_channels(struct joining *joining, struct failure *out)
{
	if (sync_pair(joining->sync) < 0 || pipe2(joining->report, O_CLOEXEC) < 0)
		return fail(out, errno, "handshake", "cannot make a channel");
	return 0;
}

int exec_process_start(const struct exec_request *request, const int stdio[3],
	struct exec_process *ret, struct failure *out)
{
	struct joining joining = {.request = request,
		.stdio = stdio,
		.target = identity_open(&request->container),
		.cgroup = -1,
		.sync = {-1, -1},
		.report = {-1, -1}};
	struct exec_process process = {.pidfd = -1, .console = -1};
	int result = 0;

	if (joining.target < 0)
		return fail(out, 0, STEP, GONE_NOT_RUNNING);
	if (compare_namespaces(&joining, request->container.pid, out) < 0 ||
		find_cgroup(&joining, request->container.pid, out) < 0 ||
		open_channels(&joining, out) < 0 || spawn(&joining, &process, out) < 0 ||
		wait_for_command(&joining, &process, out) < 0)
		result = -1;
	close_slot(&joining.target);
	close_slot(&joining.cgroup);
	for (int i = 0; i < 2; i++) {
		close_slot(&joining.sync[i]);
		close_slot(&joining.report[i]);
	}
	if (result < 0) {
		if (process.pid > 0) {
			kill(process.pid, SIGKILL);
			retry_eintr(waitpid(process.pid, NULL, 0));
		}
		close_slot(&process.pidfd);
		close_slot(&process.console);
		return -1;
	}
	*ret = process;
	return 0;
}
