/* SPDX-License-Identifier: Apache-2.0 */
/* One input is applied, and judged. */
#ifndef LIGHTER_FUZZ_TRIAL_H
#define LIGHTER_FUZZ_TRIAL_H

#include "input.h"
#include "watch.h"
#include "world.h"

enum verdict { TRIAL_APPLIED, TRIAL_REFUSED, TRIAL_FAULT };

struct outcome {
	enum verdict verdict;
	char *text;	/* why not, or what is wrong */
	long memory;	/* KiB at most */
	double seconds; /* of processor time */
};

/* What is run in a process of its own in place of `main`: verb_layer, or a fault on purpose. */
typedef int program_main(int argc, char **argv);

/* Applies the input to a target that is then taken away. Everything that must not happen is the
 * verdict TRIAL_FAULT. */
void trial_run(const struct world *world, const struct input *input, enum trial_kind kind,
	program_main *program, struct outcome *ret);

#endif
