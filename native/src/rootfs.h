/* SPDX-License-Identifier: Apache-2.0 */
/* The container's root filesystem: its mounts in the spec's order, devices, what is hidden, and the
 * change of root. Everything is done by descriptor beneath the root, before pivot_root. */
#ifndef LIGHTER_ROOTFS_H
#define LIGHTER_ROOTFS_H

#include <stdbool.h>
#include <stddef.h>

#include "fail.h"
#include "spec.h"

struct rootfs {
	const struct spec *spec;
	const char *bundle_path;
	int proc; /* root of the host's procfs */
	int sync; /* where to ask for sources out of reach; -1 = nowhere */
	bool root_is_procfs;
	bool own_cgroup; /* the process sits in a cgroup of its own, in a new cgroup namespace */
	int bundle;	 /* the bundle, in this mount namespace */
	int root;	 /* the root of the new tree */
	int dev;	 /* /dev of the new tree, -1 = bind-mounted as a whole: left alone */
	int *read_only;	 /* mounts that become read-only when everything in them is made */
	size_t read_only_count;
};

/* Cuts the mount namespace off the host's and attaches the root filesystem as a mount of its own.
 */
int rootfs_open(struct rootfs *rootfs, struct failure *out);

/* Makes the mounts of the spec, in order. */
int rootfs_mount_all(struct rootfs *rootfs, struct failure *out);

/* Devices and links in /dev. */
int rootfs_make_devices(struct rootfs *rootfs, struct failure *out);

/* Masked and read-only paths, and the mounts that had to stay writable until now. */
int rootfs_restrict(struct rootfs *rootfs, struct failure *out);

/* Makes the tree the root directory and drops the host's; the working directory is "/". */
int rootfs_pivot(struct rootfs *rootfs, struct failure *out);

#endif
