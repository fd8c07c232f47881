/* SPDX-License-Identifier: Apache-2.0 */
/* What every container finds in its root filesystem beside the image, made in its upper directory
 * before fuse-overlayfs shows it: once it does, each name costs several round trips, and a
 * directory three more files. */
#ifndef LIGHTER_ROOTFS_AHEAD_H
#define LIGHTER_ROOTFS_AHEAD_H

#include <stdbool.h>

#include "plan.h"
#include "spec.h"

/* Makes the marks, the places for mounts and the user's names in the upper directory of a container
 * that never ran, as the container's root owns them. Returns whether that is all: where the image
 * has links, attributes or whiteouts in the way, or the container ran before, what is missing is
 * made through the mount. */
bool rootfs_ahead(const struct plan *plan, const struct spec *spec);

#endif
