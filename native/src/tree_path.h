/* SPDX-License-Identifier: Apache-2.0 */
/* The path of where a walk is: as long as the tree is deep. */
#ifndef LIGHTER_TREE_PATH_H
#define LIGHTER_TREE_PATH_H

#include <stddef.h>

struct tree_path {
	char *text;
	size_t length, room;
	size_t *marks; /* lengths before each push */
	size_t depth, capacity;
};

/* Begins with a prefix, which may be empty or end in '/'. Each returns 0, or -1 without memory;
 * after a failed push a pop is still due. */
int tree_path_start(struct tree_path *path, const char *prefix);
int tree_path_push(struct tree_path *path, const char *name);
void tree_path_pop(struct tree_path *path);
void tree_path_clear(struct tree_path *path);

#endif
