/* SPDX-License-Identifier: Apache-2.0 */
/* Where the mounts of a root filesystem may go: an image can make any name a link. Only rootfs.c
 * uses this. */
#ifndef LIGHTER_ROOTFS_TARGET_H
#define LIGHTER_ROOTFS_TARGET_H

#include <stdbool.h>

#include "fail.h"
#include "path.h"
#include "rootfs.h"

/* Returns 0 or -1 with errno. */
int rootfs_mount_id(int fd, unsigned long long *ret_mount, unsigned long long *ret_inode);

/* The mount point, made where it is missing. Returns an O_PATH descriptor or -1. */
int rootfs_open_target(const struct rootfs *rootfs, const char *destination, bool directory,
	enum path_links links, struct failure *out);

/* These carry the kernel's own interfaces: an image must not be able to put them elsewhere. */
bool rootfs_must_be_plain(const char *destination);

/* What is written to /proc steers the kernel, and security is decided by what is read there:
 * nothing else may stand in its place. A few files that only report may be replaced, as by lxcfs.
 */
int rootfs_check_proc(const struct rootfs *rootfs, const char *destination, int tree, int target,
	struct failure *out);

bool rootfs_is_procfs(int fd);

#endif
