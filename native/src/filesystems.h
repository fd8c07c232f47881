/* SPDX-License-Identifier: Apache-2.0 */
/* New file systems by type, and what stands in where the kernel refuses one to a user namespace. */
#ifndef LIGHTER_FILESYSTEMS_H
#define LIGHTER_FILESYSTEMS_H

#include "mount.h"
#include "rootfs.h"

/* A detached mount of mount->type. attributes are what the mount itself shall have (options' own,
 * or fewer); target is what it will cover. Returns a descriptor or -1. */
int filesystem_open(const struct rootfs *rootfs, const struct spec_mount *mount,
	const struct mount_options *options, uint64_t attributes, int target, struct failure *out);

#endif
