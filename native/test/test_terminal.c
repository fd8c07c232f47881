/* SPDX-License-Identifier: Apache-2.0 */
#include <assert.h>
#include <string.h>

#include "terminal.h"

static void feed(struct detach_keys *keys, const char *input, const char *wanted, bool detaches)
{
	unsigned char output[64 + DETACH_KEYS_MAX];
	size_t length = 0;

	assert(detach_keys_filter(keys, (const unsigned char *)input, strlen(input), output,
		       &length) == detaches);
	assert(length == strlen(wanted) && memcmp(output, wanted, length) == 0);
}

int main(void)
{
	struct detach_keys keys;
	struct failure failure;

	assert(detach_keys_parse(NULL, &keys, &failure) == 0);
	feed(&keys, "ab\x10", "ab", false);
	feed(&keys, "c",
		"\x10"
		"c",
		false);
	feed(&keys, "\x10\x10", "\x10", false);
	feed(&keys, "\x11rest", "", true);
	assert(detach_keys_parse("a,a,b", &keys, &failure) == 0);
	feed(&keys, "aaab", "a", true);
	assert(detach_keys_parse("", &keys, &failure) == 0);
	feed(&keys, "\x10\x11", "\x10\x11", false);
	assert(detach_keys_parse("ctrl-@,ctrl-_,x", &keys, &failure) == 0 && keys.keys[1] == 31);
	assert(detach_keys_parse("ctrl-", &keys, &failure) < 0);
	assert(detach_keys_parse("a,", &keys, &failure) < 0);
	assert(detach_keys_parse("ctrl-A", &keys, &failure) < 0);
	return 0;
}
