/* SPDX-License-Identifier: Apache-2.0 */
/* What the monitor reads from and adds to the mounted root filesystem before the launch. */
#ifndef LIGHTER_MONITOR_ROOTFS_H
#define LIGHTER_MONITOR_ROOTFS_H

#include "fail.h"
#include "plan.h"
#include "spec.h"

/* How far a root filesystem is: rootfs_ahead() has made what it could, all of it, or the container
 * runs once more in the one that is mounted. */
enum rootfs_stage { ROOTFS_BARE, ROOTFS_FURNISHED, ROOTFS_USED };

/* Adds /.dockerenv and /etc/mtab, resolves the user and its home into the spec, fills empty
 * volumes. ROOTFS is where the root filesystem is mounted. In a used one only the spec is new. */
int monitor_prepare_rootfs(const struct plan *plan, const char *rootfs, enum rootfs_stage stage,
	struct spec *spec, struct failure *out);

#endif
