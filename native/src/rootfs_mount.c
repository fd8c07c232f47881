/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "capture.h"
#include "fuse_upper.h"
#include "scope.h"
#include "tree_copy.h"

#define STEP "root filesystem"
#define FUSE_WAIT_MS 10000

#ifndef FUSE_SUPER_MAGIC
#define FUSE_SUPER_MAGIC 0x65735546
#endif

/* The directories of one root filesystem as descriptors: a path may hold ':' or ',', which separate
 * options, and a hundred of them would not fit into the one page mount(2) takes. */
struct layer_fds {
	int *lower;
	size_t count;
	int upper, work;
};

static void layers_close(struct layer_fds *layers)
{
	for (size_t i = 0; i < layers->count; i++)
		scope_close(&layers->lower[i]);
	free(layers->lower);
	scope_close(&layers->upper);
	scope_close(&layers->work);
}

static int open_directory(const char *path, struct failure *out)
{
	int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		fail(out, errno, STEP, "cannot open %s", path);
	return fd;
}

static int layers_open(const struct plan_rootfs *rootfs, struct layer_fds *ret, struct failure *out)
{
	ret->lower = calloc(rootfs->lower.count + 1, sizeof(*ret->lower));
	if (!ret->lower)
		return fail(out, ENOMEM, STEP, "cannot keep the layers");
	for (size_t i = 0; i < rootfs->lower.count; i++) {
		ret->lower[i] = open_directory(rootfs->lower.items[i], out);
		if (ret->lower[i] < 0)
			return -1;
		ret->count++;
	}
	ret->upper = open_directory(rootfs->upper, out);
	if (ret->upper < 0)
		return -1;
	ret->work = open_directory(rootfs->work, out);
	return ret->work < 0 ? -1 : 0;
}

static const char *last_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* Writes "lowerdir=…,upperdir=…,workdir=…" with each directory as PREFIX and its descriptor, or the
 * two of the container below place, and how owners are shown. Read-only nothing is written, and
 * whoever else has it mounted is not disturbed. */
static int format_layers(const struct plan_rootfs *rootfs, const struct layer_fds *layers,
	const char *prefix, const char *place, char **ret)
{
	auto_free char *text = NULL;
	size_t size;
	FILE *stream = open_memstream(&text, &size);

	if (!stream)
		return -1;
	fputs("lowerdir=", stream);
	if (rootfs->read_only)
		fprintf(stream, "%s%d:", prefix, layers->upper);
	for (size_t i = 0; i < layers->count; i++)
		fprintf(stream, "%s%s%d", i ? ":" : "", prefix, layers->lower[i]);
	if (!rootfs->read_only && place)
		fprintf(stream, ",upperdir=%s/%s,workdir=%s/%s", place, last_name(rootfs->upper),
			place, last_name(rootfs->work));
	else if (!rootfs->read_only)
		fprintf(stream, ",upperdir=%s%d,workdir=%s%d", prefix, layers->upper, prefix,
			layers->work);
	if (rootfs->uid_mapping)
		fprintf(stream, ",uidmapping=%s", rootfs->uid_mapping);
	if (rootfs->gid_mapping)
		fprintf(stream, ",gidmapping=%s", rootfs->gid_mapping);
	if (fclose(stream) != 0)
		return -1;
	*ret = take(text);
	return 0;
}

