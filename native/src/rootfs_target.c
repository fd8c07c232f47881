/* SPDX-License-Identifier: Apache-2.0 */
#include "rootfs_target.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "scope.h"

int rootfs_mount_id(int fd, unsigned long long *ret_mount, unsigned long long *ret_inode)
{
	struct statx status;

	/* Neither changes: a FUSE server need not be asked. */
	if (statx(fd, "", AT_EMPTY_PATH | AT_STATX_DONT_SYNC, STATX_MNT_ID | STATX_INO, &status) <
		0)
		return -1;
	*ret_mount = status.stx_mnt_id;
	*ret_inode = status.stx_ino;
	return 0;
}

static bool is_same(int fd, int other)
{
	unsigned long long mount, inode, other_mount, other_inode;

	return other >= 0 && rootfs_mount_id(fd, &mount, &inode) == 0 &&
	       rootfs_mount_id(other, &other_mount, &other_inode) == 0 && mount == other_mount &&
	       inode == other_inode;
}

/* What lies on the root's own mount is as little the kernel's as the root is. To ask for the type
 * of each place costs a round trip to a FUSE server. */
static bool is_on_root(const struct rootfs *rootfs, int fd)
{
	unsigned long long mount, inode, root_mount;

	return !rootfs->root_is_procfs && rootfs_mount_id(fd, &mount, &inode) == 0 &&
	       rootfs_mount_id(rootfs->root, &root_mount, &inode) == 0 && mount == root_mount;
}

/* The root itself, /dev, and what the kernel shows of itself. */
static bool is_essential(const struct rootfs *rootfs, int target)
{
	struct statfs type;

	if (is_same(target, rootfs->root) || is_same(target, rootfs->dev))
		return true;
	if (is_on_root(rootfs, target))
		return false;
	return fstatfs(target, &type) == 0 &&
	       (type.f_type == PROC_SUPER_MAGIC || type.f_type == SYSFS_MAGIC ||
		       type.f_type == CGROUP2_SUPER_MAGIC || type.f_type == DEVPTS_SUPER_MAGIC);
}

/* An image can make any name a link: only a mount that names such a place itself may cover it. */
static bool is_led_astray(const struct rootfs *rootfs, const char *destination, int target)
{
	auto_close int named = -1;

	if (!is_essential(rootfs, target))
		return false;
	named = path_open(rootfs->root, destination, O_PATH, PATH_NO_LINKS);
	return named < 0 || !is_same(named, target);
}

int rootfs_open_target(const struct rootfs *rootfs, const char *destination, bool directory,
	enum path_links links, struct failure *out)
{
	auto_close int target = directory ? path_make_directory(rootfs->root, destination, links)
					  : path_make_file(rootfs->root, destination, links);

	if (target < 0 && errno == ELOOP && links == PATH_NO_LINKS)
		return fail(out, 0, "mount", "%s in the image is or contains a symbolic link",
			destination);
	/* A file over a directory, or below a file: Docker's question. */
	if (target < 0 && (errno == EISDIR || errno == ENOTDIR))
		return fail(out, 0, "mount",
			"error mounting to rootfs at \"%s\": not a directory: unknown: Are you "
			"trying to mount a directory onto a file (or vice-versa)? Check if the "
			"specified host path exists and is the expected type",
			destination);
	if (target < 0)
		return fail(out, errno, "mount", "cannot make the mount point %s", destination);
	if (is_led_astray(rootfs, destination, target))
		return fail(out, 0, "mount",
			"%s leads through a symbolic link of the image to a place that must stay "
			"as it is",
			destination);
	return take_fd(&target);
}

bool rootfs_must_be_plain(const char *destination)
{
	static const char *const plain[] = {"/dev", "/proc", "/sys"};

	for (size_t i = 0; i < array_size(plain); i++) {
		size_t length = strlen(plain[i]);

		if (strncmp(destination, plain[i], length) == 0 &&
			(destination[length] == '/' || destination[length] == '\0'))
			return true;
	}
	return false;
}

bool rootfs_is_procfs(int fd)
{
	struct statfs type;

	return fstatfs(fd, &type) == 0 && type.f_type == PROC_SUPER_MAGIC;
}

int rootfs_check_proc(const struct rootfs *rootfs, const char *destination, int tree, int target,
	struct failure *out)
{
	static const char *const replaceable[] = {"/proc/cpuinfo", "/proc/diskstats",
		"/proc/meminfo", "/proc/stat", "/proc/swaps", "/proc/uptime", "/proc/loadavg",
		"/proc/slabinfo", "/proc/net/dev", "/proc/sys/kernel/ns_last_pid"};

	if (strcmp(destination, "/proc") == 0) {
		if (rootfs_is_procfs(tree))
			return 0;
		return fail_kind(out, FAILURE_UNSUPPORTED, 0, "mount",
			"\"/proc\" cannot be mounted because it is not of type proc");
	}
	if (is_on_root(rootfs, target) || !rootfs_is_procfs(target))
		return 0;
	for (size_t i = 0; i < array_size(replaceable); i++)
		if (strcmp(destination, replaceable[i]) == 0)
			return 0;
	return fail_kind(out, FAILURE_UNSUPPORTED, 0, "mount",
		"\"%s\" cannot be mounted because it is inside /proc", destination);
}
