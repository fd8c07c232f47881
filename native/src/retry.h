/* SPDX-License-Identifier: Apache-2.0 */
/* When to try again what may fail for long, or what dies as soon as it is there: soon at first,
 * then ever later. */
#ifndef LIGHTER_RETRY_H
#define LIGHTER_RETRY_H

#include <stdbool.h>
#include <time.h>

struct retry {
	struct timespec due; /* CLOCK_MONOTONIC */
	unsigned pause_ms;
	bool waiting;
};

/* Something was tried. The next try is to wait: twice as long as the last time, at most `longest`;
 * as short as ever when the last one is long ago. */
void retry_later(struct retry *retry, unsigned longest_ms);

/* Milliseconds until the next try, 0 = now, -1 = none is wanted. */
int retry_left(const struct retry *retry);

/* No try is wanted. */
void retry_stop(struct retry *retry);

#endif
