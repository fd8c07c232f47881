/* SPDX-License-Identifier: Apache-2.0 */
/* What a container has started and what neither the end of a pid namespace nor a cgroup ends with
 * it: it shares its processes with the host or with another container, and has no cgroup. They are
 * known by the namespaces that nobody else is in. */
#ifndef LIGHTER_STRAGGLERS_H
#define LIGHTER_STRAGGLERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "spec.h"

enum { STRAGGLERS_NAMESPACES = 2 };

struct own_namespace {
	const char *name; /* in /proc/PID/ns */
	dev_t device;
	ino_t inode;
};

/* Zeros = it has none. */
struct stragglers {
	struct own_namespace known[STRAGGLERS_NAMESPACES];
	size_t count;
};

/* Whether a container can have any; cgroup: its own, -1 = none. */
bool stragglers_possible(const struct spec *spec, int cgroup);

/* For the container's process, into which nobody may look yet: sends its namespaces, a
 * SYNC_NAMESPACE each. proc: descriptor of /proc. Returns 0 or -1 with errno. */
int stragglers_tell(const struct spec *spec, int proc, int socket);

/* Takes up what came with such a message; fd stays the caller's. */
void stragglers_know(struct stragglers *stragglers, int32_t flag, int fd);

/* For the process of another runtime, which tells nothing: looks at it once it runs. */
void stragglers_look(struct stragglers *ret, const struct spec *spec, pid_t pid);

/* Kills them all, and those that they start meanwhile; returns once they are dead, or do not die.
 * The container's first process must be dead. */
void stragglers_end(const struct stragglers *stragglers);

#endif
