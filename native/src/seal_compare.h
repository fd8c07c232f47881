/* SPDX-License-Identifier: Apache-2.0 */
/* Whether an object of an upper directory says something that the layers below do not. */
#ifndef LIGHTER_SEAL_COMPARE_H
#define LIGHTER_SEAL_COMPARE_H

#include "pack.h"

/* One side of a comparison. */
struct compared {
	int directory;
	const char *name;
	const struct packed *packed;
};

/* As BuildKit compares what an overlay copied up: type, mode, owner, attributes; of what is no
 * directory also size and time, and the content where one of the times may have been cut to whole
 * seconds. Returns 1 when both are the same, 0, or -1 with errno. */
int seal_compare(const struct compared *one, const struct compared *other);

/* What can be told without opening anything. */
int seal_may_be_same(const struct stat *one, const struct stat *other);

#endif
