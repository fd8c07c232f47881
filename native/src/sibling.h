/* SPDX-License-Identifier: Apache-2.0 */
/* A process made by a go-between as a sibling of itself, a child of the caller: who joins a pid or
 * time namespace has only its children there.
 *
 * The kernel writes the new process's pid down before that process runs. So nobody has to tell the
 * caller, the process may be the first to speak, and a go-between that dies early hides nothing. */
#ifndef LIGHTER_SIBLING_H
#define LIGHTER_SIBLING_H

#include <sys/types.h>

struct sibling {
	pid_t *pid; /* in memory that caller and go-between share */
};

/* In the caller, before it forks the go-between. Returns 0 or -1 with errno. */
int sibling_prepare(struct sibling *ret);

/* In the go-between, once it has joined: clone3 with these CLONE_NEW… flags. Returns 0 in the new
 * process, its pid, or -1 with errno. The go-between ends next, and waits for nobody before. */
pid_t sibling_clone(const struct sibling *sibling, int flags);

/* In the caller: waits for the end of the go-between (-1 = there was none). Returns the pid of what
 * it has made, to be waited for by the caller, or 0. */
pid_t sibling_take(struct sibling *sibling, pid_t go_between);

#endif
