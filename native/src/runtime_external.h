/* SPDX-License-Identifier: Apache-2.0 */
/* Another OCI runtime (`--runtime crun`) in place of launch.h. Its container is reparented to the
 * caller, which must be a child subreaper. */
#ifndef LIGHTER_RUNTIME_EXTERNAL_H
#define LIGHTER_RUNTIME_EXTERNAL_H

#include <stdbool.h>

#include "fail.h"
#include "launch.h"
#include "plan.h"
#include "spec.h"

/* Whether the container is in the cgroup of options->cgroup_fd; else the runtime makes one. */
bool external_inherits_cgroup(const struct plan *plan);

/* Like launch_create: the container's process waits for external_start. The user that was resolved
 * is written into the bundle's config.json. */
int external_create(const struct plan *plan, const struct spec *spec,
	const struct launch_options *options, struct launched *ret, struct failure *out);
int external_start(const struct plan *plan, struct failure *out);

/* Removes what the runtime remembers of the container; kills what is left of it. */
void external_delete(const struct plan *plan);

#endif
