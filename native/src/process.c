/* SPDX-License-Identifier: Apache-2.0 */
#include "process.h"

#include <ctype.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/close_range.h>
#include <linux/magic.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "caps.h"
#include "command.h"
#include "path.h"
#include "scope.h"
#include "users.h"

int process_reset_signals(struct failure *out)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++) {
		if (number == SIGKILL || number == SIGSTOP)
			continue;
		/* The two signals that the C library keeps for itself are refused: they are default
		 * here. */
		if (signal(number, SIG_DFL) == SIG_ERR && errno != EINVAL)
			return fail(out, errno, "signals", "cannot reset signal %d", number);
	}
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
		return fail(out, errno, "signals", "cannot unblock signals");
	return 0;
}

int process_place_stdio(const int stdio[3], struct failure *out)
{
	int copies[3] = {-1, -1, -1};

	/* All copies first: one of the three may sit where another belongs. */
	for (int i = 0; i < 3; i++) {
		if (stdio[i] < 0)
			continue;
		copies[i] = fcntl(stdio[i], F_DUPFD_CLOEXEC, 3);
		if (copies[i] < 0)
			return fail(out, errno, "stdio", "cannot use descriptor %d", stdio[i]);
	}
	for (int i = 0; i < 3; i++) {
		if (copies[i] < 0)
			continue;
		if (dup2(copies[i], i) < 0)
			return fail(out, errno, "stdio", "cannot set descriptor %d", i);
		close(copies[i]);
	}
	return 0;
}

int process_take_terminal(int slave, struct failure *out)
{
	const int stdio[3] = {slave, slave, slave};

	if (process_place_stdio(stdio, out) < 0)
		return -1;
	if (ioctl(0, TIOCSCTTY, 0) < 0)
		return fail(out, errno, "console", "cannot take the controlling terminal");
	return 0;
}

/* The user must be able to reopen /dev/stdout: a pipe made for it is its own. Files, terminals and
 * named pipes belong to the caller and stay as they are. */
static void give_pipes(uid_t uid)
{
	enum { PIPEFS = 0x50495045 };

	for (int fd = 0; fd < 3; fd++) {
		struct statfs type;
		struct stat status;

		if (fstat(fd, &status) == 0 && S_ISFIFO(status.st_mode) && status.st_uid != uid &&
			fstatfs(fd, &type) == 0 && type.f_type == PIPEFS)
			/* An owner outside of this user namespace is no reason to stop. */
			(void)!fchown(fd, uid, (gid_t)-1);
	}
}

/* Few open files are for the command: the steps before it may need more. */
static bool is_for_later(int resource, const struct rlimit64 *limit)
{
	struct rlimit64 now;

	return resource == RLIMIT_NOFILE && getrlimit64(RLIMIT_NOFILE, &now) == 0 &&
	       limit->rlim_cur <= now.rlim_cur && limit->rlim_max <= now.rlim_max;
}

/* To raise one takes a right that goes with the change of user, to lower one takes none. */
static int set_limits(const struct spec_process *spec, bool late, struct failure *out)
{
	for (size_t i = 0; i < spec->rlimit_count; i++)
		if (late == is_for_later(spec->rlimits[i].resource, &spec->rlimits[i].limit) &&
			setrlimit64((__rlimit_resource_t)spec->rlimits[i].resource,
				&spec->rlimits[i].limit) < 0)
			return fail(out, errno, "rlimits", "cannot set limit %d to %llu:%llu",
				spec->rlimits[i].resource,
				(unsigned long long)spec->rlimits[i].limit.rlim_cur,
				(unsigned long long)spec->rlimits[i].limit.rlim_max);
	return 0;
}

/* The sentence of runc, which scripts know; its reasons begin with a small letter. */
static int fail_cwd(const char *cwd, int error, struct failure *out)
{
	char reason[64];

	snprintf(reason, sizeof(reason), "%s", strerror(error));
	reason[0] = (char)tolower((unsigned char)reason[0]);
	fail_kind(out, FAILURE_NOT_EXECUTABLE, 0, "cwd",
		"chdir to cwd (\"%s\") set in config.json failed: %s", cwd, reason);
	out->error = error;
	return -1;
}

/* Magic links are not followed, so a path through /proc/self/fd leads nowhere; what getcwd says is
 * the second guard: outside of the root it is no absolute path. */
static int enter_cwd(const struct process *process, struct failure *out)
{
	const char *cwd = process->spec->cwd;
	auto_close int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int directory = -1;
	char seen[PATH_MAX];

	if (root < 0)
		return fail_cwd(cwd, errno, out);
	directory = process->make_cwd ? path_make_directory(root, cwd, PATH_FOLLOW)
				      : path_open(root, cwd, O_PATH | O_DIRECTORY, PATH_FOLLOW);
	if (directory < 0 || fchdir(directory) < 0)
		return fail_cwd(cwd, errno, out);
	if (syscall(SYS_getcwd, seen, sizeof(seen)) < 0)
		return fail_cwd(cwd, errno, out);
	if (seen[0] != '/')
		return fail(out, 0, "cwd",
			"the working directory %s is outside of the container's root filesystem",
			cwd);
	return 0;
}

