/* SPDX-License-Identifier: Apache-2.0 */
/* Directories that steps of builds keep between them: DIR/N/data, one of them at a time for who
 * wants it alone. The lock DIR/N/lock lasts as long as the process that has it. */
#ifndef LIGHTER_STEP_CACHE_H
#define LIGHTER_STEP_CACHE_H

#include "fail.h"
#include "plan.h"

/* Finds a copy that may be used, or makes one, and mounts it on the source's place. Waits where the
 * sharing says so, until the other end of client has gone. */
int step_cache_mount(const struct step_source *source, int client, struct failure *out);

#endif
