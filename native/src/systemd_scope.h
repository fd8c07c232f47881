/* SPDX-License-Identifier: Apache-2.0 */
/* A transient scope of the user's systemd manager for a container and its monitor: it outlives the
 * login session and its cgroup is delegated to the user. */
#ifndef LIGHTER_SYSTEMD_SCOPE_H
#define LIGHTER_SYSTEMD_SCOPE_H

#include "fail.h"

/* Moves the calling process into a new scope `lighter-ID.scope` (as root: of the system's manager).
 * Call it in the host's user namespace. Returns 0; 1 when no manager answers (no systemd, no
 * session bus: nothing was changed); -1 when it refused. */
int systemd_scope_enter(const char *id, struct failure *out);

#endif
