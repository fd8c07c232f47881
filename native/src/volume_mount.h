/* SPDX-License-Identifier: Apache-2.0 */
/* File systems of volumes: a tmpfs or an overlay that several containers use at once. Whoever comes
 * first mounts it on the volume's _data in its own mount namespace; whoever comes later clones it
 * from there. It lasts as long as one of them has it: there is nothing to count and to clean up. */
#ifndef LIGHTER_VOLUME_MOUNT_H
#define LIGHTER_VOLUME_MOUNT_H

#include "fail.h"
#include "plan.h"

/* Mounts what plan->file_systems asks for, in the caller's mount namespace. */
int volumes_mount(const struct plan *plan, struct failure *out);

/* Gives up this container's hold on them. */
void volumes_unmount(const struct plan *plan);

#endif
