/* SPDX-License-Identifier: Apache-2.0 */
#include "userns.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "scope.h"
#include "userns_programs.h"

static struct userns_map uid_map_of(const struct id_map *map)
{
	return (struct userns_map){
		"uid_map", "/etc/subuid", map->uids, map->uid_count, map->newuidmap};
}

static struct userns_map gid_map_of(const struct id_map *map)
{
	return (struct userns_map){
		"gid_map", "/etc/subgid", map->gids, map->gid_count, map->newgidmap};
}

static int read_sysctl(const char *path, long *ret)
{
	char text[32];
	auto_close int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length;

	if (fd < 0)
		return -1;
	length = retry_eintr(read(fd, text, sizeof(text) - 1));
	if (length <= 0)
		return -1;
	text[length] = '\0';
	*ret = strtol(text, NULL, 10);
	return 0;
}

static int fail_disabled(struct failure *out, int error, int extra_flags)
{
	long value;

	if (read_sysctl("/proc/sys/user/max_user_namespaces", &value) == 0 &&
		(value == 0 || error == ENOSPC || error == EUSERS))
		return fail(out, error, USERNS_STEP,
			value == 0
				? "user namespaces are disabled (sysctl user.max_user_namespaces=%ld)"
				: "too many user namespaces, or nested too deeply "
				  "(sysctl user.max_user_namespaces=%ld)",
			value);
	if ((extra_flags & CLONE_NEWNET) &&
		read_sysctl("/proc/sys/user/max_net_namespaces", &value) == 0 && value == 0)
		return fail(out, error, USERNS_STEP,
			"network namespaces are disabled (sysctl user.max_net_namespaces=0)");
	if (read_sysctl("/proc/sys/kernel/unprivileged_userns_clone", &value) == 0 && value == 0)
		return fail(out, error, USERNS_STEP,
			"user namespaces are disabled (sysctl kernel.unprivileged_userns_clone=0)");
	if (read_sysctl("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", &value) == 0 &&
		value != 0)
		return fail(out, error, USERNS_STEP,
			"user namespaces are disabled by AppArmor for programs without a profile "
			"(sysctl kernel.apparmor_restrict_unprivileged_userns=%ld)",
			value);
	return fail(out, error, USERNS_STEP, "cannot create a user namespace");
}

/* The kernel takes a map in one write of less than a page. */
static int format_map(const struct userns_map *map, bool identical, char *buffer, size_t size)
{
	size_t used = 0;

	for (size_t i = 0; i < map->count; i++) {
		const struct id_extent *extent = &map->extents[i];
		int length = snprintf(buffer + used, size - used, "%u %u %u\n", extent->inside,
			identical ? extent->inside : extent->outside, extent->count);

		if (length < 0 || (size_t)length >= size - used)
			return -1;
		used += (size_t)length;
	}
	return (int)used;
}

static int write_proc(pid_t pid, const char *name, const char *text, size_t length)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0)
		return -1;
	return write(fd, text, length) == (ssize_t)length ? 0 : -1;
}

static int write_map(pid_t pid, const struct userns_map *map, bool identical, struct failure *out)
{
	char text[4096];
	int length = format_map(map, identical, text, sizeof(text));

	if (length < 0)
		return fail(out, 0, USERNS_STEP, "the %s has too many extents", map->name);
	if (write_proc(pid, map->name, text, (size_t)length) == 0)
		return 0;
	/* Without CAP_SETGID one's own group may be mapped only when setgroups is given up. */
	if (errno == EPERM && strcmp(map->name, "gid_map") == 0 &&
		write_proc(pid, "setgroups", "deny", 4) == 0 &&
		write_proc(pid, map->name, text, (size_t)length) == 0)
		return 0;
	return fail(out, errno, USERNS_STEP, "cannot write the %s \"%.*s\"", map->name,
		(int)strcspn(text, "\n"), text);
}

static int map_process(pid_t target, const struct id_map *map, struct failure *out)
{
	const struct userns_map uids = uid_map_of(map), gids = gid_map_of(map);

	if (map->newuidmap && map->newgidmap)
		return userns_map_by_programs(
			target, (const struct userns_map[2]){uids, gids}, out);
	if (write_map(target, &uids, false, out) < 0)
		return -1;
	return write_map(target, &gids, false, out);
}

