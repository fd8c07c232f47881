/* SPDX-License-Identifier: Apache-2.0 */
/* create [-b|--bundle DIR] [--pid-file F] [--console-socket S] [--no-new-keyring] [--preserve-fds
 * N] ID */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include "cgroup.h"
#include "hooks.h"
#include "launch.h"
#include "oci_state.h"
#include "scope.h"
#include "verbs.h"

struct create {
	const char *bundle_given, *pid_file, *console_socket, *id;
	char *bundle; /* absolute */
	struct spec *spec;
	struct oci_container container;
	struct oci_state state;
	int cgroup;
};

static int parse_arguments(const struct oci_call *call, struct create *create, struct failure *out)
{
	static const struct option options[] = {
		{"bundle", required_argument, NULL, 'b'},
		{"pid-file", required_argument, NULL, 'p'},
		{"console-socket", required_argument, NULL, 'c'},
		{"no-new-keyring", no_argument, NULL, 'k'},
		{"preserve-fds", required_argument, NULL, 'f'},
		{0},
	};
	int option;

	create->bundle_given = ".";
	optind = 1;
	opterr = 0;
	while ((option = getopt_long(call->argc, call->argv, "+b:", options, NULL)) >= 0) {
		switch (option) {
		case 'b':
			create->bundle_given = optarg;
			break;
		case 'p':
			create->pid_file = optarg;
			break;
		case 'c':
			create->console_socket = optarg;
			break;
		case 'k':
			break; /* this program never makes a keyring */
		case 'f':
			if (strcmp(optarg, "0") != 0)
				return fail_kind(out, FAILURE_UNSUPPORTED, 0, "arguments",
					"create: --preserve-fds is not supported");
			break;
		default:
			return fail_kind(out, FAILURE_BAD_INPUT, 0, "arguments",
				"create: unknown option or missing value: %s",
				call->argv[optind - 1]);
		}
	}
	if (call->argc - optind != 1)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "arguments",
			"create: exactly one container ID is needed");
	create->id = call->argv[optind];
	return 0;
}

/* Later verbs need the document as it was, whatever happens to the bundle. */
static int copy_config(const struct create *create, struct failure *out)
{
	auto_close int bundle = open(create->bundle, O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int from = bundle < 0 ? -1
					 : openat(bundle, "config.json",
						   O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	auto_close int to = openat(create->container.directory, "config.json",
		O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	off_t left = (8 << 20) + 1;
	struct stat status;
	ssize_t sent;

	if (from < 0 || fstat(from, &status) < 0)
		return fail_kind(out, FAILURE_BAD_INPUT, errno, "config",
			"cannot open %s/config.json", create->bundle);
	if (!S_ISREG(status.st_mode))
		return fail_kind(
			out, FAILURE_BAD_INPUT, 0, "config", "config.json is not a regular file");
	if (to < 0)
		return fail(out, errno, "config", "cannot copy config.json");
	while (left > 0 && (sent = sendfile(to, from, NULL, (size_t)left)) != 0) {
		if (sent < 0)
			return fail(out, errno, "config", "cannot copy config.json");
		left -= sent;
	}
	return 0;
}

static int check_console(const struct create *create, struct failure *out)
{
	if (create->spec->process.terminal && !create->console_socket)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "console",
			"process.terminal is set: --console-socket must say where the terminal goes");
	if (!create->spec->process.terminal && create->console_socket)
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "console",
			"--console-socket is given, but process.terminal is not set");
	return 0;
}

static int prepare(struct create *create, struct failure *out)
{
	create->bundle = realpath(create->bundle_given, NULL);
	if (!create->bundle)
		return fail_kind(out, FAILURE_BAD_INPUT, errno, "bundle",
			"cannot open the bundle %s", create->bundle_given);
	if (copy_config(create, out) < 0 ||
		spec_load(create->container.directory, &create->spec, out) < 0 ||
		check_console(create, out) < 0)
		return -1;
	if (!create->spec->process.present)
		return fail_kind(
			out, FAILURE_BAD_INPUT, 0, "config", "config.json: process is missing");
	if (mkfifoat(create->container.directory, "exec.fifo", 0600) < 0)
		return fail(out, errno, "fifo", "cannot make %s/exec.fifo", create->container.path);
	if (cgroup_locate(create->spec, create->id, &create->state.cgroup, out) < 0)
		return -1;
	return create->state.cgroup
		       ? cgroup_create(create->state.cgroup, create->spec, &create->cgroup, out)
		       : 0;
}

/* The pty's master goes to whoever listens, as runc sends it. */
static int send_console(const char *path, int console, struct failure *out)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {0};
	char name[] = "/dev/ptmx";
	struct iovec part = {.iov_base = name, .iov_len = sizeof(name) - 1};
	struct msghdr message = {.msg_iov = &part,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes)};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	auto_close int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct cmsghdr *item = CMSG_FIRSTHDR(&message);

	if (strlen(path) >= sizeof(address.sun_path))
		return fail_kind(out, FAILURE_BAD_INPUT, ENAMETOOLONG, "console",
			"cannot connect to the console socket");
	strcpy(address.sun_path, path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
		return fail(out, errno, "console", "cannot connect to the console socket %s", path);
	item->cmsg_level = SOL_SOCKET;
	item->cmsg_type = SCM_RIGHTS;
	item->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(item), &console, sizeof(int));
	if (retry_eintr(sendmsg(fd, &message, MSG_NOSIGNAL)) < 0)
		return fail(out, errno, "console", "cannot send the terminal to %s", path);
	return 0;
}

