/* SPDX-License-Identifier: Apache-2.0 */
/* A container that ended, or was removed, while a command was on its way to it. */
#ifndef LIGHTER_GONE_H
#define LIGHTER_GONE_H

#include <stdbool.h>

#include "fail.h"

/* Whether its directory is gone: puts Docker's sentence with the name that the user gave into
 * *failure. name NULL: what went wrong stays the answer. */
bool gone_removed(const char *directory, const char *name, struct failure *failure);

/* Whether it is gone, or does not run any more: the same. */
bool gone_ended(const char *directory, const char *name, struct failure *failure);

/* What is said of it without its id: where the process is a zombie, say, whom the state still calls
 * running. */
#define GONE_NOT_RUNNING "the container is not running"

#endif
