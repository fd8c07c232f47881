/* SPDX-License-Identifier: Apache-2.0 */
/* The container whose namespaces another one joins (`--network container:X`, `--ipc`, `--pid`). It
 * is known by its id and looked up anew at each start: a pid in the bundle may be another process's
 * by then. */
#ifndef LIGHTER_DONOR_H
#define LIGHTER_DONOR_H

#include "fail.h"
#include "plan.h"
#include "spec.h"

/* Finds the process of plan->donor and points the spec's namespaces at it. *ret is a pidfd of it,
 * -1 where the plan has no donor. */
int donor_open(const struct plan *plan, struct spec *spec, int *ret, struct failure *out);

/* Called once the namespaces are open: a process that still runs was the one they were opened of.
 */
int donor_check(const struct plan *plan, int donor, struct failure *out);

/* A detached copy of what the donor has mounted on PATH. Returns the descriptor or -1. */
int donor_clone_mount(int donor, const char *path, struct failure *out);

#endif
