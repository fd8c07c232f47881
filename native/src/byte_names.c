/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "byte_names.h"

static const char ESCAPE[] = "\xf4\x8f\xbf\xbf";
#define ESCAPE_LENGTH (sizeof(ESCAPE) - 1)

/* -1: it is no digit. */
static int digit(char letter)
{
	if (letter >= '0' && letter <= '9')
		return letter - '0';
	return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
}

/* 0: what is there stands for no byte. */
static int byte_at(const char *text)
{
	int high, low;

	if (strncmp(text, ESCAPE, ESCAPE_LENGTH) != 0)
		return 0;
	high = digit(text[ESCAPE_LENGTH]);
	low = high < 0 ? -1 : digit(text[ESCAPE_LENGTH + 1]);
	return low < 0 ? 0 : high * 16 + low;
}

char *byte_names_decode(char *text)
{
	char *from = strstr(text, ESCAPE), *to = from;

	while (from && *from) {
		int byte = byte_at(from);

		*to++ = byte ? (char)byte : *from;
		from += byte ? ESCAPE_LENGTH + 2 : 1;
	}
	if (to)
		*to = '\0';
	return text;
}
