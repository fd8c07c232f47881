/* SPDX-License-Identifier: Apache-2.0 */
/* Mounting a container's root filesystem from layers, before any OCI runtime sees it. */
#ifndef LIGHTER_ROOTFS_MOUNT_H
#define LIGHTER_ROOTFS_MOUNT_H

#include <sys/types.h>

#include "fail.h"
#include "plan.h"

struct rootfs_mount {
	pid_t fuse; /* fuse-overlayfs, or 0; ends by itself when the last mount namespace with it is
		       gone */
};

/* Moves the caller (in the shared user namespace) into a mount namespace of its own, a slave of the
 * host's, and mounts the layers on TARGET there. The mount vanishes with the namespace. */
int rootfs_mount(const struct plan_rootfs *rootfs, const char *target, struct rootfs_mount *ret,
	struct failure *out);

#endif
