/* SPDX-License-Identifier: Apache-2.0 */
/* A process is known by pid, start time and boot id, never by pid alone. */
#ifndef LIGHTER_IDENTITY_H
#define LIGHTER_IDENTITY_H

#include <stdbool.h>
#include <sys/types.h>

struct identity {
	pid_t pid;
	unsigned long long start_time; /* field 22 of /proc/PID/stat, clock ticks since boot */
	char boot_id[37];
};

/* Reads the identity of a live process; -1 when it is gone. */
int identity_of(pid_t pid, struct identity *ret);

/* Whether that very process still runs (a zombie does not). */
bool identity_alive(const struct identity *identity);

/* A pidfd of that very process, or -1 with errno ESRCH. */
int identity_open(const struct identity *identity);

#endif
