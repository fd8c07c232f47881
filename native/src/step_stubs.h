/* SPDX-License-Identifier: Apache-2.0 */
/* What a step's root filesystem gets beside what its command makes. */
#ifndef LIGHTER_STEP_STUBS_H
#define LIGHTER_STEP_STUBS_H

#include "fail.h"
#include "plan.h"
#include "spec.h"

/* Notes which places the mounts will have to be given: {"stubs":["/a","/a/b"]}, each below the one
 * before it, links on the way resolved. A tmpfs whose place is new is
 * open to all, as runc has it; another has the mode of its place. */
int step_stubs_write(
	const struct plan_step *step, struct spec *spec, int root, struct failure *out);

/* A missing working directory is made, with those above it, and belongs to the step's user. */
int step_make_cwd(const struct spec_process *process, int root, struct failure *out);

#endif