static int enter_mount_namespace(struct failure *out)
{
	if (unshare(CLONE_NEWNS) < 0)
		return fail(out, errno, STEP, "cannot create a mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return fail(out, errno, STEP, "cannot make the mount namespace a slave");
	return 0;
}

static int check_mounted(const char *target, long magic, const char *what, struct failure *out)
{
	struct statfs status;

	if (retry_eintr(statfs(target, &status)) < 0)
		return fail(out, errno, STEP, "the %s mount on %s does not answer", what, target);
	if ((long)status.f_type != magic)
		return fail(out, 0, STEP, "%s is not an %s mount", target, what);
	return 0;
}

static int copy_layer(const char *layer, int upper, struct failure *out)
{
	auto_close int fd = open(layer, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fail(out, errno, STEP, "cannot open %s", layer);
	return tree_copy(fd, upper, TREE_LAYER, out);
}

/* The layers one over the other, once in a container's life. One that was interrupted is done
 * again: each entry replaces what is there. */
static int fill_copy(const struct plan_rootfs *rootfs, struct failure *out)
{
	auto_close int upper = open(rootfs->upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_close int work = open_directory(rootfs->work, out);

	if (work < 0)
		return -1;
	if (upper < 0)
		return fail(out, errno, STEP, "cannot open %s", rootfs->upper);
	if (faccessat(work, "filled", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	for (size_t i = rootfs->lower.count; i > 0; i--)
		if (copy_layer(rootfs->lower.items[i - 1], upper, out) < 0)
			return -1;
	if (mkdirat(work, "filled", 0700) < 0)
		return fail(out, errno, STEP, "cannot mark the copy as complete");
	return 0;
}

static int mount_copy(const struct plan_rootfs *rootfs, const char *target, struct failure *out)
{
	if (rootfs->driver == ROOTFS_COPY && fill_copy(rootfs, out) < 0)
		return -1;
	if (mount(rootfs->upper, target, NULL, MS_BIND, NULL) < 0)
		return fail(out, errno, STEP, "cannot bind %s to %s", rootfs->upper, target);
	return 0;
}

/* The kernel marks the work directory of a volatile mount and refuses it ever after. The contents
 * of such an upper directory are whole unless the machine crashed, and then nobody mounts it again.
 */
static void forget_volatile(const struct layer_fds *layers)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d/work/incompat/volatile", layers->work);
	if (remove(path) < 0)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/work/incompat", layers->work);
	remove(path);
}

static int fail_overlay(struct failure *out, int error, size_t lowers)
{
	if (error == ENODEV)
		return fail(out, 0, STEP, "this kernel has no overlay file system");
	if (error == EPERM)
		return fail(out, error, STEP,
			"this kernel does not mount overlay in a user namespace (Linux 5.11 does)");
	if (error == EINVAL)
		return fail(out, error, STEP,
			"the kernel refused the overlay of %zu layers (upper directory on a file system "
			"without user extended attributes, or itself an overlay?)",
			lowers);
	return fail(out, error, STEP, "cannot mount the overlay of %zu layers", lowers);
}

static int mount_overlay(const struct plan_rootfs *rootfs, const char *target, struct failure *out)
{
	__attribute__((cleanup(layers_close))) struct layer_fds layers = {.upper = -1, .work = -1};
	auto_free char *names = NULL;
	char options[4096];
	int length, result, error;

	/* Opened after the unshare: the kernel wants layers of the caller's own mount namespace. */
	if (layers_open(rootfs, &layers, out) < 0)
		return -1;
	/* Bare numbers, relative to /proc/self/fd, keep 500 layers within mount(2)'s one page. */
	if (format_layers(rootfs, &layers, "", NULL, &names) < 0)
		return fail(out, ENOMEM, STEP, "cannot name the layers");
	length = snprintf(options, sizeof(options), "%s,userxattr,index=off%s", names,
		rootfs->throwaway && !rootfs->read_only ? ",volatile" : "");
	if (length < 0 || (size_t)length >= sizeof(options))
		return fail(
			out, 0, STEP, "the image has too many layers (%zu)", rootfs->lower.count);
	if (!rootfs->read_only)
		forget_volatile(&layers);

	auto_close int previous = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (chdir("/proc/self/fd") < 0)
		return fail(out, errno, STEP, "cannot enter /proc/self/fd");
	result = mount("overlay", target, "overlay", 0, options);
	error = errno;
	if (result < 0 && error == EINVAL && rootfs->throwaway && !rootfs->read_only) {
		/* Before Linux 5.10 there is no such option. */
		options[(size_t)length - strlen(",volatile")] = '\0';
		result = mount("overlay", target, "overlay", 0, options);
		error = errno;
	}
	if (previous < 0 || fchdir(previous) < 0) {
		if (chdir("/") < 0)
			return fail(out, errno, STEP, "cannot enter /");
	}
	if (result < 0)
		return fail_overlay(out, error, rootfs->lower.count);
	return check_mounted(target, OVERLAYFS_SUPER_MAGIC, "overlay", out);
}

/* What the process that becomes fuse-overlayfs needs; made before the mount namespace. */
struct fuse_start {
	const char *program;
	char *options;
	const struct layer_fds *layers;
	const char *place; /* where it is to see the container's directory, NULL = where that is */
	int device, gate, errors;
};

static int keep_over_exec(int fd)
{
	return fcntl(fd, F_SETFD, 0);
}

static void fuse_main(const struct fuse_start *start) __attribute__((noreturn));

static void fuse_main(const struct fuse_start *start)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;
	char mountpoint[32], byte;
	char *environment[] = {(char[]){"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, NULL};
	char *arguments[] = {(char *)(uintptr_t)start->program, (char[]){"-f"}, (char[]){"-o"},
		start->options, mountpoint, NULL};

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
	return fail(out, 0, STEP, "%s %s%s%s", rootfs->program, what, text[0] ? ": " : "", text);
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

		_exit(statfs(target, &status) == 0 && status.f_type == FUSE_SUPER_MAGIC ? 0 : 1);
	}
	if (asker < 0)
		return fail(out, errno, STEP, "cannot fork");

	auto_close int asker_fd = (int)syscall(SYS_pidfd_open, asker, 0);
	struct pollfd events[2] = {
		{.fd = asker_fd, .events = POLLIN}, {.fd = program_fd, .events = POLLIN}};
	int status = 1;

	retry_eintr(poll(events, 2, FUSE_WAIT_MS));
	if (!(events[0].revents & POLLIN))
		kill(asker, SIGKILL);
	retry_eintr(waitpid(asker, &status, 0));
	if (events[1].revents & POLLIN)
		return fail_fuse(out, rootfs, errors, "ended at once");
	if (status != 0)
		return fail_fuse(out, rootfs, errors, "does not serve its mount");
	return 0;
}

/* The program is forked before the mount namespace is made and handed an already mounted device:
 * living outside, it does not keep the namespace alive and ends when the kernel drops the mount. */
static int mount_fuse(
	const struct plan_rootfs *rootfs, const char *target, pid_t *ret, struct failure *out)
{
	__attribute__((cleanup(layers_close))) struct layer_fds layers = {.upper = -1, .work = -1};
	auto_free char *names = NULL;
	auto_close int device = open("/dev/fuse", O_RDWR | O_CLOEXEC);
	auto_close int errors = capture_open();
	char options[128];
	const char *place;
	int gate[2], result;
	pid_t program;

	if (device < 0)
		return fail(out, errno, STEP, "cannot open /dev/fuse");
	if (layers_open(rootfs, &layers, out) < 0)
		return -1;
	place = rootfs->read_only ? NULL : fuse_upper_place(layers.upper);
	if (format_layers(rootfs, &layers, "/proc/self/fd/", place, &names) < 0 || errors < 0)
		return fail(out, errno, STEP, "cannot prepare %s", rootfs->program);
	if (pipe2(gate, O_CLOEXEC) < 0)
		return fail(out, errno, STEP, "cannot make a pipe");
	auto_close int gate_reader = gate[0];
	auto_close int gate_writer = gate[1];

	program = fork();
	if (program < 0)
		return fail(out, errno, STEP, "cannot fork");
	if (program == 0) {
		struct fuse_start start = {
			rootfs->program, names, &layers, place, device, gate_reader, errors};

		close(gate_writer);
		fuse_main(&start);
	}
	snprintf(options, sizeof(options),
		"fd=%d,rootmode=40000,user_id=0,group_id=0,default_permissions,allow_other",
		device);
	result = enter_mount_namespace(out);
	if (result == 0 &&
		mount("fuse-overlayfs", target, "fuse.fuse-overlayfs", MS_NOATIME, options) < 0)
		result = fail(out, errno, STEP, "cannot mount fuse on %s", target);
	if (result == 0 && retry_eintr(write(gate_writer, "", 1)) != 1)
		result = fail(out, errno, STEP, "cannot start %s", rootfs->program);
	if (result == 0)
		result = wait_for_fuse(rootfs, target, program, errors, out);
	if (result == 0) {
		*ret = program;
		return 0;
	}
	kill(program, SIGKILL);
	retry_eintr(waitpid(program, NULL, 0));
	return -1;
}

int rootfs_mount(const struct plan_rootfs *rootfs, const char *target, struct rootfs_mount *ret,
	struct failure *out)
{
	pid_t fuse = 0;
	int result;

	/* An image without layers has nothing to overlay. */
	if (rootfs->driver == ROOTFS_FUSE_OVERLAYFS && rootfs->lower.count > 0)
		result = mount_fuse(rootfs, target, &fuse, out);
	else if (enter_mount_namespace(out) < 0)
		result = -1;
	else if (rootfs->driver == ROOTFS_OVERLAY && rootfs->lower.count > 0)
		result = mount_overlay(rootfs, target, out);
	else
		result = mount_copy(rootfs, target, out);
	if (result < 0)
		return -1;
	ret->fuse = fuse;
	return 0;
}
