/* SPDX-License-Identifier: Apache-2.0 */
#include "mode_change.h"

#include <ctype.h>
#include <string.h>
#include <sys/stat.h>

static bool read_octal(const char *text, mode_t *ret)
{
	mode_t mode = 0;

	for (const char *at = text; *at; at++) {
		if (*at < '0' || *at > '7' || at - text > 5)
			return false;
		mode = mode * 8 + (mode_t)(*at - '0');
	}
	*ret = mode;
	return *text && mode <= 07777;
}

static mode_t who_of(const char **text)
{
	mode_t who = 0;

	for (;; (*text)++) {
		switch (**text) {
		case 'u':
			who |= S_ISUID | S_IRWXU;
			break;
		case 'g':
			who |= S_ISGID | S_IRWXG;
			break;
		case 'o':
			who |= S_ISVTX | S_IRWXO;
			break;
		case 'a':
			who |= 07777;
			break;
		default:
			return who ? who : 07777;
		}
	}
}

/* The bits of one class, for all of them. */
static mode_t spread(mode_t bits)
{
	return bits | bits << 3 | bits << 6;
}

/* The bits that a letter stands for, in all classes; false: it is none. */
static bool bits_of(char letter, mode_t mode, mode_t *ret)
{
	bool executable = S_ISDIR(mode) || (mode & 0111);

	switch (letter) {
	case 'r':
		*ret = 0444;
		return true;
	case 'w':
		*ret = 0222;
		return true;
	case 'x':
		*ret = 0111;
		return true;
	case 'X':
		*ret = executable ? 0111 : 0;
		return true;
	case 's':
		*ret = S_ISUID | S_ISGID;
		return true;
	case 't':
		*ret = S_ISVTX;
		return true;
	case 'u':
		*ret = spread((mode >> 6) & 7);
		return true;
	case 'g':
		*ret = spread((mode >> 3) & 7);
		return true;
	case 'o':
		*ret = spread(mode & 7);
		return true;
	default:
		return false;
	}
}

/* One clause, as far as it goes: who, then an operator with its letters, perhaps several. */
static bool apply_clause(const char **text, mode_t *mode)
{
	mode_t who = who_of(text);

	if (!**text || !strchr("+-=", **text))
		return false;
	while (**text && strchr("+-=", **text)) {
		char sign = *(*text)++;
		mode_t bits, all = 0;

		while (bits_of(**text, *mode, &bits)) {
			all |= bits;
			(*text)++;
		}
		all &= who;
		if (sign == '+')
			*mode |= all;
		else if (sign == '-')
			*mode &= ~all;
		else
			*mode = (*mode & ~(who & (S_ISDIR(*mode) ? 0777 : 07777))) | all;
	}
	return true;
}

static bool apply(const char *text, mode_t *mode)
{
	mode_t octal;

	if (read_octal(text, &octal)) {
		*mode = (*mode & S_IFMT) | octal;
		return true;
	}
	for (;;) {
		if (!apply_clause(&text, mode))
			return false;
		if (!*text)
			return true;
		if (*text++ != ',')
			return false;
	}
}

bool mode_change_is_valid(const char *text)
{
	mode_t mode = S_IFREG;

	return apply(text, &mode);
}

mode_t mode_change_apply(const char *text, mode_t mode)
{
	apply(text, &mode);
	return mode & 07777;
}
