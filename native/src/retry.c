/* SPDX-License-Identifier: Apache-2.0 */
#include "retry.h"

enum { FIRST_MS = 50, FORGOTTEN_MS = 10000 };

/* How far `due` is ahead; less than 0 when it is past. */
static long long ahead_ms(const struct retry *retry)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (retry->due.tv_sec - now.tv_sec) * 1000LL +
	       (retry->due.tv_nsec - now.tv_nsec) / 1000000;
}

void retry_later(struct retry *retry, unsigned longest_ms)
{
	unsigned pause = retry->pause_ms * 2;

	if (pause == 0 || ahead_ms(retry) < -FORGOTTEN_MS)
		pause = FIRST_MS;
	retry->pause_ms = pause < longest_ms ? pause : longest_ms;
	clock_gettime(CLOCK_MONOTONIC, &retry->due);
	retry->due.tv_sec += retry->pause_ms / 1000;
	retry->due.tv_nsec += retry->pause_ms % 1000 * 1000000L;
	if (retry->due.tv_nsec >= 1000000000L) {
		retry->due.tv_sec++;
		retry->due.tv_nsec -= 1000000000L;
	}
	retry->waiting = true;
}

int retry_left(const struct retry *retry)
{
	long long left = ahead_ms(retry);

	if (!retry->waiting)
		return -1;
	return left < 0 ? 0 : (int)left + 1;
}

void retry_stop(struct retry *retry)
{
	retry->waiting = false;
}
