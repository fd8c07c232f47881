/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that remove a large tree together: where the disk is told of each freed block (the
 * mount option `discard`), and on network file systems, one unlink waits for the device while the
 * others go on. */
#ifndef LIGHTER_REMOVE_CREW_H
#define LIGHTER_REMOVE_CREW_H

#include <stddef.h>
#include <sys/types.h>

#include "tree_walk.h"

/* Besides the caller. More gained nothing. */
enum { CREW_SIZE = 7 };

struct crew {
	int parent;
	const char *name; /* of the tree, in the directory `parent` */
	/* Opens a directory to empty it. */
	int (*open)(int parent, const char *name);
	size_t removed; /* by the caller */
	pid_t members[CREW_SIZE];
	size_t count;
};

/* The caller has removed one more entry. At a number that only large trees have, the crew begins:
 * each member removes its share of the names, in all directories, and no directory. What they
 * leave, for whatever reason, is the caller's. */
void crew_count(struct crew *crew);

/* To be called when the tree is gone, or will not go. */
void crew_dismiss(struct crew *crew);

#endif
