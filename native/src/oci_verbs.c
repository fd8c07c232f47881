/* SPDX-License-Identifier: Apache-2.0 */
/* start, state, kill and delete of the OCI runtime interface. */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include <jansson.h>

#include "cgroup.h"
#include "hooks.h"
#include "oci_state.h"
#include "scope.h"
#include "verbs.h"

enum { KILL_WAIT_MS = 10000 };

/* One container that exists, with all that its verbs need. */
struct subject {
	struct oci_call call;
	struct oci_container container;
	struct oci_state state;
	struct spec *spec;
	enum oci_status status;
};

static int load_subject(struct subject *subject, const char *id, bool lock, struct failure *out)
{
	if (oci_open(subject->call.root, id, lock, &subject->container, out) < 0 ||
		oci_state_read(&subject->container, &subject->state, out) < 0 ||
		spec_load(subject->container.directory, &subject->spec, out) < 0)
		return -1;
	subject->status = oci_status(&subject->container, &subject->state);
	return 0;
}

static int finish(struct subject *subject, int result, const struct failure *failure)
{
	oci_state_clear(&subject->state);
	spec_free(subject->spec);
	if (subject->container.path)
		oci_container_clear(&subject->container);
	oci_call_clear(&subject->call);
	return result < 0 ? oci_report(failure) : 0;
}

static struct hook_state describe(const struct subject *subject, enum oci_status status)
{
	return (struct hook_state){.id = subject->container.id,
		.bundle = subject->state.bundle,
		.status = oci_status_name(status),
		.pid = status == OCI_STOPPED ? 0 : subject->state.process.pid};
}

static int one_id(const struct oci_call *call, const char **ret, struct failure *out)
{
	if (call->argc != 2 || call->argv[1][0] == '-')
		return fail_kind(out, FAILURE_BAD_INPUT, 0, "arguments",
			"%s: exactly one container ID is needed", call->argv[0]);
	*ret = call->argv[1];
	return 0;
}

/* Kills the container's process and waits until it is gone. */
static int end_process(const struct subject *subject, struct failure *out)
{
	auto_close int pidfd = identity_open(&subject->state.process);
	struct pollfd event = {.fd = pidfd, .events = POLLIN};

	if (pidfd < 0)
		return errno == ESRCH
			       ? 0
			       : fail(out, errno, "kill", "cannot open the container's process");
	if (syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0) < 0 && errno != ESRCH)
		return fail(out, errno, "kill", "cannot kill the container's process");
	if (retry_eintr(poll(&event, 1, KILL_WAIT_MS)) <= 0)
		return fail(out, EBUSY, "kill", "the container's process does not end");
	return 0;
}

/* Opening the fifo lets the process go on; it keeps its end open until it executed the command, or
 * writes why it could not. */
