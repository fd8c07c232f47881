/* SPDX-License-Identifier: Apache-2.0 */
/* Visiting a tree that a hostile image or container made: by descriptors only, one at a time,
 * however deep it is. */
#ifndef LIGHTER_TREE_WALK_H
#define LIGHTER_TREE_WALK_H

#include <stdbool.h>

enum tree_leave {
	TREE_DONE,
	TREE_AGAIN, /* visit the directory once more */
	TREE_STOP,  /* end the walk */
};

struct tree_visitor {
	void *context;
	bool ordered; /* each directory by the bytes of its names, files and directories together */
	bool marks;   /* a file `.wh.NAME` has the place of NAME in the order */
	/* What is no directory. */
	void (*entry)(void *context, int directory, const char *name);
	/* Opens a directory in `directory` for reading; -1: it is passed over. Never follows links.
	 */
	int (*open)(void *context, int directory, const char *name);
	/* After all that is in directory/name; may be NULL. attempt counts from 1. */
	enum tree_leave (*leave)(void *context, int directory, const char *name, unsigned attempt);
};

/* Visits what is in the directory fd, which is closed. A directory that is moved away while it is
 * visited ends the walk: what is above it cannot be found again. Returns 0, 1 when the walk ended
 * early, or -1 with errno. */
int tree_walk(int fd, const struct tree_visitor *visitor);

#endif
