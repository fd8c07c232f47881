/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "../src/byte_names.h"
#include "check.h"

static int decodes(const char *text, const char *expected)
{
	char buffer[64];

	strcpy(buffer, text);
	return strcmp(byte_names_decode(buffer), expected) == 0;
}

#define ESCAPE "\xf4\x8f\xbf\xbf"

int main(void)
{
	check(decodes("", ""));
	check(decodes("a/b", "a/b"));
	check(decodes("b" ESCAPE "e4d", "b\xe4"
					"d"));
	check(decodes(ESCAPE "ff" ESCAPE "fe", "\xff\xfe"));
	/* The bytes of the character itself are no more than that. */
	check(decodes(ESCAPE "f4" ESCAPE "8f" ESCAPE "bf" ESCAPE "bf"
			     "e4",
		ESCAPE "e4"));
	/* What stands for no byte stays. */
	check(decodes("x" ESCAPE, "x" ESCAPE));
	check(decodes(ESCAPE "4", ESCAPE "4"));
	check(decodes(ESCAPE "E4", ESCAPE "E4"));
	check(decodes("a" ESCAPE "00b", "a" ESCAPE "00b"));
	return failures > 0;
}
