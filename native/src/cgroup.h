/* SPDX-License-Identifier: Apache-2.0 */
/* Cgroup v2: one directory per container. Hybrid and v1 hosts have at most the empty v2 tree. */
#ifndef LIGHTER_CGROUP_H
#define LIGHTER_CGROUP_H

#include <limits.h>
#include <stdbool.h>

#include "fail.h"
#include "spec.h"

/* Where the OCI verbs put the container: *ret_path is an absolute directory made of
 * linux.cgroupsPath (absolute: from the top of the v2 tree; relative: below the caller's own
 * cgroup), or /lighter/ID when only limits or device rules were given. NULL when nothing asks for
 * one. Device rules need one unless a user namespace keeps device nodes from being made. */
int cgroup_locate(const struct spec *spec, const char *id, char **ret_path, struct failure *out);

/* The unescaped mount point of the v2 tree; false when there is none. */
bool cgroup_find_tree(char ret[PATH_MAX]);

/* Makes the directory path and its missing parents, enables the controllers that the settings need,
 * writes the settings and attaches the device rules. *ret_fd is a descriptor of the directory, for
 * CLONE_INTO_CGROUP. On failure nothing made here is left. */
int cgroup_create(const char *path, const struct spec *spec, int *ret_fd, struct failure *out);

/* The leaf of a scope that is for the monitor and its helpers; the container's is beside it. */
#define CGROUP_MONITOR_LEAF "monitor"

/* Makes the caller's own, delegated cgroup one that others can be made in: moves the caller into
 * its leaf `monitor` and enables the delegated controllers for its children. *ret_parent is its
 * absolute directory. */
int cgroup_split_own(char **ret_parent, struct failure *out);

/* Opens an existing cgroup directory; checks that it is one. */
int cgroup_open(const char *path, int *ret_fd, struct failure *out);

/* Kills every process in the cgroup and below. */
int cgroup_kill(int fd, struct failure *out);

/* Stops every process in the cgroup and below, or lets them go on. Returns once all stand still. */
int cgroup_freeze(int fd, bool frozen, struct failure *out);

/* Removes the directory and what is below; waits a bounded time for dying processes. Missing is
 * success. */
int cgroup_delete(const char *path, struct failure *out);

/* A descriptor that has POLLPRI when memory has run out inside since it was read; -1 when the
 * memory controller is not there. */
int cgroup_open_memory_events(int fd);

/* How often the kernel's out-of-memory killer struck inside, as that descriptor tells. */
int cgroup_oom_kills(int events, unsigned long long *ret);

#endif
