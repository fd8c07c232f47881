/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs_mount.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "rootfs_parts.h"
#include "scope.h"
#include "tree_copy.h"

int rootfs_enter_namespace(struct failure *out)
{
	if (unshare(CLONE_NEWNS) < 0)
		return fail(out, errno, ROOTFS_STEP, "cannot create a mount namespace");
	if (mount(NULL, "/", NULL, MS_REC | MS_SLAVE, NULL) < 0)
		return fail(out, errno, ROOTFS_STEP, "cannot make the mount namespace a slave");
	return 0;
}

static int check_mounted(const char *target, long magic, const char *what, struct failure *out)
{
	struct statfs status;

	if (retry_eintr(statfs(target, &status)) < 0)
		return fail(out, errno, ROOTFS_STEP, "the %s mount on %s does not answer", what,
			target);
	if ((long)status.f_type != magic)
		return fail(out, 0, ROOTFS_STEP, "%s is not an %s mount", target, what);
	return 0;
}

static int copy_layer(const char *layer, int upper, struct failure *out)
{
	auto_close int fd = open(layer, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return fail(out, errno, ROOTFS_STEP, "cannot open %s", layer);
	return tree_copy(fd, upper, TREE_LAYER, out);
}

/* The layers one over the other, once in a container's life. One that was interrupted is done
 * again: each entry replaces what is there. */
static int fill_copy(const struct plan_rootfs *rootfs, struct failure *out)
{
	auto_close int upper = open(rootfs->upper, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	auto_close int work = rootfs_open_directory(rootfs->work, out);

	if (work < 0)
		return -1;
	if (upper < 0)
		return fail(out, errno, ROOTFS_STEP, "cannot open %s", rootfs->upper);
	if (faccessat(work, "filled", F_OK, AT_SYMLINK_NOFOLLOW) == 0)
		return 0;
	for (size_t i = rootfs->lower.count; i > 0; i--)
		if (copy_layer(rootfs->lower.items[i - 1], upper, out) < 0)
			return -1;
	if (mkdirat(work, "filled", 0700) < 0)
		return fail(out, errno, ROOTFS_STEP, "cannot mark the copy as complete");
	return 0;
}

static int mount_copy(const struct plan_rootfs *rootfs, const char *target, struct failure *out)
{
	if (rootfs->driver == ROOTFS_COPY && fill_copy(rootfs, out) < 0)
		return -1;
	if (mount(rootfs->upper, target, NULL, MS_BIND, NULL) < 0)
		return fail(out, errno, ROOTFS_STEP, "cannot bind %s to %s", rootfs->upper, target);
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
		return fail(out, 0, ROOTFS_STEP, "this kernel has no overlay file system");
	if (error == EPERM)
		return fail(out, error, ROOTFS_STEP,
			"this kernel does not mount overlay in a user namespace (Linux 5.11 does)");
	if (error == EINVAL)
		return fail(out, error, ROOTFS_STEP,
			"the kernel refused the overlay of %zu layers (upper directory on a file system "
			"without user extended attributes, or itself an overlay?)",
			lowers);
	return fail(out, error, ROOTFS_STEP, "cannot mount the overlay of %zu layers", lowers);
}

int rootfs_mount_overlay(const struct plan_rootfs *rootfs, const char *target, struct failure *out)
{
	__attribute__((cleanup(rootfs_layers_close))) struct layer_fds layers = {
		.upper = -1, .work = -1};
	auto_free char *names = NULL;
	char options[4096];
	int length, result, error;

	/* Opened after the unshare: the kernel wants layers of the caller's own mount namespace. */
	if (rootfs_layers_open(rootfs, &layers, out) < 0)
		return -1;
	/* Bare numbers, relative to /proc/self/fd, keep 500 layers within mount(2)'s one page. */
	if (rootfs_layers_format(rootfs, &layers, "", NULL, &names) < 0)
		return fail(out, ENOMEM, ROOTFS_STEP, "cannot name the layers");
	length = snprintf(options, sizeof(options), "%s,userxattr,index=off%s", names,
		rootfs->throwaway && !rootfs->read_only ? ",volatile" : "");
	if (length < 0 || (size_t)length >= sizeof(options))
		return fail(out, 0, ROOTFS_STEP, "the image has too many layers (%zu)",
			rootfs->lower.count);
	if (!rootfs->read_only)
		forget_volatile(&layers);

	auto_close int previous = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (chdir("/proc/self/fd") < 0)
		return fail(out, errno, ROOTFS_STEP, "cannot enter /proc/self/fd");
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
			return fail(out, errno, ROOTFS_STEP, "cannot enter /");
	}
	if (result < 0)
		return fail_overlay(out, error, rootfs->lower.count);
	return check_mounted(target, OVERLAYFS_SUPER_MAGIC, "overlay", out);
}

int rootfs_mount(const struct plan_rootfs *rootfs, const char *target, struct rootfs_mount *ret,
	struct failure *out)
{
	pid_t fuse = 0;
	int result;

	/* An image without layers has nothing to overlay. */
	if (rootfs->driver == ROOTFS_FUSE_OVERLAYFS && rootfs->lower.count > 0)
		result = rootfs_mount_fuse(rootfs, target, &fuse, out);
	else if (rootfs_enter_namespace(out) < 0)
		result = -1;
	else if (rootfs->driver == ROOTFS_OVERLAY && rootfs->lower.count > 0)
		result = rootfs_mount_overlay(rootfs, target, out);
	else
		result = mount_copy(rootfs, target, out);
	if (result < 0)
		return -1;
	ret->fuse = fuse;
	return 0;
}