static int release_process(const struct subject *subject, struct failure *out)
{
	/* Opened before the fifo: a short command may be gone right after it. */
	auto_close int pidfd = identity_open(&subject->state.process);
	auto_close int fifo = openat(subject->container.directory, "exec.fifo",
		O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOFOLLOW);
	struct pollfd events[2] = {{.fd = fifo, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
	int result;

	if (fifo < 0)
		return fail(
			out, errno, "start", "cannot open %s/exec.fifo", subject->container.path);
	if (pidfd < 0)
		return fail(out, 0, "start", "cannot start a container that has stopped");
	if (retry_eintr(poll(events, 2, -1)) < 0)
		return fail(out, errno, "start", "cannot wait for the container's process");
	/* What was written before the process ended is in the fifo now. */
	if (events[0].revents == 0 && retry_eintr(poll(events, 1, 0)) == 0)
		return fail(out, 0, "start", "the container's process died before it was started");
	result = failure_receive(fifo, out);
	if (result > 0)
		return -1;
	return result == 0 ? 0
			   : fail(out, errno, "start", "cannot hear from the container's process");
}

static int start(struct subject *subject, struct failure *out)
{
	struct hook_state running;

	if (subject->status == OCI_STOPPED)
		return fail_kind(out, FAILURE_SETUP, 0, "start",
			"cannot start a container that has stopped");
	if (subject->status == OCI_RUNNING)
		return fail_kind(out, FAILURE_ALREADY, 0, "start",
			"cannot start an already running container");
	if (release_process(subject, out) < 0)
		return -1;
	if (unlinkat(subject->container.directory, "exec.fifo", 0) < 0 && errno != ENOENT)
		return fail(out, errno, "start", "cannot remove exec.fifo");
	running = describe(subject, OCI_RUNNING);
	if (hooks_run(subject->spec, HOOK_POSTSTART, &running, out) < 0) {
		struct failure ignored;

		end_process(subject, &ignored);
		return -1;
	}
	return 0;
}

int verb_start(int argc, char **argv)
{
	struct subject subject = {.container = {.directory = -1, .lock = -1}};
	struct failure failure;
	const char *id = NULL;
	int result = oci_call_parse(argc, argv, &subject.call, &failure);

	if (result == 0)
		result = one_id(&subject.call, &id, &failure);
	if (result == 0)
		result = load_subject(&subject, id, true, &failure);
	if (result == 0)
		result = start(&subject, &failure);
	return finish(&subject, result, &failure);
}

static int print_state(const struct subject *subject, struct failure *out)
{
	const struct hook_state state = describe(subject, subject->status);
	auto_free char *base = hook_state_json(subject->spec, &state), *rootfs = NULL, *text = NULL;
	json_t *document = base ? json_loads(base, 0, NULL) : NULL;
	bool absolute = subject->spec->root_path[0] == '/';

	if (asprintf(&rootfs, "%s%s%s", absolute ? "" : subject->state.bundle, absolute ? "" : "/",
		    subject->spec->root_path) < 0)
		rootfs = NULL;
	/* runc's additions to the document of the specification. */
	if (document && rootfs &&
		json_object_set_new(document, "pid", json_integer(state.pid)) == 0 &&
		json_object_set_new(document, "rootfs", json_string(rootfs)) == 0 &&
		json_object_set_new(document, "created", json_string(subject->state.created)) == 0)
		text = json_dumps(document, JSON_INDENT(2));
	json_decref(document);
	if (!text)
		return fail(out, ENOMEM, "state", "cannot describe the container");
	puts(text);
	return 0;
}

int verb_state(int argc, char **argv)
{
	struct subject subject = {.container = {.directory = -1, .lock = -1}};
	struct failure failure;
	const char *id = NULL;
	int result = oci_call_parse(argc, argv, &subject.call, &failure);

	if (result == 0)
		result = one_id(&subject.call, &id, &failure);
	if (result == 0)
		result = load_subject(&subject, id, false, &failure);
	if (result == 0)
		result = print_state(&subject, &failure);
	return finish(&subject, result, &failure);
}

static int parse_signal(const char *text, int *ret, struct failure *out)
{
	const char *name = strncasecmp(text, "SIG", 3) == 0 ? text + 3 : text;
	int number = 0, offset = 0, end = 0;

	if (isdigit((unsigned char)*name) && name == text) {
		if (sscanf(name, "%3d%n", &number, &end) != 1 || name[end] != '\0')
			number = -1;
	} else if (strncasecmp(name, "RTMIN", 5) == 0 || strncasecmp(name, "RTMAX", 5) == 0) {
		bool low = toupper((unsigned char)name[4]) == 'N';

		if (name[5] != '\0' &&
			(sscanf(name + 5, "%3d%n", &offset, &end) != 1 || name[5 + end] != '\0' ||
				(low ? offset < 0 : offset > 0)))
			number = -1;
		else
			number = (low ? SIGRTMIN : SIGRTMAX) + offset;
	} else {
		for (int i = 1; number == 0 && i < NSIG; i++) {
			const char *known = sigabbrev_np(i);

			if (known && strcasecmp(known, name) == 0)
				number = i;
		}
		if (number == 0)
			number = -1;
	}
	if (number < 0 || number > SIGRTMAX)
		return fail_kind(
			out, FAILURE_BAD_INPUT, 0, "kill", "unknown signal \"%.40s\"", text);
	*ret = number;
	return 0;
}

/* -a: every process of the container's cgroup. */
static int signal_all(const struct subject *subject, int number, struct failure *out)
{
	auto_close int cgroup = -1;
	int pid;

	if (!subject->state.cgroup)
		return fail_kind(out, FAILURE_UNSUPPORTED, 0, "kill",
			"kill --all needs a container with a cgroup");
	if (cgroup_open(subject->state.cgroup, &cgroup, out) < 0)
		return -1;
	if (number == SIGKILL)
		return cgroup_kill(cgroup, out);
	int list = openat(cgroup, "cgroup.procs", O_RDONLY | O_CLOEXEC);
	auto_fclose FILE *processes = list < 0 ? NULL : fdopen(list, "re");

	if (!processes)
		return fail(out, errno, "kill", "cannot read the container's processes");
	while (fscanf(processes, "%d", &pid) == 1)
		if (pid > 0 && kill(pid, number) < 0 && errno != ESRCH)
			return fail(out, errno, "kill", "cannot signal process %d", pid);
	return 0;
}

static int send_signal(const struct subject *subject, int number, bool all, struct failure *out)
{
	if (all)
		return signal_all(subject, number, out);
	if (subject->status == OCI_STOPPED)
		return fail(out, 0, "kill", "container not running");
	auto_close int pidfd = identity_open(&subject->state.process);

	if (pidfd < 0 || syscall(SYS_pidfd_send_signal, pidfd, number, NULL, 0) < 0)
		return errno == ESRCH ? fail(out, 0, "kill", "container not running")
				      : fail(out, errno, "kill", "cannot signal the container");
	return 0;
}

int verb_kill(int argc, char **argv)
{
	static const struct option options[] = {{"all", no_argument, NULL, 'a'}, {0}};
	struct subject subject = {.container = {.directory = -1, .lock = -1}};
	const struct oci_call *call = &subject.call;
	struct failure failure;
	int number = SIGTERM, option, left;
	bool all = false;
	int result = oci_call_parse(argc, argv, &subject.call, &failure);

	optind = 1;
	opterr = 0;
	while (result == 0 &&
		(option = getopt_long(call->argc, call->argv, "+a", options, NULL)) >= 0) {
		all = true;
		if (option != 'a')
			result = fail_kind(&failure, FAILURE_BAD_INPUT, 0, "arguments",
				"kill: unknown option: %s", call->argv[optind - 1]);
	}
	left = call->argc - optind;
	if (result == 0 && (left < 1 || left > 2))
		result = fail_kind(&failure, FAILURE_BAD_INPUT, 0, "arguments",
			"kill: a container ID and at most one signal are needed");
	if (result == 0 && left == 2)
		result = parse_signal(call->argv[optind + 1], &number, &failure);
	if (result == 0)
		result = load_subject(&subject, call->argv[optind], false, &failure);
	if (result == 0)
		result = send_signal(&subject, number, all, &failure);
	return finish(&subject, result, &failure);
}

static int delete_cgroup(const char *path, struct failure *out)
{
	auto_close int fd = -1;

	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	/* Without a pid namespace of its own a container can leave processes behind. */
	if (cgroup_open(path, &fd, out) < 0 || cgroup_kill(fd, out) < 0)
		return -1;
	return cgroup_delete(path, out);
}

static int delete_container(struct subject *subject, bool force, struct failure *out)
{
	const struct hook_state stopped = describe(subject, OCI_STOPPED);

	if (subject->status == OCI_RUNNING && !force)
		return fail(out, 0, "delete",
			"cannot delete container %s that is not stopped: running",
			subject->container.id);
	if (subject->status != OCI_STOPPED && end_process(subject, out) < 0)
		return -1;
	if (subject->state.cgroup && delete_cgroup(subject->state.cgroup, out) < 0)
		return -1;
	if (oci_remove(&subject->container, out) < 0)
		return -1;
	/* The specification: a failure here is told, and changes nothing. */
	if (hooks_run(subject->spec, HOOK_POSTSTOP, &stopped, out) < 0)
		fprintf(stderr, "lighter-native: warning: %s\n", out->message);
	return 0;
}

/* A directory without a state: a create or delete that was interrupted. */
static int delete_remains(struct subject *subject, struct failure *out)
{
	struct failure removal;

	if (subject->container.lock < 0 || out->kind != FAILURE_NOT_FOUND)
		return -1;
	if (oci_remove(&subject->container, &removal) < 0)
		*out = removal;
	return -1;
}

int verb_delete(int argc, char **argv)
{
	static const struct option options[] = {{"force", no_argument, NULL, 'f'}, {0}};
	struct subject subject = {.container = {.directory = -1, .lock = -1}};
	const struct oci_call *call = &subject.call;
	struct failure failure;
	bool force = false;
	int option;
	int result = oci_call_parse(argc, argv, &subject.call, &failure);

	optind = 1;
	opterr = 0;
	while (result == 0 &&
		(option = getopt_long(call->argc, call->argv, "+f", options, NULL)) >= 0) {
		force = true;
		if (option != 'f')
			result = fail_kind(&failure, FAILURE_BAD_INPUT, 0, "arguments",
				"delete: unknown option: %s", call->argv[optind - 1]);
	}
	if (result == 0 && call->argc - optind != 1)
		result = fail_kind(&failure, FAILURE_BAD_INPUT, 0, "arguments",
			"delete: exactly one container ID is needed");
	if (result == 0) {
		result = load_subject(&subject, call->argv[optind], true, &failure);
		if (result < 0)
			result = delete_remains(&subject, &failure);
		else
			result = delete_container(&subject, force, &failure);
		if (result < 0 && force && failure.kind == FAILURE_NOT_FOUND)
			result = 0;
	}
	return finish(&subject, result, &failure);
}
