/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "capture.h"
#include "fuse_upper.h"
#include "rootfs_parts.h"
#include "scope.h"
#include "stat_override.h"

#define FUSE_WAIT_MS 10000
#define PROGRAM_MAX (16 << 20)
#define STATIC_NLINK "static_nlink"
#define OVERRIDE_PREFIX "user.containers.override_"

#ifndef FUSE_SUPER_MAGIC
#define FUSE_SUPER_MAGIC 0x65735546
#endif

/* What the process that becomes fuse-overlayfs needs; made before the mount namespace. */
struct fuse_start {
	const char *program;
	char *options;
	const struct layer_fds *layers;
	const char *place; /* where it is to see the container's directory, NULL = where that is */
	int device, gate, errors;
	bool fresh;
};

static int keep_over_exec(int fd)
{
	return fcntl(fd, F_SETFD, 0);
}

/* Whether the program's file has the word: an option that it does not know would end it, and asking
 * it takes longer than its start. */
static bool knows_word(const char *program, const char *word)
{
	auto_close int file = open(program, O_RDONLY | O_CLOEXEC);
	struct stat status;
	void *text;
	bool found;

	if (file < 0 || fstat(file, &status) < 0 || !S_ISREG(status.st_mode) ||
		status.st_size <= 0 || status.st_size > PROGRAM_MAX)
		return false;
	text = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, file, 0);
	if (text == MAP_FAILED)
		return false;
	found = memmem(text, (size_t)status.st_size, word, strlen(word) + 1) != NULL;
	munmap(text, (size_t)status.st_size);
	return found;
}

/* The number of links of a directory is 1 then, as the kernel's overlay and btrfs have it. Else
 * each look at a directory reads the whole of it, to count the directories in it. Only where a
 * single layer is all there is yet: of a directory that it has not read, fuse-overlayfs also shows
 * what something above has taken away. */
static const char *add_static_nlink(const struct fuse_start *start, char **ret)
{
	if (!start->fresh || start->layers->count != 1 ||
		!knows_word(start->program, STATIC_NLINK) ||
		asprintf(ret, "%s,%s", start->options, STATIC_NLINK) < 0)
		return start->options;
	return *ret;
}

static bool any_overrides(const struct layer_fds *layers)
{
	for (size_t i = 0; i < layers->count; i++)
		if (stat_override_is_on(layers->lower[i]))
			return true;
	return false;
}

/* Where owners are in attributes, fuse-overlayfs has to know, and has to write them so where the
 * upper directory's file system refuses to give files away. Whoever in the container could set
 * attributes could set this one, and be root.
 * Before 1.14, which also prefixes others with it, changes of a mode lose the owner, and new files
 * are open to all: better that the container is told that it cannot change owners. */
static int add_overrides(const struct plan_rootfs *rootfs, const struct layer_fds *layers,
	char **options, struct failure *out)
{
	bool writes = !rootfs->read_only &&
		      (stat_override_is_on(layers->upper) || stat_override_is_needed(layers->work));
	char *extended = NULL;

	if (any_overrides(layers) && !knows_word(rootfs->program, STAT_OVERRIDE))
		return fail(out, 0, ROOTFS_STEP,
			"%s is too old to show the owners of files that are kept in attributes: set LIGHTER_DATA_DIR to a local directory",
			rootfs->program);
	if (!writes || !knows_word(rootfs->program, OVERRIDE_PREFIX))
		return 0;
	if (asprintf(&extended, "%s,xattr_permissions=2,noxattrs=1", *options) < 0)
		return fail(out, ENOMEM, ROOTFS_STEP, "cannot prepare %s", rootfs->program);
	free(*options);
	*options = extended;
	return 0;
}

static void fuse_main(const struct fuse_start *start) __attribute__((noreturn));