/* Stays in the old namespace, where the privileges over the ids are. */
static void mapper_main(pid_t target, const struct id_map *map, int go, int report)
	__attribute__((noreturn));

static void mapper_main(pid_t target, const struct id_map *map, int go, int report)
{
	struct failure failure = {0};
	char byte;

	if (retry_eintr(read(go, &byte, 1)) != 1)
		_exit(0);
	/* The tools may wait for a directory service. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_DFL);
	if (map_process(target, map, &failure) < 0)
		failure_send(report, &failure);
	_exit(0);
}

static int become_zero(struct failure *out)
{
	if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) {
		if (errno == EPERM)
			return fail_disabled(out, errno, 0);
		return fail(out, errno, USERNS_STEP, "cannot become root of the user namespace");
	}
	/* A change of ids makes /proc/PID the real root's: the maps of our children could not be
	 * written, and nobody could borrow from us. */
	if (prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) < 0)
		return fail(out, errno, USERNS_STEP, "cannot keep /proc/self");
	return 0;
}

int userns_become_root(struct failure *out)
{
	/* A namespace with its own id only has given setgroups up. */
	if (setgroups(0, NULL) < 0 && errno != EPERM)
		return fail(out, errno, USERNS_STEP, "cannot drop the supplementary groups");
	return become_zero(out);
}

static int receive_verdict(int report, struct failure *out)
{
	int received = failure_receive(report, out);

	if (received < 0)
		return fail(out, errno, USERNS_STEP, "cannot hear from the mapping process");
	return received == 0 ? 0 : -1;
}

struct meanwhile {
	int (*work)(void *context, struct failure *out);
	void *context;
};

static int create(const struct id_map *map, int extra_flags, const struct meanwhile *meanwhile,
	int (*become)(struct failure *out), struct failure *out)
{
	pid_t self = getpid();
	int go[2], report[2], verdict, status = 0;
	pid_t mapper;

	if (pipe2(go, O_CLOEXEC) < 0)
		return fail(out, errno, USERNS_STEP, "cannot make a pipe");
	auto_close int go_reader = go[0];
	auto_close int go_writer = go[1];

	if (pipe2(report, O_CLOEXEC) < 0)
		return fail(out, errno, USERNS_STEP, "cannot make a pipe");
	auto_close int report_reader = report[0];
	auto_close int report_writer = report[1];

	mapper = fork();
	if (mapper < 0)
		return fail(out, errno, USERNS_STEP, "cannot fork");
	if (mapper == 0) {
		close(go_writer);
		close(report_reader);
		mapper_main(self, map, go_reader, report_writer);
	}
	close(take_fd(&report_writer));
	verdict = unshare(CLONE_NEWUSER | extra_flags) < 0 ? fail_disabled(out, errno, extra_flags)
							   : 0;
	if (verdict == 0 && retry_eintr(write(go_writer, "", 1)) != 1)
		verdict = fail(out, errno, USERNS_STEP, "cannot reach the mapping process");
	close(take_fd(&go_writer));
	if (verdict == 0 && meanwhile)
		verdict = meanwhile->work(meanwhile->context, out);
	if (verdict == 0)
		verdict = receive_verdict(report_reader, out);
	if (retry_eintr(waitpid(mapper, &status, 0)) == mapper && status != 0 && verdict == 0)
		verdict = fail(out, 0, USERNS_STEP, "the mapping process was killed");
	return verdict < 0 ? -1 : become(out);
}

int userns_create(const struct id_map *map, int extra_flags, struct failure *out)
{
	return create(map, extra_flags, NULL, userns_become_root, out);
}

int userns_create_beside(const struct id_map *map, int (*work)(void *context, struct failure *out),
	void *context, struct failure *out)
{
	const struct meanwhile meanwhile = {work, context};

	return create(map, 0, &meanwhile, userns_become_root, out);
}

int userns_create_with_groups(const struct id_map *map, struct failure *out)
{
	return create(map, 0, NULL, become_zero, out);
}

int userns_map_identically(pid_t pid, const struct id_map *map, struct failure *out)
{
	const struct userns_map uids = uid_map_of(map), gids = gid_map_of(map);

	if (write_map(pid, &uids, true, out) < 0)
		return -1;
	return write_map(pid, &gids, true, out);
}
