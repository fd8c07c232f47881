/* SPDX-License-Identifier: Apache-2.0 */
/* Names of a layer's entries, and the directories they are made in. */
#ifndef LIGHTER_LAYER_PATH_H
#define LIGHTER_LAYER_PATH_H

#include <limits.h>

#include "fail.h"

/* A name starting with this is a mark of the layer format, never a file. */
#define WHITEOUT_PREFIX ".wh."

/* Makes "a/b/c" out of "/a//./x/../b/c/"; "" is the root itself. Refused: what leads out of the
 * root, what is too long, and marks in the place of a directory. */
int layer_path_clean(const char *name, char ret[PATH_MAX], struct failure *out);

/* The tree being filled, with the directory of the last entry kept open: entries come in the order
 * of their directories. */
struct layer_tree {
	int root;
	int parent; /* -1 = none */
	char parent_path[PATH_MAX];
};

/* The directory in which the last component of a clean path is to be made, and that component. A
 * symbolic link on the way counts inside the root; what is missing is made. The descriptor
 * (O_PATH) stays the tree's. */
int layer_tree_parent(
	struct layer_tree *tree, const char *path, const char **ret_name, struct failure *out);

/* To be called when a directory or a symbolic link was replaced. */
void layer_tree_forget(struct layer_tree *tree);

#endif
