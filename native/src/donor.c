/* SPDX-License-Identifier: Apache-2.0 */
#include "donor.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "identity.h"
#include "mount.h"
#include "path.h"
#include "scope.h"
#include "state_read.h"
#include "sync.h"

#define STEP "namespaces"

/* The words for it depend on what is shared: whoever wrote the plan knows them. */
static int refuse(const struct plan *plan, struct failure *out)
{
	return fail(out, 0, STEP, "%s", plan->donor_refusal);
}

/* "/proc/4711/ns/net" with the pid of now. An external runtime reads the bundle itself. */
static int redirect(const struct plan *plan, struct spec *spec, pid_t pid, struct failure *out)
{
	for (size_t i = 0; i < spec->namespace_count; i++) {
		char **path = &spec->namespaces[i].path, name[16], *fresh;
		int written;

		if (!*path)
			continue;
		if (sscanf(*path, "/proc/%d/ns/%15s", &written, name) != 2)
			return fail_kind(out, FAILURE_BAD_INPUT, 0, STEP,
				"%s is not a namespace of a process", *path);
		if (written == pid)
			continue;
		if (plan->runtime)
			return refuse(plan, out);
		if (asprintf(&fresh, "/proc/%d/ns/%s", (int)pid, name) < 0)
			return fail(out, ENOMEM, STEP, "cannot name a namespace");
		free(*path);
		*path = fresh;
	}
	return 0;
}

int donor_open(const struct plan *plan, struct spec *spec, int *ret, struct failure *out)
{
	struct identity process;
	char directory[PATH_MAX];
	int found;

	*ret = -1;
	if (!plan->donor)
		return 0;
	snprintf(directory, sizeof(directory), "%s/containers/%s", plan->data_dir, plan->donor);
	found = state_read_process(directory, &process, out);
	if (found < 0)
		return -1;
	auto_close int pidfd = found == 0 ? -1 : identity_open(&process);

	if (pidfd < 0)
		return refuse(plan, out);
	if (redirect(plan, spec, process.pid, out) < 0)
		return -1;
	*ret = take_fd(&pidfd);
	return 0;
}

int donor_check(const struct plan *plan, int donor, struct failure *out)
{
	struct pollfd event = {.fd = donor, .events = POLLIN};

	if (donor < 0)
		return 0;
	return retry_eintr(poll(&event, 1, 0)) == 0 ? 0 : refuse(plan, out);
}

enum { KEPT = 3, FIRST_KEPT = 3, ASIDE = 16 };

/* A file system of the donor's may let this process wait for ever: it ends with its parent where it
 * can, and holds nothing but these, above all not the container's lock. */
static int hold_only(int *const kept[KEPT])
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0)
		return -1;
	for (int i = 0; i < KEPT; i++) {
		*kept[i] = fcntl(*kept[i], F_DUPFD_CLOEXEC, ASIDE);
		if (*kept[i] < 0)
			return -1;
	}
	for (int i = 0; i < KEPT; i++) {
		*kept[i] = dup3(*kept[i], FIRST_KEPT + i, O_CLOEXEC);
		if (*kept[i] < 0)
			return -1;
	}
	return close_range(FIRST_KEPT + KEPT, ~0U, 0);
}

/* Sends what it opened, or the failure. */
static void __attribute__((noreturn))
clone_inside(int donor, const char *path, int socket, int report)
{
	struct failure failure;

	if (hold_only((int *const[KEPT]){&donor, &socket, &report}) < 0)
		_exit(1);
	/* The donor's processes must not look into this one. */
	if (prctl(PR_SET_DUMPABLE, 0) < 0 || setns(donor, CLONE_NEWNS) < 0) {
		fail(&failure, errno, STEP, "cannot enter the other container");
		goto failed;
	}
	auto_close int root = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
	auto_close int place = root < 0 ? -1 : path_open(root, path, O_PATH, PATH_NO_LINKS);
	auto_close int tree = place < 0 ? -1 : mount_clone(place, false);

	if (tree < 0) {
		fail(&failure, errno, STEP, "cannot share %s of the other container", path);
		goto failed;
	}
	_exit(sync_send(socket, SYNC_SOURCE_OPENED, 0, tree) < 0);
failed:
	failure_send(report, &failure);
	_exit(1);
}

int donor_clone_mount(int donor, const char *path, struct failure *out)
{
	enum sync_message message;
	int pair[2], ends[2], tree = -1, result;
	int32_t value;
	pid_t helper;

	if (sync_pair(pair) < 0)
		return fail(out, errno, STEP, "cannot make a socket pair");
	auto_close int own = pair[0];
	auto_close int other = pair[1];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail(out, errno, STEP, "cannot make a pipe");
	auto_close int report = ends[0];
	auto_close int writer = ends[1];

	helper = fork();
	if (helper < 0)
		return fail(out, errno, STEP, "cannot fork");
	if (helper == 0)
		clone_inside(donor, path, other, writer);
	close(take_fd(&other));
	close(take_fd(&writer));
	result = sync_receive(own, &message, &value, &tree);
	if (result != 1 && failure_receive(report, out) <= 0)
		fail(out, 0, STEP, "cannot share %s of the other container", path);
	retry_eintr(waitpid(helper, NULL, 0));
	return result == 1 ? tree : -1;
}
