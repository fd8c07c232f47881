/* SPDX-License-Identifier: Apache-2.0 */
/* Joining namespaces that exist, by descriptor and in an order that works. */
#ifndef LIGHTER_JOIN_H
#define LIGHTER_JOIN_H

#include <stdbool.h>
#include <stddef.h>

#include "fail.h"

enum { JOIN_MAX = 8 };

struct join_item {
	int flag; /* CLONE_NEW… */
	int fd;
	bool joined;
};

struct join_list {
	struct join_item items[JOIN_MAX];
	size_t count;
};

/* Opens a namespace by path and checks that it is one of that type. */
int join_add(struct join_list *list, int flag, const char *path, struct failure *out);

/* Joins them all: first what the caller's own privileges reach, then the user namespace, then the
 * rest with the privileges that it gives. The mount namespace is the last of each round. The caller
 * becomes non-dumpable first: processes of the namespaces must not look into it. */
int join_all(struct join_list *list, struct failure *out);

void join_clear(struct join_list *list);

#endif
