/* SPDX-License-Identifier: Apache-2.0 */
/* Copying a tree of the image by descriptors, with everything that belongs to its files. */
#ifndef LIGHTER_TREE_COPY_H
#define LIGHTER_TREE_COPY_H

#include "fail.h"

enum tree_kind {
	TREE_PLAIN, /* whiteouts are left out */
	TREE_LAYER, /* what its whiteouts and opaque directories hide is removed from the copy */
};

/* Copies what is below from, and from's own attributes, to the directory to: owners, modes, times,
 * hard links, extended attributes. Directories are merged, everything else replaces what is there.
 * Symbolic links are never followed, mounts not entered, devices and sockets left out. */
int tree_copy(int from, int to, enum tree_kind kind, struct failure *out);

#endif
