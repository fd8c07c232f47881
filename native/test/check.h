/* SPDX-License-Identifier: Apache-2.0 */
/* What the native program's own tests share: checks that are counted, conditions without which the
 * rest of a test means nothing, and a skip that says why. */
#ifndef LIGHTER_CHECK_H
#define LIGHTER_CHECK_H

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A test ends with `return failures > 0`. */
static int failures __attribute__((unused));

/* Which of several programs a test is at. */
static const char *check_subject;

/* Says what did not hold: the condition, then what the test adds to it. */
static inline void check_failed(const char *file, int line, const char *const *words)
{
	fprintf(stderr, "%s:%d: not true: %s", file, line, *words);
	while (*++words)
		fprintf(stderr, ": %s", *words);
	if (errno != 0)
		fprintf(stderr, " (%s)", strerror(errno));
	if (check_subject)
		fprintf(stderr, " [%s]", check_subject);
	fputc('\n', stderr);
}

/* check(CONDITION[, WORD...]) goes on, must(CONDITION[, WORD...]) does not. */
#define check(condition, ...)                                                                      \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			check_failed(__FILE__, __LINE__,                                           \
				(const char *const[]){#condition, ##__VA_ARGS__, NULL});           \
			failures++;                                                                \
		}                                                                                  \
	} while (0)

#define must(condition, ...)                                                                       \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			check_failed(__FILE__, __LINE__,                                           \
				(const char *const[]){#condition, ##__VA_ARGS__, NULL});           \
			exit(1);                                                                   \
		}                                                                                  \
	} while (0)

/* The exit code of a test that cannot run here. Its last line is what `make check` gives as reason.
 */
static inline int skip(const char *reason)
{
	printf("%s\n", reason);
	return 77;
}

#endif