static void fuse_main(const struct fuse_start *start)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;
	char mountpoint[32], byte;
	char *environment[] = {(char[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, NULL};
	char *extended = NULL;
	const char *options = add_static_nlink(start, &extended);
	char *arguments[] = {(char *)(uintptr_t)start->program, (char[]){"-f"}, (char[]){"-o"},
		(char *)(uintptr_t)options, mountpoint, NULL};

	if (setsid() < 0 || null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0 ||
		dup2(start->errors, 2) < 0)
		_exit(1);
	/* End of file: the mount failed, nobody needs this process. */
	if (retry_eintr(read(start->gate, &byte, 1)) != 1)
		_exit(0);
	for (int signal_number = 1; signal_number < NSIG; signal_number++)
		signal(signal_number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (size_t i = 0; i < start->layers->count; i++)
		keep_over_exec(start->layers->lower[i]);
	if (keep_over_exec(start->layers->upper) < 0 || keep_over_exec(start->layers->work) < 0 ||
		keep_over_exec(start->device) < 0)
		_exit(1);
	if (start->place && fuse_upper_show(start->layers->upper, start->place) < 0) {
		dprintf(2, "cannot show it %s: %s", start->place, strerror(errno));
		_exit(1);
	}
	snprintf(mountpoint, sizeof(mountpoint), "/dev/fd/%d", start->device);
	execve(start->program, arguments, environment);
	dprintf(2, "%s: %s", start->program, strerror(errno));
	_exit(127);
}

static int fail_fuse(
	struct failure *out, const struct plan_rootfs *rootfs, int errors, const char *what)
{
	char text[300];

	capture_text(errors, text, sizeof(text));
	return fail(
		out, 0, ROOTFS_STEP, "%s %s%s%s", rootfs->program, what, text[0] ? ": " : "", text);
}

/* The kernel holds a statfs back until the program answers, so it is asked from a process of its
 * own that can be given up. */
static int wait_for_fuse(const struct plan_rootfs *rootfs, const char *target, pid_t program,
	int errors, struct failure *out)
{
	auto_close int program_fd = (int)syscall(SYS_pidfd_open, program, 0);
	pid_t asker = fork();

	if (asker == 0) {
		struct statfs status;

		/* Not even the container's lock is to wait for the answer. */
		syscall(SYS_close_range, 3U, ~0U, 0U);
		_exit(statfs(target, &status) == 0 && status.f_type == FUSE_SUPER_MAGIC ? 0 : 1);
	}
	if (asker < 0)
		return fail(out, errno, ROOTFS_STEP, "cannot fork");

	auto_close int asker_fd = (int)syscall(SYS_pidfd_open, asker, 0);
	struct pollfd events[2] = {
		{.fd = asker_fd, .events = POLLIN}, {.fd = program_fd, .events = POLLIN}};
	int status = 1;

	retry_eintr(poll(events, 2, FUSE_WAIT_MS));
	/* The kernel lets nobody go whose question the program has taken, while the program lives.
	 */
	if (!(events[0].revents & POLLIN)) {
		kill(program, SIGKILL);
		kill(asker, SIGKILL);
	}
	retry_eintr(waitpid(asker, &status, 0));
	if (events[1].revents & POLLIN)
		return fail_fuse(out, rootfs, errors, "ended at once");
	if (status != 0)
		return fail_fuse(out, rootfs, errors, "does not serve its mount");
	return 0;
}

int rootfs_fuse_begin(
	const struct plan_rootfs *rootfs, struct fuse_waiting *ret, struct failure *out)
{
	__attribute__((cleanup(rootfs_layers_close))) struct layer_fds layers = {
		.upper = -1, .work = -1};
	auto_free char *names = NULL;
	auto_close int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	auto_close int errors = capture_open();
	const char *place;
	int gate[2];
	pid_t program;

	if (device < 0)
		return fail(out, errno, ROOTFS_STEP, "cannot open /dev/fuse");
	if (rootfs_layers_open(rootfs, &layers, out) < 0)
		return -1;
	place = rootfs->read_only ? NULL : fuse_upper_place(layers.upper);
	if (rootfs_layers_format(rootfs, &layers, "/proc/self/fd/", place, &names) < 0 ||
		errors < 0)
		return fail(out, errno, ROOTFS_STEP, "cannot prepare %s", rootfs->program);
	if (add_overrides(rootfs, &layers, &names, out) < 0)
		return -1;
	if (pipe2(gate, O_CLOEXEC) < 0)
		return fail(out, errno, ROOTFS_STEP, "cannot make a pipe");
	auto_close int gate_reader = gate[0];
	auto_close int gate_writer = gate[1];

	program = fork();
	if (program < 0)
		return fail(out, errno, ROOTFS_STEP, "cannot fork");
	if (program == 0) {
		struct fuse_start start = {rootfs->program, names, &layers, place, device,
			gate_reader, errors, rootfs->fresh && !rootfs->read_only};

		close(gate_writer);
		fuse_main(&start);
	}
	*ret = (struct fuse_waiting){.program = program,
		.device = take_fd(&device),
		.gate = take_fd(&gate_writer),
		.errors = take_fd(&errors)};
	return 0;
}

int rootfs_fuse_finish(const struct plan_rootfs *rootfs, struct fuse_waiting *waiting,
	const char *target, struct failure *out)
{
	auto_close int device = take_fd(&waiting->device);
	auto_close int gate = take_fd(&waiting->gate);
	auto_close int errors = take_fd(&waiting->errors);
	char options[128];
	int result = 0;

	snprintf(options, sizeof(options),
		"fd=%d,rootmode=40000,user_id=0,group_id=0,default_permissions,allow_other",
		device);
	if (mount("fuse-overlayfs", target, "fuse.fuse-overlayfs", MS_NOATIME, options) < 0)
		result = fail(out, errno, ROOTFS_STEP, "cannot mount fuse on %s", target);
	if (result == 0 && retry_eintr(write(gate, "", 1)) != 1)
		result = fail(out, errno, ROOTFS_STEP, "cannot start %s", rootfs->program);
	/* The connection ends with the last who has it: that is to be the program. */
	close(take_fd(&device));
	if (result == 0)
		result = wait_for_fuse(rootfs, target, waiting->program, errors, out);
	if (result == 0)
		return 0;
	kill(waiting->program, SIGKILL);
	retry_eintr(waitpid(waiting->program, NULL, 0));
	return -1;
}

int rootfs_mount_fuse(
	const struct plan_rootfs *rootfs, const char *target, pid_t *ret, struct failure *out)
{
	struct fuse_waiting waiting;

	if (rootfs_fuse_begin(rootfs, &waiting, out) < 0)
		return -1;
	if (rootfs_enter_namespace(out) < 0) {
		/* End of file at its gate ends it. */
		close(waiting.gate);
		close(waiting.device);
		close(waiting.errors);
		retry_eintr(waitpid(waiting.program, NULL, 0));
		return -1;
	}
	if (rootfs_fuse_finish(rootfs, &waiting, target, out) < 0)
		return -1;
	*ret = waiting.program;
	return 0;
}
