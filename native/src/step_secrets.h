/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets of a step: they come over a pipe, and are on no disk. */
#ifndef LIGHTER_STEP_SECRETS_H
#define LIGHTER_STEP_SECRETS_H

#include "fail.h"
#include "plan.h"
#include "spec.h"

/* Reads the bytes of every secret, in the plan's order: each after its length (u32, big endian). */
int step_secrets_read(struct plan_step *step, int fd, struct failure *out);

/* Those that are variables become part of the environment. Afterwards this process forgets the
 * bytes of all. */
int step_secrets_export(
	const struct plan_step *step, struct spec_process *process, struct failure *out);

/* Mounts a file system in memory on the secret's place with the file `secret` in it, read-only. */
int step_secret_mount(const struct step_source *source, struct failure *out);

#endif
