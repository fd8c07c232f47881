/* SPDX-License-Identifier: Apache-2.0 */
/* What the mounts of a root filesystem share; only rootfs_*.c use this. */
#ifndef LIGHTER_ROOTFS_PARTS_H
#define LIGHTER_ROOTFS_PARTS_H

#include <stddef.h>
#include <sys/types.h>

#include "fail.h"
#include "plan.h"

#define ROOTFS_STEP "root filesystem"

/* The directories of one root filesystem as descriptors: a path may hold ':' or ',', which separate
 * options, and a hundred of them would not fit into the one page mount(2) takes. */
struct layer_fds {
	int *lower;
	size_t count;
	int upper, work;
};

int rootfs_layers_open(
	const struct plan_rootfs *rootfs, struct layer_fds *ret, struct failure *out);
void rootfs_layers_close(struct layer_fds *layers);

/* Writes "lowerdir=…,upperdir=…,workdir=…" with each directory as PREFIX and its descriptor, or the
 * two of the container below place, and how owners are shown. Read-only nothing is written, and
 * whoever else has it mounted is not disturbed. */
int rootfs_layers_format(const struct plan_rootfs *rootfs, const struct layer_fds *layers,
	const char *prefix, const char *place, char **ret);

/* An O_PATH descriptor, or -1. */
int rootfs_open_directory(const char *path, struct failure *out);

/* A mount namespace that the host's mounts reach, and whose own do not reach the host. */
int rootfs_enter_namespace(struct failure *out);

/* A fuse-overlayfs that waits for its mount. */
struct fuse_waiting {
	pid_t program;
	int device, gate, errors;
};

/* The two halves of rootfs_mount_fuse, around the entering of a mount namespace. begin leaves
 * nothing behind when it fails; finish ends the program then. */
int rootfs_fuse_begin(
	const struct plan_rootfs *rootfs, struct fuse_waiting *ret, struct failure *out);
int rootfs_fuse_finish(const struct plan_rootfs *rootfs, struct fuse_waiting *waiting,
	const char *target, struct failure *out);

/* Mounts the overlay on TARGET in the caller's mount namespace. */
int rootfs_mount_overlay(const struct plan_rootfs *rootfs, const char *target, struct failure *out);

/* The program is forked before the mount namespace is made and handed an already mounted device:
 * living outside, it does not keep the namespace alive and ends when the kernel drops the mount. */
int rootfs_mount_fuse(
	const struct plan_rootfs *rootfs, const char *target, pid_t *ret, struct failure *out);

#endif
