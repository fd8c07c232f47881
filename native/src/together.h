/* SPDX-License-Identifier: Apache-2.0 */
/* Who asks fuse-overlayfs hears from it sooner on the same processor: waking another one takes
 * longer than most answers. While a root filesystem is made ready, a hundred questions, those who
 * ask and the one who answers stay on one. */
#ifndef LIGHTER_TOGETHER_H
#define LIGHTER_TOGETHER_H

#include <sched.h>
#include <stdbool.h>
#include <sys/types.h>

struct together {
	bool kept;
	cpu_set_t before;
};

/* From now on the caller, and whoever it forks, stays on this processor. Best effort. */
void together_begin(struct together *ret);

/* The caller (0), or all threads of a process that it forked meanwhile, may run where the caller
 * could before. */
void together_release(const struct together *together, pid_t pid);

#endif
