/* SPDX-License-Identifier: Apache-2.0 */
/* What the monitor reads from and adds to the mounted root filesystem before the launch. */
#ifndef LIGHTER_MONITOR_ROOTFS_H
#define LIGHTER_MONITOR_ROOTFS_H

#include "fail.h"
#include "plan.h"
#include "spec.h"

/* Adds /.dockerenv and /etc/mtab, resolves the user and its home into the spec, fills empty
 * volumes. ROOTFS is where the root filesystem is mounted. again: only the spec is new. */
int monitor_prepare_rootfs(const struct plan *plan, const char *rootfs, bool again,
	struct spec *spec, struct failure *out);

#endif
