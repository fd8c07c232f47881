/* SPDX-License-Identifier: Apache-2.0 */
/* Transient scopes of the user's systemd manager (as root: of the system's): they outlive the login
 * session and their cgroup is delegated. Call these in the host's user namespace. */
#ifndef LIGHTER_SYSTEMD_SCOPE_H
#define LIGHTER_SYSTEMD_SCOPE_H

#include "fail.h"

/* Moves the calling process into a new scope `lighter-NAME.scope`; while an ended one of that name
 * is still known, into `lighter-NAME-PID.scope`. slice = where it is put, NULL = the manager's
 * usual place. Returns 0; 1 when no manager answers (no systemd, no user manager: nothing was
 * changed); -1 when it refused. */
int systemd_scope_enter(
	const char *name, const char *description, const char *slice, struct failure *out);

/* Moves the calling process into the leaf `leaf` of the scope that the cgroup (a path in the v2
 * tree, "/….scope/leaf") is in. The kernel does not let an unprivileged process that is in a login
 * session do this itself. Returns as systemd_scope_enter. */
int systemd_scope_join(const char *cgroup, const char *leaf, struct failure *out);

#endif
