/* SPDX-License-Identifier: Apache-2.0 */
#include "runtime_external.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/vfs.h>
#include <sys/wait.h>

#include <jansson.h>

#include "process.h"
#include "json_read.h"
#include "scope.h"

enum { MESSAGE_SIZE = 400, CONSOLE_WAIT_MS = 10000 };

/* Where the runtime remembers its containers: with the other things that a reboot may wipe. */
static int runtime_root(const struct plan *plan, char ret[PATH_MAX], struct failure *out)
{
	snprintf(ret, PATH_MAX, "%s/oci", plan->runtime_dir);
	if (mkdir(ret, 0700) < 0 && errno != EEXIST)
		return fail(out, errno, "runtime", "cannot make %s", ret);
	return 0;
}

static bool is_cgroup2(const char *path)
{
	struct statfs status;

	return statfs(path, &status) == 0 && status.f_type == CGROUP2_SUPER_MAGIC;
}

/* On a host with both versions crun gives up as soon as the new one has a controller. It is shown
 * that one alone, in a mount namespace of its own: cgroups of the old version are not for users. */
static int show_unified_cgroups(void)
{
	if (is_cgroup2("/sys/fs/cgroup") || !is_cgroup2("/sys/fs/cgroup/unified"))
		return 0;
	if (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return -1;
	return mount("/sys/fs/cgroup/unified", "/sys/fs/cgroup", NULL, MS_BIND, NULL);
}

static int enter_cgroup(int cgroup)
{
	auto_close int processes = openat(cgroup, "cgroup.procs", O_WRONLY | O_CLOEXEC);

	return processes < 0 || write(processes, "0", 1) < 0 ? -1 : 0;
}

static void __attribute__((noreturn))
execute(const char *const *arguments, const int stdio[3], int cgroup, int errors)
{
	int streams[3] = {stdio ? stdio[0] : -1, stdio ? stdio[1] : -1, stdio ? stdio[2] : -1};
	struct failure failure;

	if (cgroup >= 0 && enter_cgroup(cgroup) < 0)
		_exit(125);
	/* A runtime's own complaints go to its stderr, which is the container's too. */
	if (!stdio)
		streams[1] = streams[2] = errors;
	if (process_reset_signals(&failure) < 0 || process_place_stdio(streams, &failure) < 0)
		_exit(125);
	if (show_unified_cgroups() < 0)
		_exit(125);
	/* What hangs ends with the monitor. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		_exit(125);
	execv(arguments[0], (char *const *)(uintptr_t)arguments);
	_exit(127);
}

/* The last thing that the runtime said. */
static void last_line(const char *log, char ret[MESSAGE_SIZE])
{
	auto_close int fd = open(log, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	char text[4096];
	ssize_t length = fd < 0 ? 0 : pread(fd, text, sizeof(text) - 1, 0);
	const char *message;
	json_t *entry;
	char *line;

	ret[0] = '\0';
	if (length <= 0)
		return;
	while (length > 0 && text[length - 1] == '\n')
		length--;
	text[length] = '\0';
	line = strrchr(text, '\n');
	line = line ? line + 1 : text;
	entry = json_loads(line, 0, NULL);
	message = json_string_value(json_object_get(entry, "msg"));
	snprintf(ret, MESSAGE_SIZE, "%.*s", MESSAGE_SIZE - 1, message ? message : line);
	json_decref(entry);
}

/* Docker tells these two apart by the runtime's words as well: there is nothing else to go by. */
static enum failure_kind kind_of(const char *message)
{
	if (strstr(message, "executable file not found") || strstr(message, "executable file `") ||
		strstr(message, "o such file or directory"))
		return FAILURE_NOT_FOUND;
	if (strstr(message, "ermission denied") || strstr(message, "xec format error") ||
		strstr(message, "open executable"))
		return FAILURE_NOT_EXECUTABLE;
	return FAILURE_SETUP;
}

/* Runs one verb of the runtime to its end; in this cgroup, where it is not -1. */
static int run_runtime(const struct plan *plan, const char *const *arguments, const int stdio[3],
	int cgroup, const char *log, struct failure *out)
{
	char message[MESSAGE_SIZE];
	int status = 0;
	pid_t pid = fork();

	if (pid == 0)
		execute(arguments, stdio, cgroup, open("/dev/null", O_RDWR | O_CLOEXEC));
	if (pid < 0)
		return fail(out, errno, "runtime", "cannot run %s", plan->runtime);
	if (retry_eintr(waitpid(pid, &status, 0)) < 0)
		return fail(out, errno, "runtime", "cannot wait for %s", plan->runtime);
	if (status == 0)
		return 0;
	last_line(log, message);
	if (!message[0])
		return fail(out, 0, "runtime", "%s failed without a word (exit code %d)",
			plan->runtime, WIFEXITED(status) ? WEXITSTATUS(status) : -1);
	return fail_kind(out, kind_of(message), 0, "runtime", "%s: %s", plan->runtime, message);
}

/* The user was resolved in the root filesystem; the runtime reads it from the bundle. */
static int write_user(const char *bundle, const struct spec *spec, struct failure *out)
{
	const struct spec_user *user = &spec->process.user;
	char path[PATH_MAX], draft[PATH_MAX];
	json_t *root, *process, *gids, *env;
	int result = -1;

	if (snprintf(path, sizeof(path), "%s/config.json", bundle) >= (int)sizeof(path) ||
		snprintf(draft, sizeof(draft), "%s/config.json.draft", bundle) >=
			(int)sizeof(draft))
		return fail(out, ENAMETOOLONG, "runtime", "the bundle's path is too long");
	root = json_read_path(path, 8 << 20, 0, NULL);
	process = json_object_get(root, "process");
	gids = json_array();
	env = json_array();
	for (size_t i = 0; i < user->additional_gid_count; i++)
		json_array_append_new(gids, json_integer(user->additional_gids[i]));
	for (size_t i = 0; i < spec->process.env.count; i++)
		json_array_append_new(env, json_string(spec->process.env.items[i]));
	if (process && json_object_set(process, "env", env) == 0 &&
		json_object_set_new(process, "user",
			json_pack("{s:I, s:I, s:O}", "uid", (json_int_t)user->uid, "gid",
				(json_int_t)user->gid, "additionalGids", gids)) == 0 &&
		json_dump_file(root, draft, JSON_COMPACT) == 0)
		result = rename(draft, path);
	json_decref(gids);
	json_decref(env);
	json_decref(root);
	if (result < 0)
		return fail(out, errno, "runtime", "cannot write %s", path);
	return 0;
}

/* The runtime hands over the terminal's master through a socket; see its --console-socket. */
static int listen_console(const char *path, struct failure *out)
{
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return fail(out, ENAMETOOLONG, "console", "%s", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	unlink(path);
	if (fd < 0 || bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
		listen(fd, 1) < 0)
		return fail(out, errno, "console", "cannot listen on %s", path);
	return take_fd(&fd);
}

static int receive_console(int listener, struct failure *out)
{
	struct pollfd slot = {.fd = listener, .events = POLLIN};
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	char text[256];
	struct iovec part = {.iov_base = text, .iov_len = sizeof(text)};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	auto_close int connection = -1;
	struct cmsghdr *item;
	int console = -1;

	if (retry_eintr(poll(&slot, 1, CONSOLE_WAIT_MS)) <= 0)
		return fail(out, 0, "console", "the runtime sent no terminal");
	connection = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (connection < 0 || retry_eintr(recvmsg(connection, &message, MSG_CMSG_CLOEXEC)) < 0)
		return fail(out, errno, "console", "cannot receive the terminal");
	item = CMSG_FIRSTHDR(&message);
	if (!item || item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS)
		return fail(out, 0, "console", "the runtime sent no terminal");
	memcpy(&console, CMSG_DATA(item), sizeof(int));
	return console;
}

static int read_pid(const char *path, pid_t *ret, struct failure *out)
{
	auto_fclose FILE *file = fopen(path, "re");
	int pid;

	if (!file || fscanf(file, "%d", &pid) != 1 || pid <= 1)
		return fail(out, 0, "runtime", "the runtime wrote no process id");
	*ret = pid;
	return 0;
}

bool external_inherits_cgroup(const struct plan *plan)
{
	return strcmp(strrchr(plan->runtime, '/'), "/crun") == 0;
}

/* crun must not look for a cgroup, which fails on hybrid hosts: it is in the container's already.
 * The others make their own. They know --debug=false, so there is always a word to give. */
static const char *cgroups(const struct plan *plan)
{
	return external_inherits_cgroup(plan) ? "--cgroup-manager=disabled" : "--debug=false";
}

struct paths {
	char root[PATH_MAX], log[PATH_MAX], pid[PATH_MAX], console[PATH_MAX];
};

static int name_paths(const struct plan *plan, struct paths *ret, struct failure *out)
{
	if (runtime_root(plan, ret->root, out) < 0)
		return -1;
	if (snprintf(ret->log, PATH_MAX, "%s/runtime.log", plan->container_dir) >= PATH_MAX ||
		snprintf(ret->pid, PATH_MAX, "%s/runtime.pid", plan->container_dir) >= PATH_MAX ||
		snprintf(ret->console, PATH_MAX, "%s/%.12s", ret->root, plan->id) >= PATH_MAX)
		return fail(out, ENAMETOOLONG, "runtime", "the container's path is too long");
	unlink(ret->log);
	return 0;
}

static int create(const struct plan *plan, const struct launch_options *options,
	const struct paths *paths, int *ret_console, struct failure *out)
{
	const char *arguments[18] = {plan->runtime, cgroups(plan), "--log-format=json", "--root",
		paths->root, "--log", paths->log, "create", "--bundle", options->bundle,
		"--pid-file", paths->pid};
	auto_close int listener = -1;
	size_t count = 12;
	int result;

	if (plan->terminal) {
		listener = listen_console(paths->console, out);
		if (listener < 0)
			return -1;
		arguments[count++] = "--console-socket";
		arguments[count++] = paths->console;
	}
	arguments[count] = plan->id;
	result = run_runtime(plan, arguments, plan->terminal ? NULL : options->stdio,
		options->cgroup_fd, paths->log, out);
	if (result == 0 && plan->terminal) {
		*ret_console = receive_console(listener, out);
		result = *ret_console < 0 ? -1 : 0;
	}
	if (plan->terminal)
		unlink(paths->console);
	return result;
}

int external_create(const struct plan *plan, const struct spec *spec,
	const struct launch_options *options, struct launched *ret, struct failure *out)
{
	struct paths paths;

	*ret = (struct launched){.pidfd = -1, .console = -1, .gate = -1, .netns = -1, .report = -1};
	if (name_paths(plan, &paths, out) < 0 || write_user(options->bundle, spec, out) < 0)
		return -1;
	if (create(plan, options, &paths, &ret->console, out) < 0 ||
		read_pid(paths.pid, &ret->pid, out) < 0) {
		scope_close(&ret->console);
		external_delete(plan);
		return -1;
	}
	/* A child of the subreaper: the pid stays its own until it is reaped here. */
	ret->pidfd = (int)syscall(SYS_pidfd_open, ret->pid, 0);
	if (ret->pidfd < 0) {
		fail(out, errno, "runtime", "cannot open the container's process");
		launch_abort(ret);
		external_delete(plan);
		return -1;
	}
	return 0;
}

int external_start(const struct plan *plan, struct failure *out)
{
	struct paths paths;

	if (name_paths(plan, &paths, out) < 0)
		return -1;
	const char *arguments[] = {plan->runtime, cgroups(plan), "--log-format=json", "--root",
		paths.root, "--log", paths.log, "start", plan->id, NULL};

	return run_runtime(plan, arguments, NULL, -1, paths.log, out);
}

void external_delete(const struct plan *plan)
{
	struct failure ignored;
	struct paths paths;

	if (name_paths(plan, &paths, &ignored) < 0)
		return;
	const char *arguments[] = {plan->runtime, cgroups(plan), "--log-format=json", "--root",
		paths.root, "--log", paths.log, "delete", "--force", plan->id, NULL};

	/* What it cannot delete lies in the runtime directory and is gone with it. */
	(void)run_runtime(plan, arguments, NULL, -1, paths.log, &ignored);
	unlink(paths.pid);
	unlink(paths.log);
}