/* A namespace whose map was written without privilege denies setgroups for good: there the groups
 * of the caller stay, which mean nothing inside. */
static bool setgroups_is_denied(void)
{
	char text[8] = "";
	struct statfs type;
	auto_close int fd = open("/proc/self/setgroups", O_RDONLY | O_CLOEXEC | O_NOFOLLOW);

	return fd >= 0 && fstatfs(fd, &type) == 0 && type.f_type == PROC_SUPER_MAGIC &&
	       read(fd, text, sizeof(text) - 1) > 0 && strncmp(text, "deny", 4) == 0;
}

static int change_user(const struct spec_user *user, struct failure *out)
{
	if (prctl(PR_SET_KEEPCAPS, 1) < 0)
		return fail(out, errno, "user", "cannot keep capabilities");
	if (setgroups(user->additional_gid_count, user->additional_gids) < 0 &&
		!(errno == EPERM && setgroups_is_denied()))
		return fail(out, errno, "user", "cannot set the additional groups");
	if (setresgid(user->gid, user->gid, user->gid) < 0)
		return fail(out, errno, "user", "cannot become group %u%s", user->gid,
			errno == EINVAL ? " (it is not mapped into the container)" : "");
	if (setresuid(user->uid, user->uid, user->uid) < 0)
		return fail(out, errno, "user", "cannot become user %u%s", user->uid,
			errno == EINVAL ? " (it is not mapped into the container)" : "");
	if (prctl(PR_SET_KEEPCAPS, 0) < 0)
		return fail(out, errno, "user", "cannot reset keeping of capabilities");
	if (caps_raise(out) < 0)
		return -1;
	/* The change of user may have undone it: no other process inside may look into this one. */
	if (prctl(PR_SET_DUMPABLE, 0) < 0)
		return fail(out, errno, "user", "cannot become non-dumpable");
	umask(user->has_umask ? user->umask : 0022);
	return 0;
}

/* The spec's environment, and HOME from passwd when it is not there. */
static int build_environment(struct process *process, struct failure *out)
{
	const struct string_list *given = &process->spec->env;
	auto_close int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char **environment = calloc(given->count + 2, sizeof(*environment));
	auto_free char *home = NULL;
	bool has_home = false;

	if (!environment)
		return fail(out, ENOMEM, "environment", "cannot build the environment");
	process->environment = environment;
	for (size_t i = 0; i < given->count; i++) {
		environment[i] = given->items[i];
		has_home = has_home || strncmp(given->items[i], "HOME=", 5) == 0;
	}
	if (has_home)
		return 0;
	if (users_home(root, process->spec->user.uid, &home, out) < 0)
		return -1;
	if (asprintf(&environment[given->count], "HOME=%s", home) < 0) {
		environment[given->count] = NULL;
		return fail(out, ENOMEM, "environment", "cannot build the environment");
	}
	return 0;
}

int process_restrict(struct process *process, struct failure *out)
{
	const struct spec_process *spec = process->spec;
	bool entered;

	if (set_limits(spec, false, out) < 0)
		return -1;
	/* First as root, who may enter what the user may not; a network file system may know it the
	 * other way round. */
	entered = enter_cwd(process, out) == 0;
	if (!entered && out->error != EACCES && out->error != EPERM)
		return -1;
	if (build_environment(process, out) < 0)
		return -1;
	give_pipes(spec->user.uid);
	if (caps_drop_bounding(&spec->capabilities, out) < 0 || change_user(&spec->user, out) < 0)
		return -1;
	if (!entered && enter_cwd(process, out) < 0)
		return -1;
	if (spec->no_new_privileges && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return fail(out, errno, "no_new_privs", "cannot set no_new_privs");
	/* Without no_new_privs a filter needs CAP_SYS_ADMIN, which is about to go. */
	if (process->filter && !spec->no_new_privileges &&
		seccomp_install(process->filter, out) < 0)
		return -1;
	if (caps_apply(&spec->capabilities, out) < 0)
		return -1;
	/* Any change of credentials clears it. Whether the parent died before is for the caller to
	 * see, on the handshake: getppid is 0 across a pid namespace. */
	if (process->die_with_parent && prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return fail(out, errno, "parent", "cannot ask for a signal at the parent's death");
	return command_find(spec->args.items[0], process->environment, &process->command, out);
}

int process_seal(const struct process *process, struct failure *out)
{
	if (set_limits(process->spec, true, out) < 0)
		return -1;
	if (syscall(SYS_close_range, 3U, ~0U, CLOSE_RANGE_CLOEXEC) < 0)
		return fail(out, errno, "descriptors", "cannot mark descriptors close-on-exec");
	if (process->filter && process->spec->no_new_privileges)
		return seccomp_install(process->filter, out);
	return 0;
}

int process_execute(const struct process *process, struct failure *out)
{
	execve(process->command, process->spec->args.items, process->environment);
	return command_failed(process->command, errno, out);
}
