/* SPDX-License-Identifier: Apache-2.0 */
/* What is looked at after each input. */
#ifndef LIGHTER_FUZZ_WATCH_H
#define LIGHTER_FUZZ_WATCH_H

#include <stdbool.h>

#include "bytes.h"

enum trial_kind {
	TRIAL_LAYER,
	TRIAL_SQUASHED, /* with one id only */
	TRIAL_COPY,	/* by copy_main: what `cp` does on the host */
};

/* A line for each object of the world outside the target. Nobody changes a file without a change of
 * its times, so that the contents need not be read each time. */
void watch_record(struct bytes *ret, bool contents);

/* The first line in which two records differ. */
char *watch_compare(const struct bytes *before, const struct bytes *now);

/* Looks at what was made in the target. Returns a line about something that must not be made, or
 * NULL. */
char *watch_target(enum trial_kind kind);

#endif
