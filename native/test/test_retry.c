/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>

#include "retry.h"

int main(void)
{
	static const unsigned pauses[] = {50, 100, 200, 400, 800, 1600, 2000, 2000};
	struct retry retry = {0};

	assert(retry_left(&retry) == -1);
	for (unsigned i = 0; i < sizeof(pauses) / sizeof(*pauses); i++) {
		retry_later(&retry, 2000);
		assert(retry.pause_ms == pauses[i]);
		assert(retry_left(&retry) > 0 && retry_left(&retry) <= (int)pauses[i] + 1);
	}
	retry_stop(&retry);
	assert(retry_left(&retry) == -1);
	/* Stopped is not forgotten, but for ten calm seconds. */
	retry_later(&retry, 30000);
	assert(retry.pause_ms == 4000);
	retry.due.tv_sec -= 5;
	assert(retry_left(&retry) == 0);
	retry.due.tv_sec -= 20;
	retry_later(&retry, 30000);
	assert(retry.pause_ms == 50);
	return 0;
}
