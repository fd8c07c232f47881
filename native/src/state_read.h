/* SPDX-License-Identifier: Apache-2.0 */
/* state.json of a container, as others than its monitor read it. */
#ifndef LIGHTER_STATE_READ_H
#define LIGHTER_STATE_READ_H

#include "fail.h"
#include "identity.h"

/* The container's process. Returns 1, 0 when the file says that none runs, -1. Whether it lives is
 * for identity_open to say. */
int state_read_process(const char *container_dir, struct identity *ret, struct failure *out);

#endif