static int write_pid_file(const char *path, pid_t pid, struct failure *out)
{
	auto_free char *draft = NULL;

	if (asprintf(&draft, "%s.XXXXXX", path) < 0) {
		draft = NULL;
		return fail(out, ENOMEM, "pid file", "cannot write %s", path);
	}
	auto_close int fd = mkostemp(draft, O_CLOEXEC);

	if (fd < 0)
		return fail(out, errno, "pid file", "cannot write %s", path);
	if (fchmod(fd, 0644) < 0 || dprintf(fd, "%d", (int)pid) < 0 || rename(draft, path) < 0) {
		int error = errno;

		unlink(draft);
		return fail(out, error, "pid file", "cannot write %s", path);
	}
	return 0;
}

static int now(char **ret, struct failure *out)
{
	struct timespec time;
	struct tm parts;

	clock_gettime(CLOCK_REALTIME, &time);
	gmtime_r(&time.tv_sec, &parts);
	if (asprintf(ret, "%04d-%02d-%02dT%02d:%02d:%02d.%09ldZ", parts.tm_year + 1900,
		    parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
		    time.tv_nsec) < 0) {
		*ret = NULL;
		return fail(out, ENOMEM, "state", "cannot write the container's state");
	}
	return 0;
}

static int record(struct create *create, const struct launched *launched, struct failure *out)
{
	if (identity_of(launched->pid, &create->state.process) < 0)
		return fail(out, errno, "state", "cannot identify the container's process");
	create->state.bundle = strdup(create->bundle);
	if (!create->state.bundle)
		return fail(out, ENOMEM, "state", "cannot write the container's state");
	if (now(&create->state.created, out) < 0)
		return -1;
	if (launched->console >= 0 &&
		send_console(create->console_socket, launched->console, out) < 0)
		return -1;
	/* The state last: it makes the container exist. */
	if (create->pid_file && write_pid_file(create->pid_file, launched->pid, out) < 0)
		return -1;
	return oci_state_write(&create->container, &create->state, out);
}

static int launch(struct create *create, const char *root, struct failure *out)
{
	auto_free char *fifo = NULL, *cache = NULL;
	struct launched launched;

	if (asprintf(&fifo, "%s/exec.fifo", create->container.path) < 0 ||
		asprintf(&cache, "%s/.seccomp", root) < 0)
		return fail(out, ENOMEM, "launch", "cannot start the container");
	if (create->spec->seccomp && mkdir(cache, 0700) < 0 && errno != EEXIST)
		return fail(out, errno, "seccomp", "cannot make %s", cache);
	const struct launch_options options = {.id = create->id,
		.donor = -1,
		.lock = -1,
		.bundle = create->bundle,
		.stdio = {-1, -1, -1},
		.exec_fifo = fifo,
		.cgroup_fd = create->cgroup,
		.seccomp_cache = cache};

	if (launch_create(create->spec, &options, &launched, out) < 0)
		return -1;
	if (record(create, &launched, out) < 0) {
		launch_abort(&launched);
		return -1;
	}
	close(launched.pidfd);
	if (launched.console >= 0)
		close(launched.console);
	if (launched.report >= 0)
		close(launched.report);
	return 0;
}

/* A container that did not come to be leaves nothing; the hooks that clean up run as for one that
 * did. */
static void abandon(struct create *create, bool launched)
{
	const struct hook_state state = {
		.id = create->id, .bundle = create->bundle, .status = "stopped"};
	struct failure ignored;

	if (create->cgroup >= 0) {
		cgroup_kill(create->cgroup, &ignored);
		cgroup_delete(create->state.cgroup, &ignored);
	}
	if (launched && create->spec)
		hooks_run(create->spec, HOOK_POSTSTOP, &state, &ignored);
	oci_remove(&create->container, &ignored);
}

static int create_container(struct create *create, const char *root, struct failure *out)
{
	bool launching = false;
	int result;

	if (oci_claim(root, create->id, &create->container, out) < 0)
		return -1;
	result = prepare(create, out);
	if (result == 0) {
		launching = true;
		result = launch(create, root, out);
	}
	if (result < 0)
		abandon(create, launching);
	oci_container_clear(&create->container);
	return result;
}

int verb_create(int argc, char **argv)
{
	struct create create = {.container = {.directory = -1, .lock = -1}, .cgroup = -1};
	struct oci_call call = {0};
	struct failure failure;
	int result;

	result = oci_call_parse(argc, argv, &call, &failure);
	if (result == 0)
		result = parse_arguments(&call, &create, &failure);
	if (result == 0)
		result = create_container(&create, call.root, &failure);
	if (create.cgroup >= 0)
		close(create.cgroup);
	oci_state_clear(&create.state);
	spec_free(create.spec);
	free(create.bundle);
	oci_call_clear(&call);
	return result < 0 ? oci_report(&failure) : 0;
}
