/* SPDX-License-Identifier: Apache-2.0 */
/* The lock of a container: flock on its directory, so it ends with its holder. A monitor holds it
 * for its whole life; whoever removes a container, or writes to the files of one that does not run,
 * for as long as that takes. */
#ifndef LIGHTER_CONTAINER_LOCK_H
#define LIGHTER_CONTAINER_LOCK_H

#include "fail.h"

/* Takes the lock; waits while somebody who holds it is about to start, to end or to write. Returns
 * the descriptor of the directory, whose closing gives the lock back, or -1: with kind
 * FAILURE_ALREADY when the container runs, or when nobody waits any more at the other end of the
 * socket `client` (-1 = none). */
int container_lock(const char *directory, int client, struct failure *out);

/* The same for who removes a container in any case: a monitor that has the lock and after so many
 * seconds neither lets the container run nor gives it up, because its start hangs, is ended. */
int container_lock_by_force(const char *directory, int patience, struct failure *out);

#endif
