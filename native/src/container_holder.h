/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor that has a container's lock, found by what the kernel tells of locks: while it starts
 * the container nothing else names it. */
#ifndef LIGHTER_CONTAINER_HOLDER_H
#define LIGHTER_CONTAINER_HOLDER_H

/* Sends SIGKILL to the monitors of the container `id` that hold a flock on its directory. Others
 * that hold one (who reads or writes its files) are left alone. The lock comes free some moments
 * later: what a monitor starts ends with it. */
void container_end_holder(int directory, const char *id);

#endif
